"""Read rows with the frozen model: what prompts answer, and what texts are without one. Nothing here is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.cores import on_all_cores
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree
from crosspt_cli.core.packing import token_positions
from crosspt_cli.foundation.freed import give_back

MANY_PASSES = 16  # after so many, what they leave behind is worth giving back
SCORING_PASS = 6  # times as many tokens fit a pass when nothing is kept for gradients


@dataclass(frozen=True)
class Answered:
    """What rows are answered under their prompts, as arrays.

    `nats` [R, C] label words' log-likelihoods · `vectors` [R, H] mean encoder outputs of the texts behind the prompt ·
    `plain` [R, H] the same without a prompt; all float32.
    """

    nats: np.ndarray
    vectors: np.ndarray
    plain: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Answered]) -> Answered:
        """Return one or more parts as one, in their order."""
        return cls(*(np.concatenate([getattr(each, name) for each in parts]) for name in ("nats", "vectors", "plain")))

    def take(self, rows: np.ndarray) -> Answered:
        """Return some of the rows: their numbers, or whether each is wanted, [R] bool."""
        return Answered(self.nats[rows], self.vectors[rows], self.plain[rows])

    def averaged(self, sizes: Sequence[int]) -> Answered:
        """Return the mean of each of consecutive parts of these sizes, as one row of it."""
        if all(size == 1 for size in sizes):
            return self
        starts, counts = np.cumsum([0, *sizes[:-1]]), np.array(sizes, np.float32)[:, None]
        return Answered(*(np.add.reduceat(each, starts) / counts for each in (self.nats, self.vectors, self.plain)))

    def split(self, sizes: Sequence[int]) -> list[Answered]:
        """Return consecutive parts of these sizes."""
        ends = np.cumsum(sizes)[:-1]
        parts = (np.split(each, ends) for each in (self.nats, self.vectors, self.plain))
        return [Answered(*part) for part in zip(*parts, strict=True)]


@torch.no_grad()
def answer_rows(
    backbone: Backbone,
    prompts: Tensor,
    row_prompt: Tensor,
    texts: EncodedTexts,
    rows: Tensor,
    tree: DeviceTree,
    tokens_at_once: int,
) -> Answered:
    """Return what `score_rows` returns, and each row's vectors with and without its prompt.

    The arguments are the same, but `texts` have been read by `read_alone`.
    """
    device = backbone.device
    row_prompt, rows = row_prompt.to(device), rows.to(device)
    nats = torch.empty(len(rows), len(tree.path_node), device=device)
    vectors = torch.empty(len(rows), backbone.width, device=device)

    def answer(at: Tensor) -> None:
        found = backbone.answers(prompts, row_prompt[at], texts.take(rows[at]), tree)
        nats[at], vectors[at] = found.nats, found.vectors

    _in_passes(backbone, texts.lengths[rows] + prompts.shape[-2], tokens_at_once, answer)
    return Answered(nats.cpu().numpy(), vectors.cpu().numpy(), texts.read_vectors[rows].cpu().numpy())


@torch.no_grad()
def read_vectors(
    backbone: Backbone, prompts: Tensor, row_prompt: Tensor, texts: EncodedTexts, rows: Tensor, tokens_at_once: int
) -> np.ndarray:
    """Return each row's vector under its prompt, [R, H] float32; the arguments are those of `score_rows`."""
    device = backbone.device
    row_prompt, rows = row_prompt.to(device), rows.to(device)
    vectors = torch.empty(len(rows), backbone.width, device=device)

    def read(at: Tensor) -> None:
        vectors[at] = backbone.vectors(prompts, row_prompt[at], texts.take(rows[at]))

    _in_passes(backbone, texts.lengths[rows] + prompts.shape[-2], tokens_at_once, read)
    return vectors.cpu().numpy()


