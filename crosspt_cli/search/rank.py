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
from crosspt_cli.core.read import score_rows
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.outcome import SourceRank
from crosspt_cli.evidence.readout import log_softmax
from crosspt_cli.evidence.trial import Fold
from crosspt_cli.search.folds import spread_rows

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

    def part(self, rows: np.ndarray) -> UntouchedSources:
        """Return what the sources say of those of some rows, [n] int64 ascending, that they were asked about.

        The rows are numbered anew, by their places among those.
        """
        kept = np.isin(self.rows, rows)
        return UntouchedSources(self.names, np.searchsorted(rows, self.rows[kept]), self.nats[:, kept])

    def _used(self, labels: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Return the places in `rows` of those of `among` that are judged on."""
        known = np.flatnonzero(np.isin(self.rows, among))
        return known[spread_rows(labels[self.rows[known]], MOST_ROWS)]


def none_asked(classes: int) -> UntouchedSources:
    """Return what is known before any source was asked about a row."""
    return UntouchedSources((), np.empty(0, np.int64), np.empty((0, 0, classes), np.float32))


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


def _loss(nats: np.ndarray, true: np.ndarray, share: np.ndarray) -> float:
    """Return the mean loss in nats once the source's own bias and scale are taken off."""
    bias = bias_of(nats, true, share)
    at = np.arange(len(true)), true
    return min(float(-log_softmax((nats - bias) / temperature)[at].mean()) for temperature in TEMPERATURES)
