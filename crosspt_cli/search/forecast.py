"""What more rows should bring: a learning curve from a few noisy points, and what is known from other tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from crosspt_cli.search.intervals import CONFIDENCE, points, wilson
from crosspt_cli.search.outcome import CurvePoint, Forecast, LearningCurve

USUAL, SPREAD = math.log(0.89), 0.08
"""Of the log share of wrong answers that stays when rows are doubled, over tasks: mean and standard deviation.

Source: `bench/suggest.py`, eight public data sets; docs/experiments.md has the table.
"""
RETRAINED = 0.13
"""How far the log share of wrong answers of an onboarding is from its curve, against another, standard deviation."""
BOOTSTRAPS = 400
MULTIPLES = (1.5, 2.0, 4.0)  # of the rows there are; beyond four times nothing was measured
WANTED = 0.03  # a gain people ask for
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def make_curve(
    sizes: Sequence[float],
    correct: Sequence[np.ndarray],
    corrected: float,
    labels: np.ndarray,
    names: Sequence[str],
    random: np.random.Generator,
) -> LearningCurve:
    """Return the learning curve and its forecasts.

    Wrong answers are taken to fall by the same share whenever rows are doubled, a power law. That share is the usual
    one of other tasks, moved towards what this task's points say as far as their noise allows.

    Args:
        sizes: how many rows prompts were trained on, fewest first; the last is what the folds have.
        correct: for each size, how often each row was right when held out, [rows] from 0 to 1.
        corrected: accuracy at the last size, corrected for having been chosen.
        labels: [rows] int64.
        names: of the classes.
        random: draws rows.

    Source:
        Hestness et al. 2017, Deep learning scaling is predictable, empirically, for the power law; the prior is
        empirical Bayes, Efron and Morris 1975.
    """
    rate, error = _posterior(sizes, correct, random)
    left = tuple(math.exp(rate + z * error) for z in (0.0, -Z, Z))
    rows = len(labels)
    wrong = max(1 - corrected, 0.5 / rows) * math.exp(rate * math.log2(rows / sizes[-1]))  # at all rows
    forecasts = tuple(_forecast(wrong, rate, error, rows, multiple) for multiple in MULTIPLES)
    weakest = weakest_class(correct[-1], labels)
    return LearningCurve(
        points=tuple(_point(size, each) for size, each in zip(sizes, correct, strict=True)),
        left=left,
        forecasts=forecasts,
        weakest=weakest,
        sentence=_sentence(forecasts[1], rows_for(WANTED, wrong, rate, rows), names, weakest, correct[-1], labels),
    )


def rows_for(gain: float, wrong: float, rate: float, rows: int) -> int | None:
    """Return how many more rows should bring a gain; None where it is out of reach of what was measured.

    Args:
        gain: a difference of accuracies.
        wrong: the share of wrong answers now.
        rate: log share of them that stays when rows are doubled.
        rows: there are now.
    """
    if gain >= wrong or rate >= 0:
        return None
    doublings = math.log(1 - gain / wrong) / rate
    return math.ceil(rows * (2**doublings - 1)) if doublings <= math.log2(MULTIPLES[-1]) else None


def weakest_class(correct: np.ndarray, labels: np.ndarray) -> int | None:
    """Return the class that is right least often, if its interval lies below the mean over the classes."""
    counts = np.bincount(labels)
    recall = np.bincount(labels, correct) / counts
    worst = int(recall.argmin())
    return worst if wilson(float(recall[worst]), int(counts[worst]))[1] < recall.mean() else None


def _posterior(
    sizes: Sequence[float], correct: Sequence[np.ndarray], random: np.random.Generator
) -> tuple[float, float]:
    """Return mean and standard deviation of the log share of wrong answers that stays when rows are doubled."""
    if len(sizes) < 2:
        return USUAL, SPREAD
    wrong = 1 - np.stack(correct)  # [sizes, rows]
    rows = wrong.shape[1]
    drawn = random.integers(rows, size=(BOOTSTRAPS, rows))
    doublings = np.log2(sizes)
    slopes = np.array([_slope(doublings, wrong[:, picked].sum(1), rows) for picked in drawn])
    # other training rows of the same number would give other answers: every point is off by its own share
    noise = slopes.var() + RETRAINED**2 / ((doublings - doublings.mean()) ** 2).sum()
    weight = SPREAD**2 / (SPREAD**2 + noise)
    return USUAL + weight * (_slope(doublings, wrong.sum(1), rows) - USUAL), SPREAD * math.sqrt(1 - weight)


def _slope(doublings: np.ndarray, wrong: np.ndarray, rows: int) -> float:
    """Return the least-squares slope of log error over doublings; half a row more is wrong, for the logarithm."""
    logs = np.log((wrong + 0.5) / (rows + 1))
    off = doublings - doublings.mean()
    return float((off * logs).sum() / (off**2).sum())


def _forecast(wrong: float, rate: float, error: float, rows: int, multiple: float) -> Forecast:
    doublings = math.log2(multiple)
    spread = Z * math.hypot(doublings * error, RETRAINED)
    gain, low, high = (wrong * (1 - math.exp(doublings * rate + off)) for off in (0.0, spread, -spread))
    return Forecast(round(rows * (multiple - 1)), gain, low, high)


def _point(size: float, correct: np.ndarray) -> CurvePoint:
    return CurvePoint(size, float(correct.mean()), float(correct.std(ddof=1) / math.sqrt(len(correct))))


def _sentence(
    doubled: Forecast,
    needed: int | None,
    names: Sequence[str],
    weakest: int | None,
    correct: np.ndarray,
    labels: np.ndarray,
) -> str:
    interval = f"90 % interval {points(doubled.low)} to {points(doubled.high)}"
    said = f"{doubled.rows:,} more rows should bring {points(doubled.gain)} points ({interval})"
    if needed is not None:
        said += f"; about {needed:,} for {points(WANTED).removesuffix('.0')}"
    if weakest is None:
        return f"{said}."
    recall = correct[labels == weakest].mean()
    return f"{said}. '{names[weakest]}' is answered worst ({100 * recall:.0f} % right): label more of it first."
