"""The most useful source prompt as it is, judged like everything else: by rows that had no say in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from crosspt_cli.evidence.trial import Fold
from crosspt_cli.search.held_out import HeldOut, held_out_answers
from crosspt_cli.search.trials import StudyTask


@dataclass(frozen=True)
class SourceAnswers:
    """What the best source of each row's fold says of it.

    `prompts` [folds, P, H] · `held_out`, and `losses` in nats on training rows: one for each fold.
    """

    held_out: tuple[HeldOut, ...]
    losses: tuple[float, ...]
    prompts: Tensor

    def classes(self, folds: Sequence[Fold]) -> np.ndarray:
        """Return the class answered for each row, [rows] int64."""
        found = np.zeros(sum(len(fold.held_out) for fold in folds), np.int64)
        for fold, answered in zip(folds, self.held_out, strict=True):
            found[fold.held_out] = (answered.nats - answered.bias).argmax(1)
        return found


def answers_of_best_source(task: StudyTask, folds: Sequence[Fold]) -> SourceAnswers:
    """Return the answers of every fold's most useful source prompt, untouched, on the fold's held-out rows.

    Rank and bias come from the training rows of the row's fold, so that its own label has no say in its answer.

    Args:
        task: with at least one source.
        folds: whose held-out parts cover every row once.
    """
    best = [task.untouched.ranks(task.labels, fold.train)[0] for fold in folds]
    prompts = task.sources[[task.untouched.names.index(rank.name) for rank in best]]
    return SourceAnswers(tuple(held_out_answers(task, prompts, folds)), tuple(rank.loss for rank in best), prompts)
