"""Onboard a task: from a CSV to a fitted task in the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.unusual import familiar
from crosspt_cli.data import Examples, Notice, Paths, file_names, read_csv, row_digest
from crosspt_cli.foundation.arguments import as_names
from crosspt_cli.foundation.errors import Argument, BudgetSpent
from crosspt_cli.foundation.paths import checked_name, suggested_name
from crosspt_cli.foundation.progress import Progress, Stage, Whole, no_progress
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.command import onboarding_command
from crosspt_cli.onboarding.estimate import estimate_cost, make_stages
from crosspt_cli.onboarding.fitted import PRIVATE, SUMMARY_FILE, FittedTask, save_fitted
from crosspt_cli.onboarding.near_copies import NearCopies, find_near_copies
from crosspt_cli.onboarding.prepare import Prepared, prepare
from crosspt_cli.onboarding.record import corrected_record, study_files
from crosspt_cli.onboarding.report_record import made_on, report_files
from crosspt_cli.onboarding.settings import Settings
from crosspt_cli.onboarding.size import check_size, size_note
from crosspt_cli.onboarding.study_input import Sources, load_sources, study_task
from crosspt_cli.onboarding.suspect_labels import SuspectLabel, suspect_labels
from crosspt_cli.registry import Registry
from crosspt_cli.search.candidates import Candidate, make_candidates
from crosspt_cli.search.final import FinalFit, fit_final
from crosspt_cli.search.folds import Fold, count_folds, stratified_folds
from crosspt_cli.search.outcome import StudyResult
from crosspt_cli.search.plan import (
    Budget,
    Rung,
    budget_candidates,
    count_trial_steps,
    find_budget,
    make_rungs,
)
from crosspt_cli.search.readouts import find_readouts
from crosspt_cli.search.study import run_study
from crosspt_cli.search.trials import StudyTask


@dataclass(frozen=True)
class Onboarded:
    """A finished onboarding; the task is in the registry at `path`.

    `notes` are sentences about label words and shortened rows · `seconds` until all was ready to be saved ·
    `peak_memory_mb` of the whole process · `suspects`: rows that are probably labelled wrongly.
    """

    task: str
    path: Path
    fitted: FittedTask
    study: StudyResult
    notices: tuple[Notice, ...]
    notes: tuple[str, ...]
    reason: str
    budget: str
    device: str
    dtype: str
    seconds: float
    peak_memory_mb: float
    suspects: tuple[SuspectLabel, ...] = ()


@dataclass(frozen=True)
class OnboardingPlan:
    """What onboarding would do; nothing was saved. `seconds` at most, and `memory_mb`, are estimates."""

    task: str
    backbone: str
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


def onboard(
    path: Paths,
    label_col: str,
    *,
    text_cols: str | Sequence[str] = (),
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
    readout: str = "auto",
    drop_rare: bool = False,
    replace: bool = False,
    device: str = "auto",
    dtype: str = "auto",
    seed: int = 0,
    registry: Registry | None = None,
    progress: Progress = no_progress,
    started: float | None = None,
    summarise: Callable[[Onboarded], str] | None = None,
) -> Onboarded:
    """Return the task just onboarded and saved.

    Args:
        path: labelled rows: CSV, TSV, JSONL, Parquet or ``hf:NAME``; or several of them, taken together.
        label_col: the column of labels.
        text_cols: the columns of texts; found when empty.
        name: of the task; default the first file's.
        template, label_map: a template's name or file, default the one that fits; old label → new.
        label_words: label, by its new name → the words that it is answered with.
        backbone: name, folder or hub id.
        budget, max_seconds: ``quick``, ``normal`` or ``thorough``; be done in so many seconds, with what was found.
        folds, seed: of the cross-validation, default the budget's; of all that is drawn.
        ms, lr_ratios: numbers of sources and learning-rate ratios to try.
        prompt_layer: the encoder layer before which prompts enter; default the source prompts'.
        readout: ``auto``, ``label-words``, ``prototypes`` or ``both``.
        drop_rare, replace: leave classes with too few rows out; replace a task of that name.
        device, dtype: as for `Predictor.open`.
        registry: default the person's.
        progress: told how far it all is, in trial-steps or what takes as long.
        started: `time.monotonic()` from which `max_seconds` counts; default now.
        summarise: makes the text that is kept with the task for `crosspt registry show`.

    Raises:
        OptionError: a setting cannot be used, or the name is taken.
        DataError: the rows cannot be used.
        NotFound: file, template or backbone does not exist.
        StorageError: the registry cannot be written.
        BudgetSpent: `max_seconds` passed before any candidate was scored.
        TrainingError: every trial failed.

    Example:
        >>> onboard("examples/reviews.csv", "y", budget="quick").fitted.shares  # doctest: +SKIP
        {'amazon-polarity': 0.31, 'sst2': 0.29, 'tweet-sentiment': 0.21, 'private': 0.19}
    """
    began = time.monotonic()
    chosen = Settings(
        text_cols=as_names(text_cols), name=name, template=template, label_map=label_map, label_words=label_words,
        backbone=backbone, budget=budget, max_seconds=max_seconds, folds=folds, ms=ms, lr_ratios=lr_ratios,
        prompt_layer=prompt_layer, readout=readout, drop_rare=drop_rare, replace=replace, device=device, dtype=dtype,
        seed=seed,
    )  # fmt: skip
    registry = registry or Registry.open()
    name = task_name(path, name)
    progress = Whole(progress)
    with ExitStack() as held:
        registry.ensure_writable()
        held.enter_context(registry.reserve_task(name, chosen.replace))
        work = _open(path, label_col, chosen, registry, progress)
        deadline = None if chosen.max_seconds is None else (started or began) + chosen.max_seconds
        task, study, final = _search_and_fit(work, chosen, deadline, progress)
        command = onboarding_command(file_names(path), label_col, chosen)
        fitted = _fitted(name, label_col, work, task, study, final, command)
        made = made_on(work.backbone, chosen.budget, time.monotonic() - began)
        progress("saving", 0, 1)
        done = Onboarded(
            task=name,
            path=registry.layers[0].target("task", (name,)),
            fitted=fitted,
            study=study,
            notices=work.notices,
            notes=work.notes,
            reason=work.prepared.reason,
            budget=chosen.budget,
            device=made.device,
            dtype=made.dtype,
            seconds=made.seconds,
            peak_memory_mb=made.peak_memory_mb,
            suspects=suspect_labels(study.suspects, work.examples),
        )
        files = study_files(study) | report_files(made, work.examples, study)
        files |= {SUMMARY_FILE: summarise(done)} if summarise else {}
        save_fitted(fitted, files, registry, chosen.replace, {"accuracy": corrected_record(study.corrected)})
    return done


def plan_onboarding(
    path: Paths,
    label_col: str,
    *,
    text_cols: str | Sequence[str] = (),
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
        text_cols=as_names(text_cols), name=name, template=template, label_map=label_map, label_words=label_words,
        backbone=backbone, budget=budget, max_seconds=max_seconds, folds=folds, ms=ms, lr_ratios=lr_ratios,
        prompt_layer=prompt_layer, readout=readout, drop_rare=drop_rare, replace=replace, device=device, dtype=dtype,
        seed=seed,
    )  # fmt: skip
    registry = registry or Registry.open()
    name = task_name(path, name)
    registry.check_task_name_free(name, chosen.replace)
    work = _open(path, label_col, chosen, registry, progress)
    opened = time.monotonic() - began
    # the names say nothing yet: which sources a candidate has is known after the ranking
    candidates, rungs = _candidates(work, chosen, work.sources.names)
    verbalizer = work.prepared.spec.verbalizer
    repeats = len(work.folds) * work.budget.seeds
    ahead = sum(stage.work for stage in _stages(work, candidates, rungs) if stage.name != "ranking")
    cost = estimate_cost(work.examples, work.backbone, work.prepared, work.sources, candidates, repeats, ahead)
    seconds = opened + cost.seconds
    return OnboardingPlan(
        task=name,
        backbone=work.backbone.name,
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


def task_name(path: Paths, name: str | None) -> str:
    """Return the task's name: the one given, else the first file's.

    Raises:
        OptionError: the name given is no name, or a file is named twice.
    """
    text = file_names(path)[0]
    if name is not None:
        return checked_name(name)
    stem = text.removeprefix("hf:").replace(":", "-") if text.startswith("hf:") else Path(text).name.split(".")[0]
    return suggested_name(stem)


@dataclass(frozen=True)
class _Work:
    """An onboarding with everything read and loaded, before any training."""

    examples: Examples
    backbone: Backbone
    prepared: Prepared
    sources: Sources
    folds: tuple[Fold, ...]
    budget: Budget
    near_copies: NearCopies

    @property
    def notices(self) -> tuple[Notice, ...]:
        return self.examples.notices + self.near_copies.notices + self.prepared.notices

    @property
    def notes(self) -> tuple[str, ...]:
        cut, unused = self.prepared.cut, self.sources.left_out
        notes = [*self.prepared.spec.verbalizer.notes]
        notes += [note for note in (size_note(len(self.examples)),) if note]
        if cut:
            notes.append(f"{cut} of {len(self.examples)} texts are too long and were cut.")
        if unused:
            notes.append(
                f"Source prompts that have another length or layer than the other {len(self.sources.names)} cannot be "
                f"mixed with them and are not used: {', '.join(unused)}."
            )
        notes += [
            f"Of two source prompts called '{used.split('/')[-1]}' the one of {used} is used, that of {hidden} is not."
            for used, hidden in self.sources.hidden
        ]
        return tuple(notes)


def _open(path: Paths, label_col: str, chosen: Settings, registry: Registry, progress: Progress) -> _Work:
    """Read, check and load everything; bad input ends here, in seconds."""
    budget = find_budget(chosen.budget)
    find_readouts(chosen.readout)
    chosen.check()
    progress("reading", 0, 1)
    examples = read_csv(
        path,
        label_col,
        chosen.text_cols,
        label_map=chosen.label_map,
        drop_rare=chosen.drop_rare,
        min_per_class=max(2, chosen.folds or 2),
    )
    check_size(examples)
    progress("loading", 0, 1)
    backbone = open_backbone(chosen.backbone, registry, chosen.device, chosen.dtype)
    prepared = prepare(examples, backbone, chosen.template, label_words=chosen.label_words)
    fewest = int(np.bincount(prepared.labels).min())
    count = min(chosen.folds, fewest) if chosen.folds else count_folds(budget.folds, fewest)
    copies = find_near_copies(examples.rows, examples.about)
    folds = stratified_folds(prepared.labels, count, chosen.seed, copies.groups)
    sources = load_sources(registry, backbone, chosen.prompt_layer)
    return _Work(examples, backbone, prepared, sources, folds, budget, copies)


def _candidates(work: _Work, chosen: Settings, ranked: Sequence[str]) -> tuple[tuple[Candidate, ...], tuple[Rung, ...]]:
    budget = work.budget
    if chosen.ms is None and chosen.lr_ratios is None:
        candidates = budget_candidates(budget, ranked)
    else:
        ms = budget.ms if chosen.ms is None else chosen.ms
        candidates = make_candidates(ranked, ms, budget.ratios if chosen.lr_ratios is None else chosen.lr_ratios)
    return candidates, make_rungs(budget, len(work.examples), sum(candidate.lr_ratio > 0 for candidate in candidates))


def _stages(work: _Work, candidates: Sequence[Candidate], rungs: Sequence[Rung]) -> tuple[Stage, ...]:
    trained = sum(not candidate.is_source for candidate in candidates)
    return make_stages(rungs, trained, len(work.folds), work.budget, len(work.examples), len(work.sources.names))


def _search_and_fit(
    work: _Work, chosen: Settings, deadline: float | None, progress: Whole
) -> tuple[StudyTask, StudyResult, FinalFit]:
    progress.plan(_stages(work, *_candidates(work, chosen, work.sources.names)))
    progress("ranking", 0, 1)
    task = study_task(work.examples, work.backbone, work.prepared, work.sources, chosen.seed, work.folds)
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, np.arange(len(task.labels)))]
    candidates, rungs = _candidates(work, chosen, ranked)
    if deadline is not None and time.monotonic() > deadline:
        problem = "the time was up before the first training step."
        raise BudgetSpent(Argument("max_seconds"), problem, "Allow more time.")
    study = run_study(
        task,
        candidates,
        work.folds,
        work.budget.seeds,
        rungs,
        find_readouts(chosen.readout),
        work.budget.curve,
        deadline,
        progress,
    )
    result = study.chosen
    final = fit_final(task, result.candidate, result.steps, rungs[-1].steps, deadline, progress)
    return task, study, final


def _fitted(
    name: str, label_col: str, work: _Work, task: StudyTask, study: StudyResult, final: FinalFit, command: str
) -> FittedTask:
    candidate = study.chosen.candidate
    shares = dict(zip((*candidate.sources, PRIVATE), map(float, final.shares), strict=True))
    return FittedTask(
        name=name,
        backbone=work.backbone.name,
        fingerprint=work.backbone.fingerprint,
        text_columns=work.examples.text_columns,
        label_column=label_col,
        spec=work.prepared.spec,
        candidate=candidate,
        steps=final.steps,
        shares=shares,
        source_digests={source: work.sources.digests[source] for source in candidate.sources},
        prompt_layer=work.sources.layer,
        prompt=final.prompt,
        private=final.private,
        leaning=final.leaning,
        prototypes=final.prototypes,
        readout=study.calibration.readout,
        held_out=study.calibration.answers,
        familiar=familiar(task.vectors, task.labels, len(work.examples.classes)),
        rows=len(work.examples),
        seed=task.seed,
        command=command,
        row_digests=tuple(row_digest(row.fields) for row in work.examples.rows),
    )
