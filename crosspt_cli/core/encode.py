"""Texts as token ids, ready to be sampled in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class EncodedTexts:
    """Many texts, packed: token ids `tokens` [n] int64, `lengths` [rows] int64, `starts` [rows] int64.

    Texts that were read up to an encoder layer carry their residual stream there: `stream` [n, H], and `layer`, the
    number of layers they went through. A prompt enters before the layer that comes next. Texts that were read to the
    end, too, carry their `vectors` [rows, H] float32, the mean encoder output of each without a prompt.
    """

    tokens: Tensor
    lengths: Tensor
    starts: Tensor
    stream: Tensor | None = None
    layer: int = 0
    vectors: Tensor | None = None

    @property
    def read_stream(self) -> Tensor:
        """The `stream` of texts that were read up to a layer.

        Raises:
            ValueError: these were not.
        """
        if self.stream is None:
            raise ValueError("these texts were not read to any layer, and have no stream")
        return self.stream

    @property
    def read_vectors(self) -> Tensor:
        """The `vectors` of texts that were read to the end.

        Raises:
            ValueError: these were not.
        """
        if self.vectors is None:
            raise ValueError("these texts were not read to the end, and have no vectors")
        return self.vectors

    def __len__(self) -> int:
        return len(self.lengths)

    def places(self, rows: Tensor) -> Tensor:
        """Return where in `tokens` those of the texts `rows` [R] int64 stand, [m] int64, text after text."""
        lengths = self.lengths[rows]
        row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), lengths)
        starts = lengths.cumsum(0) - lengths
        offset = torch.arange(len(row), device=rows.device) - starts[row]
        return self.starts[rows][row] + offset

    def take(self, rows: Tensor) -> EncodedTexts:
        """Return the texts `rows` [R] int64, in that order; a row may be taken more than once."""
        lengths, index = self.lengths[rows], self.places(rows)
        starts = lengths.cumsum(0) - lengths
        stream = None if self.stream is None else self.stream[index]
        vectors = None if self.vectors is None else self.vectors[rows]
        return EncodedTexts(self.tokens[index], lengths, starts, stream, self.layer, vectors)


def encode_texts(token_ids: Sequence[Sequence[int]], device: torch.device) -> EncodedTexts:
    """Return token ids as packed tensors on `device`.

    Args:
        token_ids: one sequence of ids per text, end-of-sequence token included; none may be empty.
    """
    lengths = torch.tensor([len(ids) for ids in token_ids], dtype=torch.int64)
    tokens = torch.tensor([token for ids in token_ids for token in ids], dtype=torch.int64)
    return EncodedTexts(tokens.to(device), lengths.to(device), (lengths.cumsum(0) - lengths).to(device))
