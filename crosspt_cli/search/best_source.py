"""The most useful source prompt as it is, judged like everything else: by rows that had no say in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosspt_cli.search.folds import Fold
from crosspt_cli.search.held_out import held_out_answers
from crosspt_cli.search.trials import StudyTask


@dataclass(frozen=True)
class SourceAnswers:
    """What the best source of each row's fold says of it.

    `nats` [rows, C] label words' log-likelihoods · `nearness` [rows, C] to prototypes of the fold's training rows ·
    `leanings` per fold [C] · `losses` per fold, nats on training rows.
    """

    nats: np.ndarray
    nearness: np.ndarray
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
    nats, nearness = (np.zeros((len(task.labels), len(task.tree.path_node)), np.float32) for _ in range(2))
    best = [task.untouched.ranks(task.labels, fold.train)[0] for fold in folds]
    prompts = task.sources[[task.untouched.names.index(rank.name) for rank in best]]
    found = held_out_answers(task, prompts, folds)
    for fold, answered in zip(folds, found, strict=True):
        nats[fold.held_out], nearness[fold.held_out] = answered.nats, answered.nearness
    leanings = [
        task.untouched.leaning(rank.name, task.labels, fold.train) for rank, fold in zip(best, folds, strict=True)
    ]
    return SourceAnswers(nats, nearness, tuple(leanings), tuple(rank.loss for rank in best))
