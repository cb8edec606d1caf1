"""What prompts answer on rows they were not trained on: label words, and similarity to the rows they learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.read import Answered, answer_rows
from crosspt_cli.core.train import Population
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.prototypes import paired_prototypes
from crosspt_cli.evidence.trial import Fold, State, TrialResult
from crosspt_cli.search.folds import spread_rows
from crosspt_cli.search.trials import StudyTask, tokens_at_once

PROTOTYPE_ROWS = 512
"""Of a fold's training rows at most, or one of each class where there are more: prototypes are made at every rung."""
ROWS_AT_ONCE = 3_000
"""Answered before their vectors, twice the width of the backbone each, are made into similarity and forgotten."""


@dataclass(frozen=True)
class HeldOut:
    """One prompt on one fold's held-out rows: `nats` and `similarity` [h, C], and its `bias` [C] in nats."""

    nats: np.ndarray
    similarity: np.ndarray
    bias: np.ndarray


def rows_to_answer(labels: np.ndarray, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """Return the fold's held-out rows, and those of its training rows that prototypes are made of, as indices."""
    known = labels[fold.train]
    return fold.held_out, fold.train[spread_rows(known, max(PROTOTYPE_ROWS, len(np.unique(known))))]


def held_out_of(answered: Answered, labels: np.ndarray, fold: Fold, classes: int) -> HeldOut:
    """Return the held-out part of what was answered on `rows_to_answer`, with the bias that the other part shows.

    Args:
        answered: on the held-out rows, then on the training rows.
        labels: of all the task's rows, [rows] int64.
        fold: that the prompt was trained on.
        classes: C.
    """
    held_out, train = rows_to_answer(labels, fold)
    asked, known = answered.split([len(held_out), len(train)])
    prototypes = paired_prototypes(known.vectors, known.plain, labels[train], classes)
    bias = bias_of(known.nats, labels[train], class_share(labels[fold.train], classes))
    return HeldOut(asked.nats, prototypes.similarity(asked.vectors, asked.plain), bias)


def population_answers(population: Population, labels: np.ndarray, folds: Sequence[Fold]) -> list[HeldOut]:
    """Return what every trial answers on its fold's held-out rows, with the bias that training has shown.

    Args:
        population: in training.
        labels: of all the task's rows, [rows] int64.
        folds: one for each trial.
    """
    rows = [np.concatenate(rows_to_answer(labels, fold)) for fold in folds]
    bias, found = population.bias(), []
    for part in _parts(rows):
        answered = population.answers(rows[part], part.start)
        found += [
            held_out_of(each, labels, fold, bias.shape[1]) for each, fold in zip(answered, folds[part], strict=True)
        ]
    return [replace(answered, bias=own) for answered, own in zip(found, bias, strict=True)]


def held_out_answers(task: StudyTask, prompts: Tensor, folds: Sequence[Fold]) -> list[HeldOut]:
    """Return what prompts that are not in training answer on held-out rows.

    Args:
        task: of the study.
        prompts: [T, P, H], or [T, D, P, H] for D layers.
        folds: one for each prompt.
    """
    rows = [np.concatenate(rows_to_answer(task.labels, fold)) for fold in folds]
    found = []
    for part in _parts(rows):
        sizes = [len(each) for each in rows[part]]
        of = torch.as_tensor(np.repeat(np.arange(len(sizes)), sizes))
        at, at_once = torch.as_tensor(np.concatenate(rows[part])), tokens_at_once(task.backbone.device)
        answered = answer_rows(task.backbone, prompts[part], of, task.texts, at, task.tree, at_once).split(sizes)
        found += [
            held_out_of(each, task.labels, fold, len(task.tree.path_node))
            for each, fold in zip(answered, folds[part], strict=True)
        ]
    return found


def answered_trials(
    task: StudyTask, prompts: Tensor, trials: Sequence[TrialResult], folds: Sequence[Fold]
) -> list[TrialResult]:
    """Return trials as these prompts answer them.

    Args:
        task: of the study.
        prompts: [T, P, H], or [T, D, P, H] for D layers.
        trials: T.
        folds: of the study.
    """
    found = held_out_answers(task, prompts, [folds[trial.fold] for trial in trials])
    return [
        replace(trial, nats=answered.nats, similarity=answered.similarity, bias=answered.bias)
        for trial, answered in zip(trials, found, strict=True)
    ]


def _parts(rows: Sequence[np.ndarray]) -> Iterator[slice]:
    """Yield consecutive slices of the trials, each of at most `ROWS_AT_ONCE` rows where a trial has no more."""
    first, held = 0, 0
    for number, each in enumerate(rows):
        if number > first and held + len(each) > ROWS_AT_ONCE:
            yield slice(first, number)
            first, held = number, 0
        held += len(each)
    if len(rows):
        yield slice(first, len(rows))


def state_of(failed: bool, answered: HeldOut) -> State:
    """Return how a trial stands: whoever has a single number that is none must not be compared with others."""
    numbers = (answered.nats, answered.similarity, answered.bias)
    return "failed" if failed or not all(np.isfinite(each).all() for each in numbers) else "complete"
