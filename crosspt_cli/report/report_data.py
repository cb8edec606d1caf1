"""Everything a report says; all of it comes from what is stored with the task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from crosspt_cli.evidence.forecast import LearningCurve
from crosspt_cli.evidence.outcome import (
    Calibration,
    CandidateResult,
    Corrected,
    HeldOutAnswers,
    PoolWorth,
    Score,
    Sharing,
    StudyResult,
    Verdict,
)
from crosspt_cli.evidence.promise import find_promise, rows_needed
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.onboarding.command import replacing
from crosspt_cli.onboarding.fitted import PRIVATE, FittedTask, read_fitted
from crosspt_cli.onboarding.record import cut_short, read_study
from crosspt_cli.onboarding.report_record import Made, RowRecord, read_report_files
from crosspt_cli.registry import Registry, StoredTask
from crosspt_cli.report.held_out_numbers import (
    GRID,
    Bin,
    ClassNumbers,
    Confused,
    HardRow,
    class_numbers,
    confused_pairs,
    confusion_of,
    hard_row,
    hard_rows,
    reliability,
)
from crosspt_cli.report.row_texts import read_row_texts

TARGETS = (0.8, 0.9, 0.95, 0.99)
TEXT_SHOWN = 300  # characters of a row


@dataclass(frozen=True)
class Origin:
    """Where a task comes from: the command line that made it, when (UTC), by which version, and from which seed."""

    command: str
    created: str
    crosspt_version: str
    seed: int
    made: Made


@dataclass(frozen=True)
class Target:
    """What `--target-accuracy` would do: its threshold and the share of held-out rows it answers.

    Where it cannot be promised both are None, and `rows_needed` is about how many labelled rows it would take, if any
    number is known.
    """

    accuracy: float
    threshold: float | None
    answered: float | None
    rows_needed: int | None


@dataclass(frozen=True)
class Report:
    """What a person should know of a task; scores and shares are fractions, times seconds.

    Attributes:
        task, backbone, template: names.
        rows: it was made of.
        held_out: rows that were held out of a fold, each once; where there are many, a sample of them.
        text_columns, label_column: names.
        origin: how to make it again.
        score: of the chosen candidate on held-out rows.
        corrected: what to expect of it.
        verdict: what is said of simpler methods.
        sharing: what sources are worth.
        pool: what rows without labels were worth; None where there were none.
        classes: each with its numbers, in the order of the labels.
        confusion: given by answered, [C, C]; None where there are more than `GRID` classes.
        confused: the pairs of classes most often confused.
        folds, seeds: of the study.
        choice, reason: index of the chosen candidate, and why it was chosen.
        shortened: whether candidates read long texts shortened, all but the chosen one and the best without sources.
        candidates: all that was tried.
        trials: how many ended how.
        cut_short: what the time limit cut short, as a sentence; empty where nothing was.
        words_share: how much of an answer comes from label words.
        attention: source → its share of the target prompt, the largest first, the private prompt last.
        calibration: what it did to confidences.
        bins: held-out rows by confidence.
        targets: what confidences promise.
        curve: what more rows should bring.
        hardest: rows whose given label is least probable, with the suspects beyond them.
        suspects: how many rows are probably labelled wrongly.
        texts_missing: for each file whose rows have no texts here, why.
    """

    task: str
    backbone: str
    template: str
    rows: int
    held_out: int
    text_columns: tuple[str, ...]
    label_column: str
    origin: Origin
    score: Score
    corrected: Corrected
    verdict: Verdict
    sharing: Sharing
    pool: PoolWorth | None
    classes: tuple[ClassNumbers, ...]
    confusion: tuple[tuple[float, ...], ...] | None
    confused: tuple[Confused, ...]
    folds: int
    seeds: int
    choice: int
    reason: str
    shortened: bool
    candidates: tuple[CandidateResult, ...]
    trials: dict[str, int]
    cut_short: str
    words_share: float
    attention: dict[str, float]
    calibration: Calibration
    bins: tuple[Bin, ...]
    targets: tuple[Target, ...]
    curve: LearningCurve
    hardest: tuple[HardRow, ...]
    suspects: int
    texts_missing: tuple[str, ...]


def make_report(task: str, registry: Registry | None = None) -> Report:
    """Return what there is to say of a task; nothing is computed on a backbone.

    Args:
        task: its name.
        registry: default the person's.

    Raises:
        NotFound: there is no such task.
        IntegrityError: its files are damaged, or were written before a task kept what a report needs.

    Example:
        >>> make_report("reviews").score.mean  # doctest: +SKIP
        0.9062
    """
    stored = (registry or Registry.open()).load_task(task)
    fitted = read_fitted(stored)
    try:
        study, (made, rows) = read_study(stored), read_report_files(stored)
    except (KeyError, ValueError) as error:
        problem = "keeps nothing that a report could be made of: an earlier crosspt onboarded it."
        if isinstance(error, ValueError):
            problem = f"keeps what this crosspt cannot read: {error}."
        raise IntegrityError(
            f"task '{task}'", problem, f"Onboard it again: {replacing(fitted.command, task)}"
        ) from error
    return _report(stored, fitted, study, made, rows)


def _report(stored: StoredTask, fitted: FittedTask, study: StudyResult, made: Made, rows: RowRecord) -> Report:
    verbalizer, counts, hardest = fitted.spec.verbalizer, confusion_of(rows), hard_rows(rows)
    texts = read_row_texts(rows, fitted, hardest)
    return Report(
        task=stored.name,
        backbone=fitted.backbone,
        template=fitted.spec.template.name,
        rows=fitted.rows,
        held_out=len(rows.label),
        text_columns=fitted.text_columns,
        label_column=fitted.label_column,
        origin=Origin(fitted.command, stored.created, stored.crosspt_version, fitted.seed, made),
        score=study.chosen.score,
        corrected=study.corrected,
        verdict=study.verdict,
        sharing=study.sharing,
        pool=study.pool,
        classes=class_numbers(counts, verbalizer.classes, verbalizer.words),
        confusion=tuple(map(tuple, counts.tolist())) if len(counts) <= GRID else None,
        confused=confused_pairs(counts, verbalizer.classes),
        folds=study.folds,
        seeds=len(rows.shares),
        choice=study.choice,
        reason=study.reason,
        shortened=study.shortened,
        candidates=study.candidates,
        trials=dict(Counter(trial.state for trial in study.trials)),
        cut_short=cut_short(study, fitted.steps),
        words_share=study.chosen.words_share,
        attention=_attention(fitted.shares),
        calibration=study.calibration,
        bins=reliability(rows),
        targets=tuple(_target(fitted.held_out, accuracy) for accuracy in TARGETS),
        curve=study.curve,
        hardest=tuple(hard_row(rows, row, verbalizer.classes, _shortened(texts.texts.get(row))) for row in hardest),
        suspects=len(rows.suspects),
        texts_missing=texts.missing,
    )


def _attention(shares: Mapping[str, float]) -> dict[str, float]:
    order = sorted(shares, key=lambda name: (name == PRIVATE, -shares[name]))
    return {name: shares[name] for name in order if name != PRIVATE or shares[name]}


def _target(answers: HeldOutAnswers, accuracy: float) -> Target:
    try:
        promise = find_promise(answers, accuracy)
    except OptionError:
        return Target(accuracy, None, None, rows_needed(answers, accuracy))
    return Target(accuracy, round(promise.threshold, 4), round(promise.accepted / promise.rows, 4), None)


def _shortened(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if texts is None:
        return None
    most = TEXT_SHOWN // len(texts)
    return tuple(text if len(text) <= most else f"{text[: most - 1].rstrip()}…" for text in texts)
