"""Which source prompts are useful to a task, measured before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree
from crosspt_cli.core.score import log_softmax
from crosspt_cli.core.train import score_rows
from crosspt_cli.search.outcome import SourceRank

MOST_ROWS = 96  # a source's loss on this many rows separates useful from useless
TEMPERATURES = (0.5, 1.0, 2.0, 4.0)  # a source may be right and too sure of itself: its order counts, not its scale


@dataclass(frozen=True)
class UntouchedSources:
    """What every source, untouched, says of some rows.

    `names` S · `rows` [n] indices · `nats` [S, n, C] label words' log-likelihoods.
    """

    names: tuple[str, ...]
    rows: np.ndarray
    nats: np.ndarray

    def ranks(self, labels: np.ndarray, among: np.ndarray) -> tuple[SourceRank, ...]:
        """Return the sources, most useful first, judged on those of `among` that were scored.

        Args:
            labels: [rows] int64, of all the task's rows.
            among: row indices that may be used: a fold's training rows, so that held-out rows have no say.
        """
        used = np.isin(self.rows, among)
        true = labels[self.rows[used]]
        losses = [_loss(nats[used], true) for nats in self.nats]
        return tuple(SourceRank(self.names[s], losses[s]) for s in np.argsort(losses, kind="stable"))

    def leaning(self, name: str, labels: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Return by how many nats a source, untouched, favours each class, [C], judged on the rows `ranks` judges on.

        Args:
            name: of the source.
            labels: [rows] int64, of all the task's rows.
            among: row indices that may be used.
        """
        used = np.isin(self.rows, among)
        return leaning_of(self.nats[self.names.index(name)][used], labels[self.rows[used]])


def leaning_of(nats: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return by how many nats a source favours each class beyond its share of the rows, [C] float32."""
    share = np.bincount(true, minlength=nats.shape[1]) + 0.5
    return (np.log(np.exp(nats).mean(0) + 1e-6) - np.log(share / share.sum())).astype(np.float32)


def score_untouched(
    backbone: Backbone,
    names: Sequence[str],
    sources: Tensor,
    texts: EncodedTexts,
    labels: np.ndarray,
    tree: DeviceTree,
    random: np.random.Generator,
    tokens_at_once: int,
) -> UntouchedSources:
    """Return every source's answers on up to `MOST_ROWS` rows, spread over the classes.

    Args:
        backbone: the frozen T5.
        names: of the S sources.
        sources: [S, P, H].
        texts: all rows.
        labels: [rows] int64.
        tree: the label words.
        random: draws the rows.
        tokens_at_once: how many tokens one pass may hold.
    """
    rows = spread_rows(labels, MOST_ROWS, random)
    source = torch.arange(len(names)).repeat_interleave(len(rows))
    repeated = torch.as_tensor(np.tile(rows, len(names)))
    nats = score_rows(backbone, sources, source, texts, repeated, tree, tokens_at_once)
    return UntouchedSources(tuple(names), rows, nats.reshape(len(names), len(rows), nats.shape[1]))


def spread_rows(labels: np.ndarray, most: int, random: np.random.Generator | None = None) -> np.ndarray:
    """Return up to `most` row indices, taking classes in turn; the first rows of each class, or random ones."""
    order = np.arange(len(labels)) if random is None else random.permutation(len(labels))
    seen: dict[int, int] = {}
    turn = []
    for row in order:
        turn.append(seen.get(labels[row], 0))
        seen[labels[row]] = turn[-1] + 1
    return np.sort(order[np.argsort(turn, kind="stable")[:most]])


def _loss(nats: np.ndarray, true: np.ndarray) -> float:
    """Return the mean loss in nats once the source's own leaning and scale are taken off."""
    leaning = leaning_of(nats, true)
    at = np.arange(len(true)), true
    return min(float(-log_softmax((nats - leaning) / heat)[at].mean()) for heat in TEMPERATURES)
