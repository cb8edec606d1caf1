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
        share = class_share(labels, self.nats.shape[2])
        losses = [_loss(nats[used], true, share) for nats in self.nats]
        return tuple(SourceRank(self.names[s], losses[s]) for s in np.argsort(losses, kind="stable"))

    def leaning(self, name: str, labels: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Return by how many nats a source, untouched, favours each class, [C], judged on the rows `ranks` judges on.

        Args:
            name: of the source.
            labels: [rows] int64, of all the task's rows.
            among: row indices that may be used.
        """
        used = np.isin(self.rows, among)
        nats = self.nats[self.names.index(name)][used]
        return leaning_of(nats, labels[self.rows[used]], class_share(labels, nats.shape[1]))


def class_share(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class among all of a task's rows, [C]."""
    return np.bincount(labels, minlength=classes) / len(labels)


def leaning_of(nats: np.ndarray, true: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return by how many nats a source favours each class beyond its share of the task's rows, [C] float32.

    Rows are weighted so that their classes have the task's shares. A fold that trains on more of a class has fewer of
    it held out: taken as they are, its rows would lean each answer away from the right one.

    Args:
        nats: [n, C], what the source answers on some rows.
        true: [n] int64, their classes.
        share: [C], of the classes among all of the task's rows.
    """
    counts = np.bincount(true, minlength=len(share))
    wanted = np.where(counts > 0, share, 0.0)
    wanted /= wanted.sum()
    given = (wanted / np.maximum(counts, 1))[true] @ np.exp(nats)
    smoothed = wanted * len(true) + 0.5
    return (np.log(given + 1e-6) - np.log(smoothed / smoothed.sum())).astype(np.float32)


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


def _loss(nats: np.ndarray, true: np.ndarray, share: np.ndarray) -> float:
    """Return the mean loss in nats once the source's own leaning and scale are taken off."""
    leaning = leaning_of(nats, true, share)
    at = np.arange(len(true)), true
    return min(float(-log_softmax((nats - leaning) / heat)[at].mean()) for heat in TEMPERATURES)
