"""Finished work as plain values: a dictionary for scripts, labelled lines for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.plain_json import finite
from crosspt_cli.foundation.records import plain
from crosspt_cli.foundation.words import counted, listed
from crosspt_cli.report.numbers import at_most, duration, expected, percent, with_error
from crosspt_cli.report.progress import rough_time

if TYPE_CHECKING:
    from crosspt_cli.data import Notice
    from crosspt_cli.evidence.outcome import StudyResult
    from crosspt_cli.evidence.trial import State
    from crosspt_cli.onboarding.onboard import Onboarded
    from crosspt_cli.onboarding.planning import OnboardingPlan
    from crosspt_cli.pretraining.pretrain import PretrainedBank

Line = tuple[str, str]
"""What it is, and what it is like."""

STATES: tuple[State, ...] = ("complete", "pruned", "failed")
SHOWN_CLASSES = 8
SHOWN_SUSPECTS = 5
LONG_S = 120  # longer than most people wait for a first answer


def onboarded_dict(done: Onboarded) -> dict[str, Any]:
    """Return a finished onboarding for scripts; scores are fractions, times seconds."""
    fitted, study, chosen = done.fitted, done.study, done.study.chosen
    candidate, verbalizer = fitted.candidate, fitted.spec.verbalizer
    result = {
        "task": done.task,
        "backbone": fitted.backbone,
        "rows": fitted.rows,
        "held_out_rows": len(chosen.score.correct),
        "classes": verbalizer.classes,
        "chosen": {
            "m": candidate.m,
            "sources": candidate.sources,
            "method": candidate.method,
            "lr_ratio": candidate.lr_ratio,
            "lr": candidate.lr,
            "attention_rate": candidate.attention_rate,
            "steps": fitted.steps,
            "planned_steps": chosen.steps,
            "words": candidate.words,
        },
        "cv": {
            "metric": fitted.spec.metric,
            "folds": study.folds,
            **plain(chosen.score),
            **plain(study.corrected),
        },
        "candidates": plain(study.candidates),
        "trials": {state: study.count(state) for state in STATES},
        "attention": dict(fitted.shares),
        "seconds": done.seconds,
        "peak_memory_mb": done.peak_memory_mb,
        "device": done.device,
        "dtype": done.dtype,
        "seed": fitted.seed,
        "budget": done.budget,
        "stopped_early": study.stopped_early,
        "curve_left_out": study.curve_left_out,
        "sources_left_out": study.sources_left_out,
        "shortened": study.shortened,
        "cut_short": _cut_short(done),
        "reason": study.reason,
        "readout": asdict(fitted.readout) | {"words_share": chosen.words_share},
        "baselines": plain(study.baselines),
        "verdict": plain(study.verdict),
        "sharing": plain(study.sharing),
        "calibration": plain(study.calibration),
        "learning_curve": plain(study.curve),
        "unlabelled": plain(study.pool),
        "suspects": [asdict(suspect) for suspect in done.suspects],
        "text_columns": fitted.text_columns,
        "label_column": fitted.label_column,
        "template": fitted.spec.template.name,
        "template_reason": done.reason,
        "label_words": dict(zip(verbalizer.classes, verbalizer.words, strict=True)),
        "notices": notice_dicts(done.notices),
        "notes": done.notes,
        "path": str(done.path),
    }
    return finite(result)


def plan_dict(plan: OnboardingPlan) -> dict[str, Any]:
    """Return what an onboarding would do, for scripts."""
    return finite({"dry_run": True} | vars(plan) | {"notices": notice_dicts(plan.notices)})


def notice_dicts(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """Return notices for scripts."""
    return [asdict(notice) for notice in notices]


def bank_dict(bank: PretrainedBank) -> dict[str, Any]:
    """Return a finished bank of source prompts for scripts."""
    return finite(asdict(bank))


def headline(done: Onboarded) -> str:
    """Return what was onboarded."""
    classes = counted(len(done.fitted.spec.verbalizer.classes), "class", "classes")
    return f"{done.task}: {counted(done.fitted.rows, 'row')}, {classes}, on the backbone {done.fitted.backbone}"


def score_rows(study: StudyResult) -> tuple[tuple[str, ...], ...]:
    """Return the chosen candidate and, the simplest last, what it is to be compared with on the same folds.

    Each with its held-out accuracy, its difference to the chosen candidate in percentage points, that one's interval,
    and what it says.
    """
    from crosspt_cli.evidence.intervals import points

    chosen = study.chosen.score
    rows = [("as chosen", with_error(chosen.mean, chosen.se), "", "", "")]
    for name, each in reversed(study.verdict.methods.items()):
        found, score = each.difference, each.score
        interval = f"{points(found.low)} to {points(found.high)}"
        rows.append((name, with_error(score.mean, score.se), points(found.value), interval, each.outcome))
    return tuple(rows)


def accuracy_text(study: StudyResult) -> str:
    """Return the accuracy to expect, and the one on held-out rows with the reason that it is another."""
    score, found = study.chosen.score, study.corrected.accuracy
    why = held_out_text(score.mean, score.se, study.corrected.why)
    said = f"{expected(found.value, found.low, found.high)}; {why}"
    return said if study.curve.hopeful else f"{said}; it may be no better than always answering one class"


def held_out_text(mean: float, se: float, why: str) -> str:
    """Return the accuracy on held-out rows, and why what is to be expected is another number."""
    return f"{with_error(mean, se)} of held-out rows right" + (f" ({why})" if why else "")


def correction_text(study: StudyResult) -> str:
    """Return the steps from the accuracy on held-out rows to the one to expect."""
    found = study.corrected
    return (
        f"{percent(study.chosen.score.mean)} of held-out rows; without the luck of the choice "
        f"{percent(found.out_of_bag)}; trained on all rows {percent(found.all_rows)}; together with what tasks usually "
        f"reach {percent(found.accuracy.value)}"
    )


def calibration_text(study: StudyResult) -> str:
    """Return the mean confidence on held-out rows beside how many are right, and what it was before."""
    made, right = study.calibration, percent(study.chosen.score.mean)
    now, before = percent(made.confidence), percent(made.confidence_before)
    return f"mean confidence {now} where {right} are right, {before} before calibration"


def choice_lines(done: Onboarded) -> tuple[Line, ...]:
    """Return what was chosen, why, and how good it is, in plain words."""
    study = done.study
    failed = study.count("failed")
    lines = (
        ("chosen", done.fitted.candidate.words),
        ("because", study.reason),
        ("cut short", _cut_short(done)),
        ("failed", f"{failed} of {counted(len(study.trials), 'trial')}; the others were used" if failed else ""),
        ("accuracy", accuracy_text(study)),
        ("sample", _sample(done)),
        ("unlabelled", study.pool.sentence if study.pool else ""),
        ("verdict", study.verdict.sentence),
        ("more rows", study.curve.sentence),
    )
    return tuple(line for line in lines if line[1])


def _sample(done: Onboarded) -> str:
    """Return of how many rows the scores are, where that is not all of them."""
    held_out, rows = len(done.study.chosen.score.correct), done.fitted.rows
    return "" if held_out == rows else f"all scores are of {held_out:,} of the {rows:,} rows"


def detail_lines(done: Onboarded) -> tuple[Line, ...]:
    """Return what those want to know who know the method."""
    fitted, study = done.fitted, done.study
    lines = (
        (
            "candidate",
            f"{fitted.candidate}, {counted(fitted.steps, 'step')}" if fitted.steps else str(fitted.candidate),
        ),
        ("attention", attention_text(fitted.shares) if fitted.candidate.has_shares else ""),
        ("answers from", readout_text(study.chosen.words_share)),
        ("correction", correction_text(study)),
        ("calibration", calibration_text(study)),
        ("sharing", study.sharing.sentence),
    )
    return tuple(line for line in lines if line[1])


def _cut_short(done: Onboarded) -> str:
    from crosspt_cli.onboarding.record import cut_short

    return cut_short(done.study, done.fitted.steps)


def attention_text(shares: Any) -> str:
    """Return the attention shares, largest first, the private prompt's last."""
    sources = sorted(((name, share) for name, share in shares.items() if name != "private"), key=lambda item: -item[1])
    named = [*sources, ("private prompt", shares["private"])] if shares.get("private") else sources
    return ", ".join(f"{name} {percent(share)}" for name, share in named)


