"""A report as plain values for scripts: of what a study found, what the page shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.plain_json import finite

if TYPE_CHECKING:
    from crosspt_cli.evidence.outcome import Score, SourceWorth
    from crosspt_cli.report.report_data import Report


def report_dict(report: Report) -> dict[str, Any]:
    """Return a report for scripts; scores and shares are fractions, times seconds, unknown numbers None."""
    values = {
        "task": report.task,
        "backbone": report.backbone,
        "template": report.template,
        "rows": report.rows,
        "held_out_rows": report.held_out,
        "text_columns": report.text_columns,
        "label_column": report.label_column,
        "origin": asdict(report.origin),
        "accuracy": {
            **_score(report.score),
            "per_fold": report.score.per_fold,
            "corrected": asdict(report.corrected.accuracy),
            "why": report.corrected.why,
        },
        "verdict": report.verdict.sentence,
        "simpler": report.verdict.simpler,
        "methods": [
            {"name": name, **_score(each.score), "difference": asdict(each.difference), "outcome": each.outcome}
            for name, each in report.verdict.methods.items()
        ],
        "unlabelled": None if report.pool is None else asdict(report.pool),
        "sharing": report.sharing.sentence,
        "against_alone": _worth(report.sharing.against_alone),
        "classes": [asdict(each) for each in report.classes],
        "confusion": report.confusion,
        "confused": [asdict(each) for each in report.confused],
        "folds": report.folds,
        "seeds": report.seeds,
        "reason": report.reason,
        "shortened": report.shortened,
        "candidates": _candidates(report),
        "trials": report.trials,
        "cut_short": report.cut_short,
        "words_share": report.words_share,
        "attention": [
            {"name": name, "share": share, "worth": _worth(report.sharing.sources.get(name))}
            for name, share in report.attention.items()
        ],
        "calibration": {
            "confidence_before": report.calibration.confidence_before,
            "confidence": report.calibration.confidence,
            "temperature": report.calibration.temperature,
            "bins": [asdict(each) for each in report.bins],
            "targets": [asdict(each) for each in report.targets],
        },
        "curve": {
            "sentence": report.curve.sentence,
            "points": [asdict(each) for each in report.curve.points],
            "forecasts": [asdict(each) for each in report.curve.forecasts],
        },
        "hardest": [asdict(each) for each in report.hardest],
        "suspects": report.suspects,
        "texts_missing": report.texts_missing,
    }
    return finite(values)


def _candidates(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "name": str(each.candidate),
            "m": each.candidate.m,
            "method": each.candidate.method,
            "lr_ratio": each.candidate.lr_ratio,
            "state": each.state,
            "chosen": number == report.choice,
            "steps": each.steps,
            **_score(each.score),
            "per_fold": each.score.per_fold,
        }
        for number, each in enumerate(report.candidates)
    ]


def _score(score: Score) -> dict[str, Any]:
    return {"mean": score.mean, "se": score.se}


def _worth(source: SourceWorth | None) -> dict[str, Any] | None:
    return None if source is None else asdict(source.worth)
