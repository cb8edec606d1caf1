"""Everything a report says, as plain values; all of it comes from what is stored with the task."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosspt_cli.evidence.outcome import HeldOutAnswers
from crosspt_cli.evidence.promise import find_promise, rows_needed
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.onboarding.command import replacing
from crosspt_cli.onboarding.fitted import PRIVATE, FittedTask, read_fitted
from crosspt_cli.onboarding.record import STUDY_FILE, cut_short
from crosspt_cli.onboarding.report_record import Made, RowRecord, read_report_files
from crosspt_cli.registry import Registry, StoredTask
from crosspt_cli.report.held_out_numbers import (
    GRID,
    Bin,
    ClassNumbers,
    Confused,
    Estimate,
    HardRow,
    class_numbers,
    confused_pairs,
    confusion_of,
    hard_row,
    hard_rows,
    reliability,
)
from crosspt_cli.report.report_verdict import Method, read_method, verdict_sentence
from crosspt_cli.report.row_texts import read_row_texts

TARGETS = (0.8, 0.9, 0.95, 0.99)
TEXT_SHOWN = 300  # characters of a row
OLD_WHY = "the best of many looks better than it is"


@dataclass(frozen=True)
class Origin:
    """Where a task comes from: the command line that made it, when (UTC), by which version, and from which seed."""

    command: str
    created: str
    crosspt_version: str
    seed: int
    made: Made


@dataclass(frozen=True)
class Accuracy:
    """Cross-validated accuracy with its standard error, per fold, and what to expect; `why` that is another number."""

    mean: float
    se: float
    per_fold: tuple[float, ...]
    corrected: Estimate
    why: str


@dataclass(frozen=True)
class Tried:
    """A candidate: what it was, how it ended, and its held-out accuracy over all rows and on each fold.

    `name`: all of its choices, in short · `state`: ``"complete"``, ``"pruned"`` or ``"failed"`` · `steps`: at which it
    was best.
    """

    name: str
    m: int
    lr_ratio: float
    state: str
    chosen: bool
    steps: int
    mean: float | None
    se: float | None
    per_fold: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """The `mean`; ValueError of a candidate that has none, because it failed."""
        if self.mean is None:
            raise ValueError(f"{self.name} has no accuracy: it {self.state}")
        return self.mean


@dataclass(frozen=True)
class SourceShare:
    """How much of the target prompt comes from a source, or from the private prompt, and what it is worth."""

    name: str
    share: float
    worth: Estimate | None


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
class CalibrationNumbers:
    """Mean held-out confidence, before and after calibration, the reliability of confidences, and what they promise."""

    confidence_before: float
    confidence: float
    temperature: float
    bins: tuple[Bin, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Point:
    """Held-out accuracy of prompts that were trained on `rows` rows, and its standard error."""

    rows: float
    accuracy: float
    se: float


@dataclass(frozen=True)
class MoreRows:
    """What `rows` more rows should gain, a difference of accuracies."""

    rows: int
    gain: Estimate


@dataclass(frozen=True)
class Curve:
    """How accuracy grows with rows, what more of them should bring, and that in a sentence."""

    sentence: str
    points: tuple[Point, ...]
    forecasts: tuple[MoreRows, ...]


@dataclass(frozen=True)
class Report:
    """What a person should know of a task; scores and shares are fractions, times seconds.

    Attributes:
        task, backbone, template: names.
        rows: it was made of.
        text_columns, label_column: names.
        origin: how to make it again.
        accuracy: of the chosen candidate on held-out rows.
        verdict, simpler, methods: the sentence, the simplest method that is as good, and all of them, simplest first.
        sharing, against_alone: the sentence, and what sharing is worth over a private prompt alone.
        classes: each with its numbers, in the order of the labels.
        confusion: given by answered, [C, C]; None where there are more than `GRID` classes.
        confused: the pairs of classes most often confused.
        folds, seeds: of the study.
        reason: why the chosen candidate was chosen.
        candidates: all that was tried.
        trials: how many ended how.
        cut_short: what the time limit cut short, as a sentence; empty where nothing was.
        words_share: how much of an answer comes from label words.
        attention: the largest share first, the private prompt last.
        calibration: what confidences are worth.
        curve: what more rows should bring.
        hardest: rows whose given label is least probable, with the suspects beyond them.
        suspects: how many rows are probably labelled wrongly.
        texts_missing: for each file whose rows have no texts here, why.
    """

    task: str
    backbone: str
    template: str
    rows: int
    text_columns: tuple[str, ...]
    label_column: str
    origin: Origin
    accuracy: Accuracy
    verdict: str
    simpler: str | None
    methods: tuple[Method, ...]
    sharing: str
    against_alone: Estimate | None
    classes: tuple[ClassNumbers, ...]
    confusion: tuple[tuple[float, ...], ...] | None
    confused: tuple[Confused, ...]
    folds: int
    seeds: int
    reason: str
    candidates: tuple[Tried, ...]
    trials: dict[str, int]
    cut_short: str
    words_share: float
    attention: tuple[SourceShare, ...]
    calibration: CalibrationNumbers
    curve: Curve
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
        >>> make_report("reviews").accuracy.mean  # doctest: +SKIP
        0.9062
    """
    stored = (registry or Registry.open()).load_task(task)
    fitted = read_fitted(stored)
    record = json.loads(stored.files[STUDY_FILE])
    try:
        made, rows = read_report_files(stored)
        curve = _curve(record["learning_curve"])
    except KeyError as error:
        problem = "keeps nothing that a report could be made of: an earlier crosspt onboarded it."
        raise IntegrityError(
            f"task '{task}'", problem, f"Onboard it again: {replacing(fitted.command, task)}"
        ) from error
    return _report(stored, fitted, record, made, rows, curve)


