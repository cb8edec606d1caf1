"""The study as files beside the task: what was tried, how every trial did, and its held-out predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosspt_cli.evidence.corrected import why_other
from crosspt_cli.evidence.forecast import LearningCurve
from crosspt_cli.evidence.outcome import (
    Calibration,
    CandidateResult,
    Corrected,
    Score,
    Sharing,
    SourceWorth,
    StudyResult,
    Verdict,
)
from crosspt_cli.evidence.trial import TrialResult
from crosspt_cli.foundation.plain_json import finite, to_json
from crosspt_cli.registry import dump_arrays

STUDY_FILE = "study.json"
PREDICTIONS_FILE = "study.safetensors"


def study_files(study: StudyResult) -> dict[str, str | bytes]:
    """Return the record of a study, by file name.

    `study.json` holds what a person reads; `study.safetensors` holds, per trial, the held-out rows' indices, label
    words' log-likelihoods and similarity to prototypes, both [h, C], from which how each trial stood when it ended can
    be computed again.
    """
    document = {
        "choice": study.choice,
        "reason": study.reason,
        "folds": study.folds,
        "stopped_early": study.stopped_early,
        "curve_left_out": study.curve_left_out,
        "seconds": round(study.seconds, 2),
        "candidates": [candidate_record(result) for result in study.candidates],
        "baselines": {name: score_record(score) for name, score in study.baselines.items()},
        **corrected_record(study.corrected, study.chosen.score.mean),
        "verdict": verdict_record(study.verdict),
        "sharing": sharing_record(study.sharing),
        "calibration": calibration_record(study.calibration),
        "learning_curve": curve_record(study.curve),
        "sources": [{"name": rank.name, "loss": round(rank.loss, 4)} for rank in study.ranks],
        "trials": [_trial_record(trial) for trial in study.trials],
    }
    arrays = {}
    for number, trial in enumerate(study.trials):
        arrays[f"{number}.rows"] = trial.held_out.astype(np.float32)
        arrays[f"{number}.nats"] = np.nan_to_num(trial.nats, nan=0.0, posinf=0.0, neginf=-1e4)
        arrays[f"{number}.nearness"] = np.nan_to_num(trial.similarity)
        arrays[f"{number}.leaning"] = np.nan_to_num(trial.bias)
    return {STUDY_FILE: to_json(finite(document), indent=1), PREDICTIONS_FILE: dump_arrays(arrays)}


def cut_short(stopped_early: bool, curve_left_out: bool, steps: int, planned: int) -> str:
    """Return what the time limit cut short as a sentence; "" where nothing was.

    Args:
        stopped_early: whether it ended the search.
        curve_left_out: whether nothing was trained for the learning curve.
        steps: of the final fit.
        planned: steps that the final fit should have had.
    """
    parts = ["the search ended early"] if stopped_early else []
    parts += ["no learning curve was trained"] if curve_left_out else []
    parts += [f"the final fit has {steps:,} of {planned:,} steps"] if steps < planned else []
    return f"The time was up: {', '.join(parts)}." if parts else ""


def candidate_record(result: CandidateResult) -> dict[str, Any]:
    """Return a candidate's result as plain values."""
    return {
        "m": result.candidate.m,
        "sources": list(result.candidate.sources),
        "lr_ratio": result.candidate.lr_ratio,
        "lr": result.candidate.lr,
        "state": result.state,
        "steps": result.steps,
        "readout": {
            "weight": result.readout.weight,
            "words": result.readout.words,
            "words_share": round(result.words_share, 3),
        },
        **score_record(result.score),
        "utility": round(float(result.utility.mean()), 4),
    }


def score_record(score: Score) -> dict[str, Any]:
    """Return a held-out score as plain values, fractions 0 to 1."""
    return {
        "mean": round(score.mean, 4),
        "se": round(score.se, 4),
        "per_fold": [round(fold, 4) for fold in score.per_fold],
        "log_likelihood": round(score.nats, 4),
    }


def corrected_record(corrected: Corrected, raw: float) -> dict[str, Any]:
    """Return the corrected score, its 90 % interval and the steps to it as plain values, fractions 0 to 1.

    `why`: the reason that it is not `raw`, the accuracy on held-out rows.
    """
    return {
        "corrected": round(corrected.mean, 4),
        "interval": [round(corrected.low, 4), round(corrected.high, 4)],
        "out_of_bag": round(corrected.out_of_bag, 4),
        "all_rows": round(corrected.all_rows, 4),
        "why": why_other(raw, corrected),
    }


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """Return how simpler methods compare as plain values; a difference is the method's accuracy minus the chosen's."""
    methods = {
        name: {
            **score_record(each.score),
            "outcome": each.outcome,
            "difference": round(each.difference, 4),
            "interval": [round(each.low, 4), round(each.high, 4)],
        }
        for name, each in verdict.methods.items()
    }
    return {"simpler": verdict.simpler, "sentence": verdict.sentence, "methods": methods}


def sharing_record(sharing: Sharing) -> dict[str, Any]:
    """Return what sources are worth as plain values; worth is a difference of accuracies."""
    against = sharing.against_alone
    return {
        "sentence": sharing.sentence,
        "against_alone": None if against is None else _worth_record(against),
        "sources": {each.name: _worth_record(each) for each in sharing.sources},
    }


def _worth_record(worth: SourceWorth) -> dict[str, Any]:
    return {"worth": round(worth.points, 4), "interval": [round(worth.low, 4), round(worth.high, 4)]}


def calibration_record(calibration: Calibration) -> dict[str, Any]:
    """Return mean confidence, 0 to 1, and log-likelihood on held-out rows, before and after, as plain values."""
    return {
        "temperature": round(calibration.readout.temperature, 4),
        "confidence_before": round(calibration.before, 4),
        "confidence": round(calibration.after, 4),
        "log_likelihood_before": round(calibration.nats_before, 4),
        "log_likelihood": round(calibration.nats_after, 4),
    }


def curve_record(curve: LearningCurve) -> dict[str, Any]:
    """Return a learning curve and its forecasts as plain values; accuracies and their differences are fractions.

    `rate` is the log share of wrong answers that stays when rows are doubled.
    """
    return {
        "sentence": curve.sentence,
        "points": [
            {"rows": round(each.rows, 1), "accuracy": round(each.accuracy, 4), "se": round(each.se, 4)}
            for each in curve.points
        ],
        "wrong": round(curve.wrong, 4),
        "rate": {"mean": round(curve.rate, 4), "se": round(curve.error, 4)},
        "forecasts": [
            {"rows": each.rows, "gain": round(each.gain, 4), "interval": [round(each.low, 4), round(each.high, 4)]}
            for each in curve.forecasts
        ],
        "weakest": curve.weakest,
        "hopeful": curve.hopeful,
    }


def _trial_record(trial: TrialResult) -> dict[str, Any]:
    return {
        "candidate": trial.candidate,
        "fold": trial.fold,
        "seed": trial.seed,
        "state": trial.state,
        "steps": trial.steps,
        "loss": round(trial.loss, 4),
        "shares": [round(float(share), 4) for share in trial.shares],
    }