def readout_text(words_share: float) -> str:
    """Return how much of an answer comes from label words and how much from prototypes."""
    if words_share == 1:
        return "label words alone"
    if words_share == 0:
        return "prototypes alone (similarity to each class's mean)"
    return f"label words {percent(words_share)}, prototypes {percent(1 - words_share)}"


def suspect_lines(done: Onboarded) -> tuple[Line, ...]:
    """Return the rows that are probably labelled wrongly, the surest few of them; nothing where there is none."""
    if not done.suspects:
        return ()
    shown = [
        f"{each.file}:{each.line} is '{each.given[:40]}', looks like '{each.likely[:40]}' ({percent(each.confidence)})"
        for each in done.suspects[:SHOWN_SUSPECTS]
    ]
    more = len(done.suspects) - len(shown)
    rest = [f"and {more:,} more; --json lists all"] if more else []
    head = f"{counted(len(done.suspects), 'row looks', 'rows look')} mislabelled to the held-out folds:"
    return (("check labels", "\n".join([head, *shown, *rest])),)


def task_lines(done: Onboarded) -> tuple[Line, ...]:
    """Return how the task is put to the backbone, what it cost, and where it lies."""
    verbalizer = done.fitted.spec.verbalizer
    cost = f"{duration(done.seconds)} on {done.device} ({done.dtype}){at_most(done.peak_memory_mb)}"
    return (
        ("template", done.reason or repr(done.fitted.spec.template.name)),
        ("label words", words_text(verbalizer.classes, verbalizer.words)),
        ("time", cost),
        ("saved", str(done.path)),
    )


