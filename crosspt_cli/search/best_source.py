"""The most useful source prompt as it is, judged like everything else: by rows that had no say in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from crosspt_cli.core.train import score_rows
from crosspt_cli.search.folds import Fold
from crosspt_cli.search.trials import StudyTask, tokens_at_once


@dataclass(frozen=True)
class SourceAnswers:
    """What the best source of each row's fold says of it.

    `nats` [rows, C] label words' log-likelihoods · `leanings` per fold [C] · `losses` per fold, nats on training rows.
    """

    nats: np.ndarray
    leanings: tuple[np.ndarray, ...]
    losses: tuple[float, ...]

    def classes(self, folds: Sequence[Fold]) -> np.ndarray:
        """Return the class answered for each row, [rows] int64."""
        found = np.zeros(len(self.nats), np.int64)
        for fold, leaning in zip(folds, self.leanings, strict=True):
            found[fold.held_out] = (self.nats[fold.held_out] - leaning).argmax(1)
        return found


def answers_of_best_source(task: StudyTask, folds: Sequence[Fold]) -> SourceAnswers:
    """Return the answers of every fold's most useful source prompt, untouched, on the fold's held-out rows.

    Rank and leaning come from the training rows of the row's fold, so that its own label has no say in its answer.

    Args:
        task: with at least one source.
        folds: whose held-out parts cover every row once.
    """
    rows = np.arange(len(task.labels))
    source = np.zeros_like(rows)
    leanings, losses = [], []
    for fold in folds:
        best = task.untouched.ranks(task.labels, fold.train)[0]
        source[fold.held_out] = task.untouched.names.index(best.name)
        leanings.append(task.untouched.leaning(best.name, task.labels, fold.train))
        losses.append(best.loss)
    nats = score_rows(
        task.backbone,
        task.sources,
        torch.as_tensor(source),
        task.texts,
        torch.as_tensor(rows),
        task.tree,
        tokens_at_once(task.backbone.device),
    )
    return SourceAnswers(nats, tuple(leanings), tuple(losses))
