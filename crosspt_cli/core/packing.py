"""Rows of different lengths as one packed run of tokens, and the small padded grids that attention needs.

A matrix product over packed tokens spends nothing on padding. Attention needs rows of equal length: rows are sorted
by length and cut into groups, each padded to its own longest row only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

HIDDEN_KEY = -1e4  # added to an attention score; finite, so that no row turns into NaN
CPU_GROUP = 8  # rows padded together; a GPU takes all at once, because there launches cost more than padding
CACHED_SCORES = 130_000
"""Attention scores of a head, over a group's rows: those of a dozen heads are 6 MB in float32. Of more, attention waits
for memory."""
READING_GROUP = 16  # the same without gradients: many rows are read, and sorted their lengths hardly differ


@dataclass(frozen=True)
class Group:
    """Consecutive rows of a layout on one padded grid of r rows × `longest` positions.

    `rows`, `tokens`: slices of the layout's rows and packed tokens · `cell` [m] int64: where each packed token
    stands in the flattened grid · `key_mask` [r, 1, 1, longest] float32: 0 on tokens, very low on padding ·
    `is_full`: all rows are of one length, so that packed tokens are the grid.
    """

    rows: slice
    tokens: slice
    longest: int
    cell: Tensor
    key_mask: Tensor
    is_full: bool


@dataclass(frozen=True)
class Layout:
    """How R prompted rows are packed: row by row, shortest row first, prompt before text.

    `order` [R] int64: which row stands at each place · `source` [n] int64: for each packed token, its index in
    [all rows' prompt tokens, then all rows' text tokens] · `groups`: the grids for attention.
    """

    order: Tensor
    source: Tensor
    groups: tuple[Group, ...]

    def pack(self, prompt_tokens: Tensor, text_tokens: Tensor) -> Tensor:
        """Return packed tokens [n, D] from all rows' prompt tokens [R·P, D] and text tokens [.., D]."""
        return _Reorder.apply(torch.cat([prompt_tokens, text_tokens]), self.source)

    def prompt_places(self, tokens: int) -> Tensor:
        """Return where the rows' prompt tokens stand among the packed ones, [R·P] int64, in the callers' order.

        Args:
            tokens: R·P, how many prompt tokens all rows have.
        """
        return self.source.argsort()[:tokens]

    def unpack(self, text_tokens: Tensor) -> Tensor:
        """Return values [n, ..] in the order of the texts' tokens from packed ones, for rows without a prompt."""
        return _Reorder.apply(text_tokens, self.source.argsort())

    def unsort(self, rows: Tensor) -> Tensor:
        """Return values [R, ..] in the callers' order from values in this layout's order."""
        return rows[self.order.argsort()]


class _Reorder(torch.autograd.Function):
    """Rows in another order; the gradient is the reverse copy, where autograd would accumulate."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, source: Tensor) -> Tensor:
        ctx.save_for_backward(source)
        return rows.index_select(0, source)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (source,) = ctx.saved_tensors
        return torch.empty_like(grad).index_copy_(0, source, grad), None


def prompted_layout(lengths: Tensor, prompt_tokens: int) -> Layout:
    """Return the layout of rows that begin with `prompt_tokens` prompt tokens, followed by their text.

    Args:
        lengths: text tokens per row, [R] int64.
        prompt_tokens: P; 0 gives the layout of the bare texts.
    """
    device, count = lengths.device, len(lengths)
    order = lengths.argsort(stable=True)
    full = lengths[order] + prompt_tokens  # [R], tokens per row in layout order
    row, position = token_positions(full)
    text_start = count * prompt_tokens + lengths.cumsum(0) - lengths  # [R], callers' order
    from_prompt = order[row] * prompt_tokens + position
    from_text = text_start[order[row]] + position - prompt_tokens
    source = torch.where(position < prompt_tokens, from_prompt, from_text)
    starts = [0, *full.cumsum(0).tolist()]
    on_cpu = CPU_GROUP if torch.is_grad_enabled() else READING_GROUP
    parts = _parts(full.tolist(), on_cpu) if device.type == "cpu" else [slice(0, count)]
    return Layout(order, source, tuple(_group(rows, starts, full, position) for rows in parts))


def _parts(lengths: Sequence[int], most: int) -> list[slice]:
    """Return consecutive groups of at most `most` rows, and of so few that their attention scores stay in a cache.

    Args:
        lengths: tokens of each row, ascending.
        most: rows of a group.
    """
    parts, first = [], 0
    for place, length in enumerate(lengths):
        rows = place + 1 - first
        if rows > 1 and (rows > most or rows * length**2 > CACHED_SCORES):
            parts.append(slice(first, place))
            first = place
    return [*parts, slice(first, len(lengths))] if lengths else []


def token_positions(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return (row [n], position in its row [n]) of every token of rows with these lengths [R], packed row by row."""
    row = torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)
    start = lengths.cumsum(0) - lengths
    return row, torch.arange(len(row), device=lengths.device) - start[row]


def _group(rows: slice, starts: list[int], lengths: Tensor, position: Tensor) -> Group:
    tokens = slice(starts[rows.start], starts[rows.stop])
    own = lengths[rows]
    longest = int(own[-1])
    at = torch.arange(len(own), device=own.device)
    cell = torch.repeat_interleave(at * longest, own) + position[tokens]
    key_mask = torch.where(torch.arange(longest, device=own.device) < own[:, None], 0.0, HIDDEN_KEY)
    return Group(rows, tokens, longest, cell, key_mask[:, None, None, :], len(cell) == len(own) * longest)
