"""What an onboarding would do, how long it may take, and how much memory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosspt_cli.data import Notice, Paths, Unlabelled, unlabelled_names
from crosspt_cli.foundation.arguments import as_names
from crosspt_cli.foundation.methods import MIXTURE
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.onboarding.estimate import estimate_cost
from crosspt_cli.onboarding.settings import Settings
from crosspt_cli.onboarding.work import candidates_of, open_work, stages_of, task_name
from crosspt_cli.registry import Registry
from crosspt_cli.search.plan import count_trial_steps


@dataclass(frozen=True)
class OnboardingPlan:
    """What onboarding would do; nothing was saved. `seconds` at most, and `memory_mb`, are estimates."""

    task: str
    backbone: str
    budget: str
    rows: int
    classes: tuple[str, ...]
    class_counts: dict[str, int]
    text_columns: tuple[str, ...]
    template: str
    reason: str
    label_words: dict[str, str]
    folds: int
    candidates: tuple[str, ...]
    trials: int
    steps: int
    seconds: float
    memory_mb: float
    device: str
    notices: tuple[Notice, ...]
    notes: tuple[str, ...]


def plan_onboarding(
    path: Paths,
    label_col: str,
    *,
    text_cols: str | Sequence[str] = (),
    unlabelled: Unlabelled = (),
    ignore_unlabelled: bool = False,
    name: str | None = None,
    template: str | None = None,
    label_map: Mapping[str, str] | None = None,
    label_words: Mapping[str, str] | None = None,
    backbone: str | None = None,
    budget: str = "normal",
    max_seconds: float | None = None,
    folds: int | None = None,
    ms: tuple[int, ...] | None = None,
    lr_ratios: tuple[float, ...] | None = None,
    prompt_layer: int | None = None,
    method: str = MIXTURE,
    readout: str = "auto",
    drop_rare: bool = False,
    replace: bool = False,
    device: str = "auto",
    dtype: str = "auto",
    seed: int = 0,
    registry: Registry | None = None,
    progress: Progress = no_progress,
) -> OnboardingPlan:
    """Return what `onboard` would do with the same arguments, without saving anything; a few steps are timed.

    Raises:
        CrossptError: whatever `onboard` would raise before its first training step.
    """
    began = time.monotonic()
    chosen = Settings(
        text_cols=as_names(text_cols), unlabelled=unlabelled_names(unlabelled), ignore_unlabelled=ignore_unlabelled,
        name=name, template=template, label_map=label_map, label_words=label_words,
        backbone=backbone, budget=budget, max_seconds=max_seconds, folds=folds, ms=ms, lr_ratios=lr_ratios,
        prompt_layer=prompt_layer, method=method, readout=readout, drop_rare=drop_rare, replace=replace,
        device=device, dtype=dtype, seed=seed,
    )  # fmt: skip
    registry = registry or Registry.open()
    name = task_name(path, name)
    registry.check_task_name_free(name, chosen.replace)
    work = open_work(path, label_col, unlabelled, chosen, registry, progress)
    opened = time.monotonic() - began
    # the names say nothing yet: which sources a candidate has is known after the ranking
    candidates, rungs = candidates_of(work, chosen, work.sources.names)
    verbalizer = work.prepared.spec.verbalizer
    repeats = len(work.folds) * work.budget.seeds
    ahead = sum(stage.work for stage in stages_of(work, candidates, rungs))
    cost = estimate_cost(work.examples, work.backbone, work.prepared, work.sources, ahead, chosen.method)
    seconds = opened + cost.seconds
    return OnboardingPlan(
        task=name,
        backbone=work.backbone.name,
        budget=chosen.budget,
        rows=len(work.examples),
        classes=work.examples.classes,
        class_counts=work.examples.class_counts(),
        text_columns=work.examples.text_columns,
        template=work.prepared.spec.template.name,
        reason=work.prepared.reason,
        label_words=dict(zip(verbalizer.classes, verbalizer.words, strict=True)),
        folds=len(work.folds),
        candidates=tuple(map(str, candidates)),
        trials=len(candidates) * repeats,
        steps=count_trial_steps(rungs, candidates, repeats),
        seconds=seconds if chosen.max_seconds is None else min(seconds, chosen.max_seconds),
        memory_mb=cost.memory_mb,
        device=str(work.backbone.device),
        notices=work.notices,
        notes=work.notes,
    )
