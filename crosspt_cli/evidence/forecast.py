"""What more rows should bring: a learning curve from a few noisy points, and what is known from other tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from crosspt_cli.evidence.intervals import CONFIDENCE, Estimate, points, wilson
from crosspt_cli.foundation.records import Key

if TYPE_CHECKING:
    from crosspt_cli.evidence.outcome import Corrected

USUAL, SPREAD = -0.11, 0.1
"""Of the log share of wrong answers that stays when rows are doubled, over tasks: mean and standard deviation.

Source: whole onboardings of eight public data sets; docs/decisions/0011-a-forecast-starts-from-other-tasks.md.
"""
RETRAINED = 0.2
"""How far the log share of wrong answers of two onboardings is from what a curve says, standard deviation."""
BOOTSTRAPS = 400
MULTIPLES = (1.5, 2.0, 4.0)  # of the rows there are; beyond four times nothing was measured
WANTED = 0.03  # a gain people ask for
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class CurvePoint:
    """Held-out accuracy of prompts that saw `rows` rows (the mean over folds), a fraction, and its standard error."""

    RECORD: ClassVar = (Key("rows", digits=1), "accuracy", "se")

    rows: float
    accuracy: float
    se: float


@dataclass(frozen=True)
class Forecast:
    """What `rows` more rows, of each class its share, should gain in accuracy."""

    rows: int
    gain: Estimate


@dataclass(frozen=True)
class Growth:
    """How accuracy grows with rows.

    Attributes:
        rows: of the task.
        wrong: the share of wrong answers to expect with all of them.
        rate: log share of wrong answers that stays when rows are doubled, and `error`, its standard deviation.
    """

    rows: int
    wrong: float
    rate: float
    error: float

    def gain(self, more: int) -> Forecast:
        """Return what so many more rows should gain."""
        doublings = math.log2(1 + more / self.rows)
        spread = Z * math.hypot(doublings * self.error, RETRAINED)
        ends = (self.wrong * (1 - math.exp(doublings * self.rate + off)) for off in (0.0, spread, -spread))
        return Forecast(more, Estimate(*ends))

    def forecasts(self) -> tuple[Forecast, ...]:
        """Return them for half as many rows again, for twice and for four times as many."""
        return tuple(self.gain(round(self.rows * (multiple - 1))) for multiple in MULTIPLES)

    def rows_for(self, gain: float) -> int | None:
        """Return how many more rows should gain that much; None where it is out of reach of what was measured."""
        if gain >= self.wrong or self.rate >= 0:
            return None
        doublings = math.log(1 - gain / self.wrong) / self.rate
        return math.ceil(self.rows * (2**doublings - 1)) if doublings <= math.log2(MULTIPLES[-1]) else None


@dataclass(frozen=True)
class LearningCurve:
    """How accuracy grew with rows, and what more of them should bring.

    Attributes:
        sentence: what is to be said of it, for a person.
        points: fewest rows first; the last is what the folds were trained on.
        wrong, rate, error: see `Growth`.
        forecasts: fewest rows first; none where there is no hope of any gain.
        weakest: the class that is answered worst and clearly below the rest; None where there is none.
        hopeful: whether the score is clearly above chance; where it is not, nothing is forecast.
    """

    RECORD: ClassVar = (
        "sentence",
        "points",
        "wrong",
        Key("rate", "rate.mean"),
        Key("error", "rate.se"),
        "forecasts",
        "weakest",
        "hopeful",
    )

    sentence: str
    points: tuple[CurvePoint, ...]
    wrong: float
    rate: float
    error: float
    forecasts: tuple[Forecast, ...] = ()
    weakest: int | None = None
    hopeful: bool = True


def make_curve(
    sizes: Sequence[float],
    correct: Sequence[np.ndarray],
    corrected: Corrected,
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
        corrected: accuracy to expect with all rows, and its interval.
        labels: [rows] int64.
        names: of the classes.
        random: draws rows.

    Source:
        Hestness et al. 2017, Deep learning scaling is predictable, empirically, for the power law; the prior is
        empirical Bayes, Efron and Morris 1975.
    """
    rows = len(labels)
    rate, error = _posterior(sizes, correct, random)
    wrong = max(1 - corrected.accuracy.value, 0.5 / rows)
    guessing = float(np.bincount(labels).max() / rows)
    measured = tuple(map(_point, sizes, correct))
    if corrected.accuracy.low <= guessing:
        return LearningCurve(_hopeless(guessing), measured, wrong, rate, error, hopeful=False)
    growth = Growth(rows, wrong, rate, error)
    weakest = weakest_class(correct[-1], labels)
    worst = None if weakest is None else (names[weakest], float(correct[-1][labels == weakest].mean()))
    return LearningCurve(_sentence(growth, worst), measured, wrong, rate, error, growth.forecasts(), weakest)


def weakest_class(correct: np.ndarray, labels: np.ndarray) -> int | None:
    """Return the class that is right least often, if its interval lies below the mean over the classes."""
    counts = np.bincount(labels)
    recall = np.bincount(labels, correct) / counts
    worst = int(recall.argmin())
    return worst if wilson(float(recall[worst]), int(counts[worst])).high < recall.mean() else None


def about(rows: float) -> int:
    """Return a number of rows as nobody can know it better, rounded up.

    Two figures where the first is 1, else one and a half.

    Example:
        >>> [about(rows) for rows in (7, 64, 142, 3100, 4798, 10914)]
        [7, 65, 150, 3500, 5000, 11000]
    """
    power = 10 ** math.floor(math.log10(rows))
    step = max(1, power // 10 if rows < 2 * power else power // 2)
    return math.ceil(rows / step) * step


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


def _point(size: float, correct: np.ndarray) -> CurvePoint:
    return CurvePoint(size, float(correct.mean()), float(correct.std(ddof=1) / math.sqrt(len(correct))))


def _sentence(growth: Growth, worst: tuple[str, float] | None) -> str:
    """Return what twice the rows should bring, how many a round gain takes, and of which class they should be.

    A gain that fewer rows than there are should bring is part of what twice the rows bring.
    """
    doubled, needed = growth.gain(growth.rows).gain, growth.rows_for(WANTED)
    interval = f"90 % interval {points(doubled.low)} to {points(doubled.high)}"
    said = f"Twice the rows should bring {points(doubled.value)} points ({interval})"
    if needed is not None and needed > growth.rows:
        said += f"; {points(WANTED).removesuffix('.0')} would take about {about(needed):,} more"
    if worst is None:
        return f"{said}."
    percent = min(99, round(100 * worst[1]))  # the worst is not all right
    return f"{said}. '{worst[0]}' is answered worst ({percent} % right): label more of it first."


def _hopeless(guessing: float) -> str:
    return (
        f"Nothing can be said: the score is not clearly above the {100 * guessing:.0f} % that always answering one "
        "class would get."
    )
