"""Onboard a task: from a CSV to a fitted task in the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosspt_cli.data import Notice, Paths, Unlabelled, file_names, row_digest, unlabelled_names
from crosspt_cli.evidence.judge import find_readouts
from crosspt_cli.evidence.outcome import StudyResult
from crosspt_cli.evidence.trial import Fold
from crosspt_cli.evidence.unusual import familiar
from crosspt_cli.foundation.arguments import as_names
from crosspt_cli.foundation.methods import MIXTURE
from crosspt_cli.foundation.progress import Progress, Whole, no_progress
from crosspt_cli.foundation.records import plain
from crosspt_cli.onboarding.command import onboarding_command
from crosspt_cli.onboarding.estimate import first_estimate
from crosspt_cli.onboarding.fitted import MOST_KEPT, PRIVATE, SUMMARY_FILE, FittedTask, SeenRows, save_fitted
from crosspt_cli.onboarding.record import study_files
from crosspt_cli.onboarding.report_record import made_on, report_files
from crosspt_cli.onboarding.settings import Settings
from crosspt_cli.onboarding.study_input import ranked_task, read_task
from crosspt_cli.onboarding.suspect_labels import SuspectLabel, suspect_labels
from crosspt_cli.onboarding.work import Work, candidates_of, open_work, stages_of, task_name
from crosspt_cli.registry import Registry
from crosspt_cli.search.final import FinalFit, fit_final
from crosspt_cli.search.folds import spread_rows
from crosspt_cli.search.pace import time_is_up
from crosspt_cli.search.study import run_study
from crosspt_cli.search.trials import StudyTask

HELD = 1.1  # times a limit that count as holding it


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


def onboard(
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
    started: float | None = None,
    summarise: Callable[[Onboarded], str] | None = None,
    expected: Callable[[float], None] = lambda seconds: None,
) -> Onboarded:
    """Return the task just onboarded and saved.

    Args:
        path: labelled rows: CSV, TSV, JSONL, Parquet or ``hf:NAME``; or several of them, taken together.
        label_col: the column of labels.
        text_cols: the columns of texts; found when empty.
        unlabelled: rows without labels, as `path` or text files, any number of rows; in columns of the same names.
        ignore_unlabelled: leave out rows of `path` with a blank label, which otherwise are rows without labels.
        name: of the task; default the first file's.
        template, label_map: a template's name or file, default the one that fits; old label → new.
        label_words: label, by its new name → the words that it is answered with.
        backbone: name, folder or hub id.
        budget, max_seconds: ``quick``, ``normal`` or ``thorough``; be done in so many seconds, with what was found.
        folds, seed: of the cross-validation, default the budget's; of all that is drawn.
        ms, lr_ratios: numbers of sources and learning-rate ratios to try.
        prompt_layer: the encoder layer before which prompts enter; default the source prompts'.
        method: what is trained: ``mixture``, or ``layers`` for a private prompt at every layer.
        readout: ``auto``, ``label-words``, ``prototypes`` or ``both``.
        drop_rare, replace: leave classes with too few rows out; replace a task of that name.
        device, dtype: as for `Predictor.open`.
        registry: default the person's.
        progress: told how far it all is, in trial-steps or what takes as long.
        started: `time.monotonic()` from which `max_seconds` counts; default now.
        summarise: makes the text that is kept with the task for `crosspt registry show`.
        expected: told how many more seconds it should take, as soon as the rows were read.

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
        text_cols=as_names(text_cols), unlabelled=unlabelled_names(unlabelled), ignore_unlabelled=ignore_unlabelled,
        name=name, template=template, label_map=label_map, label_words=label_words,
        backbone=backbone, budget=budget, max_seconds=max_seconds, folds=folds, ms=ms, lr_ratios=lr_ratios,
        prompt_layer=prompt_layer, method=method, readout=readout, drop_rare=drop_rare, replace=replace,
        device=device, dtype=dtype, seed=seed,
    )  # fmt: skip
    registry = registry or Registry.open()
    name = task_name(path, name)
    progress = Whole(progress)
    with ExitStack() as held:
        registry.ensure_writable()
        held.enter_context(registry.reserve_task(name, chosen.replace))
        work = open_work(path, label_col, unlabelled, chosen, registry, progress)
        deadline = None if chosen.max_seconds is None else (started or began) + chosen.max_seconds
        task, study, final = _search_and_fit(work, chosen, deadline, progress, expected)
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
            notes=work.notes + _exceeded(chosen.max_seconds, time.monotonic() - (started or began)),
            reason=work.prepared.reason,
            budget=chosen.budget,
            device=made.device,
            dtype=made.dtype,
            seconds=made.seconds,
            peak_memory_mb=made.peak_memory_mb,
            suspects=suspect_labels(study.suspects, work.searched),
        )
        files = study_files(study) | report_files(made, work.searched, study)
        files |= {SUMMARY_FILE: summarise(done)} if summarise else {}
        save_fitted(fitted, files, registry, chosen.replace, {"accuracy": plain(study.corrected)})
    return done


