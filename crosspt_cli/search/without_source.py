"""The chosen prompt with one of its source prompts taken out, on held-out rows; nothing is trained for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.methods import Mixed
from crosspt_cli.core.read import score_rows
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.sharing import Without
from crosspt_cli.evidence.trial import Candidate, Fold, TrialResult
from crosspt_cli.search.folds import spread_rows
from crosspt_cli.search.held_out import held_out_answers
from crosspt_cli.search.trials import StudyTask, tokens_at_once

BIAS_ROWS = 32  # of the training rows say well enough what a prompt favours


def without_each_source(
    task: StudyTask,
    folds: Sequence[Fold],
    candidate: Candidate,
    trials: Sequence[TrialResult],
    mixtures: Sequence[Mixed],
) -> dict[str, Without]:
    """Return the answers without each source that some fold mixed in; its share is divided among the rest.

    Where one source is all there is, nothing is left without it, and nothing is answered.

    Args:
        task: of the study.
        folds: of the study.
        candidate: the chosen one.
        trials: its trials where they were best.
        mixtures: what each of them mixed, in the same order.
    """
    removable = candidate.sources if candidate.m > 1 or candidate.lr_ratio > 0 else ()
    found = {}
    for name in removable:
        place = task.untouched.names.index(name)
        used = [number for number, mixture in enumerate(mixtures) if place in mixture.sources]
        if used:
            before = [trials[number] for number in used]
            is_copy = candidate.lr_ratio == 0
            prompts = torch.stack([mixtures[number].without(place, task.sources, is_copy) for number in used])
            found[name] = Without(before, _answered_by(task, folds, prompts, before))
    return found


def _answered_by(
    task: StudyTask, folds: Sequence[Fold], prompts: Tensor, trials: Sequence[TrialResult]
) -> list[TrialResult]:
    """Return the trials as these prompts [T, P, H] answer them, each with the bias of its own prompt."""
    found = held_out_answers(task, prompts, [folds[trial.fold] for trial in trials])
    some = [folds[t.fold].train[spread_rows(task.labels[folds[t.fold].train], BIAS_ROWS)] for t in trials]
    of = torch.as_tensor(np.repeat(np.arange(len(trials)), [len(each) for each in some]))
    at, device = torch.as_tensor(np.concatenate(some)), task.backbone.device
    nats = score_rows(task.backbone, prompts, of, task.texts, at, task.tree, tokens_at_once(device))
    parts = np.split(nats, np.cumsum([len(each) for each in some])[:-1])
    shares = [class_share(task.labels[folds[trial.fold].train], len(task.tree.path_node)) for trial in trials]
    biases = [bias_of(part, task.labels[train], share) for part, train, share in zip(parts, some, shares, strict=True)]
    return [
        replace(trial, nats=answered.nats, similarity=answered.similarity, bias=bias)
        for trial, answered, bias in zip(trials, found, biases, strict=True)
    ]
