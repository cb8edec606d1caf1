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
from crosspt_cli.search.folds import Fold
from crosspt_cli.search.outcome import SourceRank

MOST_ROWS = 96  # a source's loss on this many rows separates useful from useless
TEMPERATURES = (0.5, 1.0, 2.0, 4.0)  # a source may be right and too sure of itself: its order counts, not its scale


@dataclass(frozen=True)
class UntouchedSources:
    """What every source, untouched, says of some rows.

    `names` S · `rows` [n] indices, of more than `MOST_ROWS` those first that are preferred · `nats` [S, n, C] label
    words' log-likelihoods.
    """

    names: tuple[str, ...]
    rows: np.ndarray
    nats: np.ndarray

    def ranks(self, labels: np.ndarray, among: np.ndarray) -> tuple[SourceRank, ...]:
        """Return the sources, most useful first, judged on up to `MOST_ROWS` of `among`, spread over their classes.

        Args:
            labels: [rows] int64, of all the task's rows.
            among: row indices that may be used: a fold's training rows, so that held-out rows have no say.
        """
        used = self._used(labels, among)
        true = labels[self.rows[used]]
        share = class_share(labels[among], self.nats.shape[2])
        losses = [_loss(nats[used], true, share) for nats in self.nats]
        return tuple(SourceRank(self.names[s], losses[s]) for s in np.argsort(losses, kind="stable"))

    def leaning(self, name: str, labels: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Return by how many nats a source, untouched, favours each class, [C], judged on the rows `ranks` judges on.

        Args:
            name: of the source.
            labels: [rows] int64, of all the task's rows.
            among: row indices that may be used.
        """
        used = self._used(labels, among)
        nats = self.nats[self.names.index(name)][used]
        return leaning_of(nats, labels[self.rows[used]], class_share(labels[among], nats.shape[1]))

    def _used(self, labels: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Return the places in `rows` of those of `among` that are judged on."""
        known = np.flatnonzero(np.isin(self.rows, among))
        return known[spread_rows(labels[self.rows[known]], MOST_ROWS)]


def class_share(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class among the rows that something is trained on, [C]; one row does not count.

    Of a class that a fold trains on one row more of, it holds one row less out. Counts that are one row apart are
    taken as equal, so that this does not lean answers away from the right ones where the task's classes are as
    frequent as each other.

    Args:
        labels: [n] int64, of the rows.
        classes: C.
    """
    counts = np.bincount(labels, minlength=classes).astype(float)
    evened, left = np.zeros(classes), np.unique(counts[counts > 0])
    while len(left):
        alike = (counts >= left[0]) & (counts <= left[0] + 1)
        evened[alike] = counts[alike].mean()
        left = left[left > left[0] + 1]
    return evened / len(labels)


def leaning_of(nats: np.ndarray, true: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return by how many nats a source favours each class beyond its share, [C] float32.

    Rows are weighted so that their classes have these shares: what it is judged on may be a sample that has not.

    Args:
        nats: [n, C], what the source answers on some rows.
        true: [n] int64, their classes.
        share: [C], of the classes, from `class_share`.
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
    folds: Sequence[Fold] = (),
) -> UntouchedSources:
    """Return every source's answers on up to `MOST_ROWS` rows, spread over the classes, of all rows and of each fold's.

    Which rows a fold judges sources on depends on its training rows alone. All draw from one order, so that most of
    these rows are the same.

    Args:
        backbone: the frozen T5.
        names: of the S sources.
        sources: [S, P, H].
        texts: all rows.
        labels: [rows] int64.
        tree: the label words.
        random: draws the rows.
        tokens_at_once: how many tokens one pass may hold.
        folds: that rank the sources, each on its training rows.
    """
    order = random.permutation(len(labels)) if len(labels) > MOST_ROWS else np.arange(len(labels))
    parts = [order, *(order[np.isin(order, fold.train)] for fold in folds)]
    some = np.concatenate([part[spread_rows(labels[part], MOST_ROWS)] for part in parts])
    rows = order[np.isin(order, some)]
    source = torch.arange(len(names)).repeat_interleave(len(rows))
    repeated = torch.as_tensor(np.tile(rows, len(names)))
    nats = score_rows(backbone, sources, source, texts, repeated, tree, tokens_at_once)
    return UntouchedSources(tuple(names), rows, nats.reshape(len(names), len(rows), nats.shape[1]))


def spread_rows(labels: np.ndarray, most: int) -> np.ndarray:
    """Return up to `most` row indices, sorted, taking the first rows of each class in turn."""
    seen: dict[int, int] = {}
    turn = []
    for label in labels.tolist():
        turn.append(seen.get(label, 0))
        seen[label] = turn[-1] + 1
    return np.sort(np.argsort(turn, kind="stable")[:most])


def _loss(nats: np.ndarray, true: np.ndarray, share: np.ndarray) -> float:
    """Return the mean loss in nats once the source's own leaning and scale are taken off."""
    leaning = leaning_of(nats, true, share)
    at = np.arange(len(true)), true
    return min(float(-log_softmax((nats - leaning) / heat)[at].mean()) for heat in TEMPERATURES)
