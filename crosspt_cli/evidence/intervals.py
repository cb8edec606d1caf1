"""Intervals of accuracies, and differences between them as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

CONFIDENCE = 0.9
"""How often an interval is to hold what it is about."""
MARGIN = 0.03
"""So much less accuracy still counts as good: docs/decisions/0020-a-verdict-may-be-that-the-rows-cannot-tell.md."""
HALVINGS = 40  # of a difference: to twelve digits


@dataclass(frozen=True)
class Estimate:
    """A number and its 90 % interval `low` to `high`, all fractions.

    In a record it takes two keys: its own for the number, and ``interval`` for both ends.
    """

    value: float
    low: float
    high: float

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the interval."""
        return self.low, self.high

    def to_keys(self, key: str) -> dict[str, object]:
        """Return what is written of it, by key."""
        return {key: self.value, "interval": self.ends}

    @classmethod
    def from_keys(cls, key: str, record: Mapping[str, Any]) -> Estimate:
        """Return what was written under that key; KeyError or TypeError if it was not."""
        return cls(record[key], *record["interval"])


def wilson(fraction: float, rows: float) -> Estimate:
    """Return a fraction with Wilson's interval, where it was counted on so many rows; neither need be whole.

    With few rows it is neither too narrow nor, where all or none are right, a single point.

    Args:
        fraction: 0 to 1.
        rows: more than 0.

    Source:
        Wilson 1927, Probable inference, the law of succession, and statistical inference.

    Example:
        >>> [round(end, 3) for end in wilson(1.0, 8).ends], [round(end, 3) for end in wilson(0.5, 64).ends]
        ([0.747, 1.0], [0.399, 0.601])
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (fraction + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * (fraction * (1 - fraction) / rows + z**2 / (4 * rows**2)) ** 0.5
    # where all or none are right an end is the fraction itself, which rounding would miss by the last digit
    return Estimate(fraction, max(0.0, min(fraction, centre - half)), min(1.0, max(fraction, centre + half)))


def paired(more: float, less: float, rows: float) -> Estimate:
    """Return a difference of two fractions, with its interval, that were counted on the same rows.

    Score intervals know that rows on which both agree prove little where they are few: without a single row that
    differs, 8 rows leave a difference of up to 25 points open, and a bootstrap would say that there is none.

    Args:
        more: how many rows only the first got right.
        less: how many rows only the second got right.
        rows: of both, with those on which they agree.

    Source:
        Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample
        design.

    Example:
        >>> [round(end, 3) for end in paired(0, 0, 8).ends], [round(end, 3) for end in paired(1, 6, 40).ends]
        ([-0.253, 0.253], [-0.245, -0.02])
    """
    difference = (more - less) / rows
    return Estimate(
        difference,
        _last_within(more, less, rows, difference, -1.0),
        _last_within(more, less, rows, difference, 1.0),
    )


def _last_within(more: float, less: float, rows: float, inside: float, outside: float) -> float:
    """Return the farthest difference from `inside` towards `outside` that the counts do not speak against."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    if abs(_score(more, less, rows, outside)) <= z:
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if abs(_score(more, less, rows, middle)) <= z else (inside, middle)
    return inside


def _score(more: float, less: float, rows: float, difference: float) -> float:
    """Return by how many standard errors the counts are off a difference, were it the true one."""
    off = more - less - rows * difference
    half = more + less - (2 * rows - more + less) * difference
    # the likeliest share of rows that only the second gets right, given that difference
    share = (math.sqrt(half**2 + 8 * rows * less * difference * (1 - difference)) + half) / (4 * rows)
    variance = rows * (2 * share + difference * (1 - difference))
    return off / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, off) if off else 0.0


def points(fraction: float) -> str:
    """Return a difference of two fractions in percentage points, with its sign.

    Example:
        >>> points(-0.0083), points(0.026), points(-0.0001)
        ('−0.8', '+2.6', '0.0')
    """
    rounded = round(100 * fraction, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"