@torch.no_grad()
def score_rows(
    backbone: Backbone,
    prompts: Tensor,
    row_prompt: Tensor,
    texts: EncodedTexts,
    rows: Tensor,
    tree: DeviceTree,
    tokens_at_once: int,
) -> np.ndarray:
    """Return class log-likelihoods [R, C] float32 of rows under prompts, in passes of bounded size.

    Rows of similar length go together, so that the attention grid holds little padding, and the longest come first,
    so that a pass whose memory is measured is the costliest. The order of the answer is the order of `rows`.

    Args:
        backbone: the frozen T5.
        prompts: [T, P, H], or [T, D, P, H] for D layers.
        row_prompt: [R] int64, the prompt before each row.
        texts: all texts.
        rows: [R] int64, indices into `texts`.
        tree: the label words.
        tokens_at_once: how many tokens are worth a pass with gradients; one without holds more.
    """
    device = backbone.device
    row_prompt, rows = row_prompt.to(device), rows.to(device)
    nats = torch.empty(len(rows), len(tree.path_node), device=device)

    def score(at: Tensor) -> None:
        nats[at] = backbone.class_nats(prompts, row_prompt[at], texts.take(rows[at]), tree)

    _in_passes(backbone, texts.lengths[rows] + prompts.shape[-2], tokens_at_once, score)
    return nats.cpu().numpy()


def read_alone(backbone: Backbone, texts: EncodedTexts, layer: int, tokens_at_once: int) -> EncodedTexts:
    """Return texts with all that can be known of them before any prompt: see `read_to_layer` and `sentence_vectors`."""
    read = read_to_layer(backbone, texts, layer, tokens_at_once)
    return replace(read, vectors=torch.as_tensor(sentence_vectors(backbone, read, tokens_at_once)).to(backbone.device))


@torch.no_grad()
def read_to_layer(backbone: Backbone, texts: EncodedTexts, layer: int, tokens_at_once: int) -> EncodedTexts:
    """Return texts read through the first `layer` encoder layers, in passes of bounded size; 0 leaves them as they are.

    What a prompt that enters later does not touch is computed once per row, for a whole search.
    """
    if layer == 0:
        return texts
    stream = torch.empty(len(texts.tokens), backbone.width, dtype=backbone.t5.dtype, device=backbone.device)

    def read(rows: Tensor) -> None:
        part = backbone.read_to(texts.take(rows), layer)
        row, position = token_positions(part.lengths)
        stream[texts.starts[rows][row] + position] = part.read_stream

    _in_passes(backbone, texts.lengths, tokens_at_once, read)
    return replace(texts, stream=stream, layer=layer)


@torch.no_grad()
def sentence_vectors(backbone: Backbone, texts: EncodedTexts, tokens_at_once: int) -> np.ndarray:
    """Return mean-pooled encoder outputs without a prompt, [rows, H] float32, in passes of bounded size."""
    vectors = torch.empty(len(texts), backbone.width, device=backbone.device)

    def read(rows: Tensor) -> None:
        vectors[rows] = backbone.sentence_vectors(texts.take(rows))

    _in_passes(backbone, texts.lengths, tokens_at_once, read)
    return vectors.cpu().numpy()


def _in_passes(backbone: Backbone, lengths: Tensor, tokens_at_once: int, work: Callable[[Tensor], None]) -> None:
    """Have `work` done on all rows, the longest first, in passes without gradients of bounded size.

    On a CPU as many passes are at work as torch has threads, and share the room of one.

    Args:
        backbone: whose room the passes share.
        lengths: tokens of each row, prompt included, [R] int64.
        tokens_at_once: how many tokens are worth a pass with gradients.
        work: does the pass over rows [r] int64, and writes to places that are theirs alone.
    """
    order = lengths.argsort(descending=True)
    longest = lengths[order].tolist()
    at_once = torch.get_num_threads() if backbone.device.type == "cpu" else 1
    jobs: list[Callable[[], None]] = []

    def do(part: slice) -> None:
        if at_once == 1:
            work(order[part])
        else:  # on a CPU no memory is measured, so that passes need not come one after another
            jobs.append(lambda: work(order[part]))

    backbone.room.run(
        len(longest),
        lambda first, end: (end - first) * longest[first],
        max(1, SCORING_PASS // at_once) * tokens_at_once,
        do,
        "a row",
    )
    on_all_cores(jobs)
    if len(jobs) > MANY_PASSES:
        give_back()
