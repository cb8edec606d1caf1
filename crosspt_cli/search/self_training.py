"""Rows without labels whose class is sure become rows that the last prompt is trained on: self-training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from crosspt_cli.search.trials import Pool, StudyTask

SURE = 0.9
"""Share of its class that a row must have at least."""
SUREST = 0.5
"""Of the rows that seem to be of a class, how many are believed at most, the surest first: a part of them is wrong."""
MOST_TIMES = 8
"""As many believed rows of a class as there are labelled ones of it, times this, at most."""


FEW = 12
"""Labelled rows a class, on average, with which they teach a prompt more than its own guesses do."""


def are_few(labelled: int, classes: int) -> bool:
    """Return whether labelled rows are so few that rows without labels should teach the prompt as well."""
    return labelled < FEW * classes


def sure_rows(shares: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows without labels whose class is sure, in order, and that class, both [s] int64.

    Args:
        shares: how much of each row belongs to each class, [u, C].
        labels: of the labelled rows, [n] int64.

    Source:
        Yarowsky 1995 and Lee 2013, Pseudo-label, for training on one's own answers; the same part of every class, so
        that none takes over, as in Zou et al. 2018, class-balanced self-training.
    """
    answers = shares.argmax(1)
    found = []
    for number, labelled in enumerate(np.bincount(labels, minlength=shares.shape[1])):
        own = np.flatnonzero(answers == number)
        surest = own[np.argsort(-shares[own, number], kind="stable")][
            : min(int(SUREST * len(own)), MOST_TIMES * labelled)
        ]
        found.append(surest[shares[surest, number] >= SURE])
    rows = np.sort(np.concatenate(found))
    return rows, answers[rows]


def with_sure_rows(task: StudyTask, pool: Pool, shares: np.ndarray) -> tuple[StudyTask, np.ndarray]:
    """Return the task with the sure rows of its pool behind its own, and the rows to train on, [n] int64.

    Labelled rows are repeated so often that about half of what is seen is labelled.

    Args:
        task: of the study.
        pool: its rows without labels.
        shares: how much of each of these belongs to each class, [u, C].
    """
    rows, classes = sure_rows(shares, task.labels)
    own, device = len(task.labels), task.texts.tokens.device
    texts = task.texts.joined(pool.texts.take(torch.as_tensor(rows, device=device)))
    labelled = np.tile(np.arange(own), max(1, round(len(rows) / own)))
    more = replace(task, texts=texts, labels=np.concatenate([task.labels, classes]))
    return more, np.concatenate([labelled, own + np.arange(len(rows))])