def words_text(classes: Sequence[str], words: Sequence[str]) -> str:
    """Return each class with its label words, once where they are the same."""
    pairs = [label if label == said else f"{label} → {said}" for label, said in zip(classes, words, strict=True)]
    return listed(pairs, SHOWN_CLASSES)


def next_command(task: str, text_columns: Sequence[str]) -> str:
    """Return what to type next."""
    return f"crosspt predict --task {shlex.quote(task)}" + ' --text "…"' * len(text_columns)


def plan_lines(plan: OnboardingPlan) -> tuple[Line, ...]:
    """Return what an onboarding would do."""
    counts = [f"{name} {count:,}" for name, count in plan.class_counts.items()]
    cost = f"{rough_time(plan.seconds)} at most, and about {plan.memory_mb:,.0f} MB, on {plan.device}"
    tried = f"{counted(len(plan.candidates), 'candidate')} × {counted(plan.folds, 'fold')}"
    return (
        ("classes", f"{len(plan.classes)}: {listed(counts, SHOWN_CLASSES)}"),
        ("texts", ", ".join(plan.text_columns)),
        ("backbone", plan.backbone),
        ("template", plan.reason or repr(plan.template)),
        ("label words", words_text(tuple(plan.label_words), tuple(plan.label_words.values()))),
        ("to try", f"{tried}: {counted(plan.trials, 'trial')}, {counted(plan.steps, 'trial-step')} at most"),
        ("candidates", "; ".join(plan.candidates)),
        ("would take", f"{cost}: estimates, from a few steps on these rows"),
        *((("faster", faster_text(plan.budget, plan.backbone)),) if plan.seconds > LONG_S else ()),
    )


def faster_text(budget: str, backbone: str, limited: bool = False) -> str:
    """Return what to add to the command for a faster onboarding; "" where nothing is left to add.

    Args:
        budget, backbone: of the command.
        limited: whether it has a time limit already.
    """
    ways = [] if budget == "quick" else ["--budget quick"]
    ways += ["--backbone mini-fast"] if backbone == "mini" else []
    return " or ".join([*ways, *([] if limited else ["--max-time 2m, which ends the search early"])])


def slow_text(seconds: float, budget: str, backbone: str, limited: bool) -> str:
    """Return what to tell of an onboarding that takes so long; "" where nobody minds."""
    faster = faster_text(budget, backbone, limited)
    return f"This should take {rough_time(seconds)}.{faster and f' Faster: {faster}.'}" if seconds > LONG_S else ""


def bank_rows(bank: PretrainedBank) -> tuple[tuple[str, ...], ...]:
    """Return a row per source: name, task, accuracy, most frequent class, held-out rows, attention to itself."""
    return tuple(
        (
            each.name,
            each.task,
            percent(each.accuracy),
            percent(each.majority),
            f"{each.rows:,}",
            percent(each.own_share),
        )
        for each in bank.sources
    )
