"""The chosen candidate trained on fewer rows, on the same folds: how accuracy grows with them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import torch

from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.foundation.progress import Progress
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.held_out import held_out_answers, population_answers
from crosspt_cli.search.pooling import similarities_with_pool
from crosspt_cli.search.trials import StudyTask, Trial, make_population

LARGEST = 0.75  # of a fold's rows; nearer to all of them a part says nothing new


def fewer_rows(folds: Sequence[Fold], labels: np.ndarray, share: float, seed: int) -> tuple[Fold, ...] | None:
    """Return the folds with a share of their training rows, of each class at least one; None where that is most.

    Args:
        folds: of the study.
        labels: [rows] int64.
        share: of each class's training rows, rounded up.
        seed: of the study; a smaller share is part of a larger one.
    """
    parts = []
    for number, fold in enumerate(folds):
        order = stream(seed, "curve", number).permutation(fold.train)
        of_class = [order[labels[order] == c] for c in np.unique(labels[fold.train])]
        part = np.concatenate([rows[: math.ceil(share * len(rows))] for rows in of_class])
        if len(part) > LARGEST * len(fold.train):
            return None
        parts.append(Fold(np.sort(part), fold.held_out))
    return tuple(parts)


def parts_of(folds: Sequence[Fold], labels: np.ndarray, shares: Sequence[float], seed: int) -> list[tuple[Fold, ...]]:
    """Return the folds with these shares of their rows, as far as that is fewer; the fewest first."""
    every = [fewer_rows(folds, labels, share, seed) for share in sorted(shares)]
    return [part for part in every if part is not None]


def right_with_fewer_rows(
    task: StudyTask,
    candidate: Candidate,
    readout: Readout,
    steps: int,
    horizon: int,
    parts: Sequence[Sequence[Fold]],
    deadline: float | None,
    progress: Progress,
    mass: float = 0.0,
) -> list[np.ndarray] | None:
    """Return, for each part, whether each row is right when held out, [rows] of 0 and 1; None if the deadline came.

    All parts are one population: they are trained together, as long as the chosen candidate was.

    Args:
        task: of the study.
        candidate: the chosen one.
        readout: chosen with it.
        steps: at which it was best.
        horizon: the steps over which the learning rate falls.
        parts: the study's folds with fewer rows.
        deadline: `time.monotonic()` at which training stops.
        progress: told of finished steps.
        mass: how much rows without labels weigh; 0 leaves them out.
    """
    every = [fold for part in parts for fold in part]
    if not every:
        return []
    if candidate.is_source:
        answers = answers_of_best_source(task.in_full, every)
        found, prompts = list(answers.held_out), answers.prompts
    else:
        trials = [Trial(0, number, 0) for number in range(len(every))]
        population = make_population(task, [candidate], trials, every, horizon)
        for done in range(steps):
            if deadline is not None and time.monotonic() > deadline:
                return None
            population.step()
            progress("learning curve", done + 1, steps)
        prompts = torch.stack([method.folded(place) for method, place in population.bank])
        read_short = task.whole is not None
        found = (
            held_out_answers(task.in_full, prompts, every) if read_short
            else population_answers(population, task.labels, every)
        )  # fmt: skip
    similarities = [answered.similarity for answered in found]
    if mass and task.pool is not None:
        similarities = similarities_with_pool(task.in_full, task.pool, prompts, every, mass)
    right = np.zeros((len(parts), len(task.labels)))
    for number, (fold, answered, similar) in enumerate(zip(every, found, similarities, strict=True)):
        shares = readout.log_shares(answered.nats, answered.bias, similar)
        right[number // len(parts[0]), fold.held_out] = shares.argmax(1) == task.labels[fold.held_out]
    return list(right)