def _report(
    stored: StoredTask, fitted: FittedTask, record: Mapping[str, Any], made: Made, rows: RowRecord, curve: Curve
) -> Report:
    verbalizer, verdict, sharing = fitted.spec.verbalizer, record["verdict"], record["sharing"]
    chosen, counts = record["candidates"][record["choice"]], confusion_of(rows)
    against, hardest = sharing["against_alone"], hard_rows(rows)
    texts = read_row_texts(rows, fitted, hardest)
    return Report(
        task=stored.name,
        backbone=fitted.backbone,
        template=fitted.spec.template.name,
        rows=fitted.rows,
        text_columns=fitted.text_columns,
        label_column=fitted.label_column,
        origin=Origin(fitted.command, stored.created, stored.crosspt_version, fitted.seed, made),
        accuracy=Accuracy(
            chosen["mean"],
            chosen["se"],
            tuple(chosen["per_fold"]),
            Estimate(record["corrected"], *record["interval"]),
            record.get("why", OLD_WHY),
        ),
        verdict=verdict_sentence(verdict),
        simpler=verdict["simpler"],
        methods=tuple(read_method(name, each) for name, each in verdict["methods"].items()),
        sharing=sharing["sentence"],
        against_alone=_worth(against) if against else None,
        classes=class_numbers(counts, verbalizer.classes, verbalizer.words),
        confusion=tuple(map(tuple, counts.tolist())) if len(counts) <= GRID else None,
        confused=confused_pairs(counts, verbalizer.classes),
        folds=record["folds"],
        seeds=len(rows.shares),
        reason=record["reason"],
        candidates=tuple(_tried(each, number == record["choice"]) for number, each in enumerate(record["candidates"])),
        trials=dict(Counter(trial["state"] for trial in record["trials"])),
        cut_short=cut_short(
            record["stopped_early"],
            record.get("curve_left_out", False),  # tasks of earlier versions do not say
            fitted.steps,
            record["candidates"][record["choice"]]["steps"],
        ),
        words_share=chosen["readout"]["words_share"],
        attention=_attention(fitted.shares, sharing["sources"]),
        calibration=_calibration(record["calibration"], fitted.held_out, rows),
        curve=curve,
        hardest=tuple(hard_row(rows, row, verbalizer.classes, _shortened(texts.texts.get(row))) for row in hardest),
        suspects=len(rows.suspects),
        texts_missing=texts.missing,
    )


def _worth(record: Mapping[str, Any]) -> Estimate:
    return Estimate(record["worth"], *record["interval"])


def _tried(record: Mapping[str, Any], chosen: bool) -> Tried:
    return Tried(
        name=str(Candidate(tuple(record["sources"]), record["lr_ratio"])),
        m=record["m"],
        lr_ratio=record["lr_ratio"],
        state=record["state"],
        chosen=chosen,
        steps=record["steps"],
        mean=record["mean"],
        se=record["se"],
        per_fold=tuple(record["per_fold"]),
    )


def _attention(shares: Mapping[str, float], worth: Mapping[str, Any]) -> tuple[SourceShare, ...]:
    order = sorted(shares, key=lambda name: (name == PRIVATE, -shares[name]))
    return tuple(
        SourceShare(name, shares[name], _worth(worth[name]) if name in worth else None)
        for name in order
        if name != PRIVATE or shares[name]
    )


def _calibration(record: Mapping[str, Any], answers: HeldOutAnswers, rows: RowRecord) -> CalibrationNumbers:
    return CalibrationNumbers(
        confidence_before=record["confidence_before"],
        confidence=record["confidence"],
        temperature=record["temperature"],
        bins=reliability(rows),
        targets=tuple(_target(answers, accuracy) for accuracy in TARGETS),
    )


def _curve(record: Mapping[str, Any]) -> Curve:
    return Curve(
        sentence=record["sentence"],
        points=tuple(Point(each["rows"], each["accuracy"], each["se"]) for each in record["points"]),
        forecasts=tuple(
            MoreRows(each["rows"], Estimate(each["gain"], *each["interval"])) for each in record["forecasts"]
        ),
    )


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