def _exceeded(limit: float | None, seconds: float) -> tuple[str, ...]:
    """Return a sentence where an onboarding took clearly more than its limit."""
    if limit is None or seconds <= HELD * limit:
        return ()
    least = "ranking, one scoring of every candidate and the last fit take as long here"
    return (f"It took {seconds:.0f} s, more than the limit of {limit:.0f} s: {least}.",)


def _search_and_fit(
    work: Work, chosen: Settings, deadline: float | None, progress: Whole, expected: Callable[[float], None]
) -> tuple[StudyTask, StudyResult, FinalFit]:
    sample, names = work.sample, work.sources.names
    read = read_task(
        work.examples,
        work.backbone,
        work.prepared,
        work.sources,
        chosen.seed,
        work.near_copies.distinct,
        work.unlabelled.rows,
        work.unlabelled.possible,
    )
    stages = stages_of(work, *candidates_of(work, chosen, names))
    progress.plan(stages)
    ahead = first_estimate(read, sum(stage.work for stage in stages), chosen.method)
    if deadline is not None:
        ahead = min(ahead, max(0.0, deadline - time.monotonic()))
    expected(ahead)
    progress("ranking", 0, 1)
    task = ranked_task(read, names, [Fold(sample[fold.train], sample[fold.held_out]) for fold in work.folds])
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, np.arange(len(task.labels)))]
    candidates, rungs = candidates_of(work, chosen, ranked)
    if deadline is not None and time.monotonic() > deadline:
        raise time_is_up()
    study = run_study(
        task.part(sample),
        candidates,
        work.folds,
        work.budget.seeds,
        rungs,
        find_readouts(chosen.readout),
        work.budget.curve,
        deadline,
        progress,
        len(work.examples),
    )
    result = study.chosen
    mass = study.pool.mass if study.pool else 0.0
    final = fit_final(task, result.candidate, result.steps, rungs[-1].steps, deadline, progress, mass)
    return task, study, final


def _fitted(
    name: str, label_col: str, work: Work, task: StudyTask, study: StudyResult, final: FinalFit, command: str
) -> FittedTask:
    candidate = study.chosen.candidate
    shares = dict(zip((*candidate.shared, PRIVATE), map(float, final.shares), strict=True))
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
        own=final.own,
        bias=final.bias,
        prototypes=final.prototypes,
        readout=study.readout,
        held_out=study.calibration.answers,
        familiar=familiar(task.vectors, task.labels, len(work.examples.classes)),
        rows=len(work.examples),
        seed=task.seed,
        command=command,
        row_digests=_digests(work),
        unlabelled=_seen(work, study),
        labelled=final.labelled.take(spread_rows(task.labels, max(MOST_KEPT, len(work.examples.classes)))),
    )


def _digests(work: Work) -> tuple[str, ...]:
    """Return the rows' digests, those first that candidates were compared on: they are the rows that reports know."""
    others = np.setdiff1d(np.arange(len(work.examples)), work.sample)
    return tuple(row_digest(work.examples.rows[row].fields) for row in (*work.sample, *others))


def _seen(work: Work, study: StudyResult) -> SeenRows | None:
    """Return the rows without labels that prototypes have learned from; None where they do not count."""
    if study.pool is None or not study.pool.mass:
        return None
    return SeenRows(study.pool.rows, study.pool.possible, work.unlabelled.digest)
