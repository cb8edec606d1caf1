"""The chosen prompt with one of its source prompts taken out, on held-out rows; nothing is trained for it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from crosspt_cli.core.methods import Mixed
from crosspt_cli.evidence.sharing import Without
from crosspt_cli.evidence.trial import Candidate, Fold, TrialResult
from crosspt_cli.search.held_out import answered_trials
from crosspt_cli.search.trials import StudyTask


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
            found[name] = Without(before, answered_trials(task, prompts, before, folds))
    return found
