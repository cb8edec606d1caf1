"""Rows without labels beside the trials: read under a fold's prompt, and seen by its prototypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.read import Answered, answer_rows
from crosspt_cli.evidence.labelled import LabelledRows
from crosspt_cli.evidence.pooled import Reading, Unlabelled, pooled_prototypes
from crosspt_cli.evidence.prototypes import PairedPrototypes
from crosspt_cli.evidence.trial import Fold, TrialResult
from crosspt_cli.evidence.unusual import familiar
from crosspt_cli.search.held_out import rows_to_answer
from crosspt_cli.search.trials import Pool, StudyTask, tokens_at_once


def usable_pool(texts: EncodedTexts, possible: int, vectors: np.ndarray, labels: np.ndarray, classes: int) -> Pool:
    """Return the rows without labels that are like the labelled ones: others would pull the class means away.

    Args:
        texts: of the rows without labels, read by `read_alone`.
        possible: rows that they are a sample of.
        vectors: [n, H] float32, of the labelled rows without a prompt.
        labels: [n] int64; every class must occur.
        classes: C.
    """
    own = texts.read_vectors.cpu().numpy()
    odd = familiar(vectors, labels, classes).unusual(own, own)
    kept = torch.as_tensor(np.flatnonzero(~odd), device=texts.tokens.device)
    return Pool(texts.take(kept), int(odd.sum()), possible)


def with_pool(
    task: StudyTask, pool: Pool, prompts: Tensor, trials: Sequence[TrialResult], folds: Sequence[Fold], mass: float
) -> list[TrialResult]:
    """Return trials whose held-out rows are compared with prototypes that have seen rows without labels.

    Args:
        task: of the study.
        pool: with at least one row.
        prompts: [T, P, H], or [T, D, P, H]: of each trial the one that it was scored with.
        trials: T.
        folds: of each trial its own.
        mass: how much the rows without labels weigh together.
    """
    found = similarities_with_pool(task, pool, prompts, folds, mass)
    return [replace(trial, similarity=each) for trial, each in zip(trials, found, strict=True)]


def similarities_with_pool(
    task: StudyTask, pool: Pool, prompts: Tensor, folds: Sequence[Fold], mass: float
) -> list[np.ndarray]:
    """Return how similar the held-out rows of each fold are to its classes, T times [h, C]; see `with_pool`."""
    rows = [np.concatenate(rows_to_answer(task.labels, fold)) for fold in folds]
    sizes = [len(each) for each in rows]
    of = torch.as_tensor(np.repeat(np.arange(len(rows)), sizes))
    at, at_once = torch.as_tensor(np.concatenate(rows)), tokens_at_once(task.backbone.device)
    answered = answer_rows(task.backbone, prompts, of, task.texts, at, task.tree, at_once).split(sizes)
    some = pool.some()
    plain, read = pool.plain(some), pool.read(task.backbone, prompts, some)
    return [
        _similarity(task, fold, each, Unlabelled.of(vectors), plain, mass)
        for fold, each, vectors in zip(folds, answered, read, strict=True)
    ]


def _similarity(
    task: StudyTask, fold: Fold, answered: Answered, prompted: Unlabelled, plain: Unlabelled, mass: float
) -> np.ndarray:
    """Return how similar a fold's held-out rows are to each class, [h, C]."""
    held_out, train = rows_to_answer(task.labels, fold)
    asked, known = answered.split([len(held_out), len(train)])
    rows = LabelledRows(known.vectors, known.plain, task.labels[train])
    found = prototypes_with_pool(rows, prompted, plain, len(task.classes), mass)
    return found.similarity(asked.vectors, asked.plain)


def prototypes_with_pool(
    rows: LabelledRows, prompted: Unlabelled, plain: Unlabelled, classes: int, mass: float
) -> PairedPrototypes:
    """Return prototypes of labelled and unlabelled rows by both ways of reading.

    Args:
        rows: the labelled ones; every class must occur.
        prompted, plain: the same unlabelled rows behind the prompt and without it.
        classes: C.
        mass: how much the unlabelled rows weigh together.
    """
    readings = Reading(rows.vectors, prompted), Reading(rows.plain, plain)
    return PairedPrototypes(*pooled_prototypes(readings, rows.labels, classes, mass).prototypes)
