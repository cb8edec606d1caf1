"""Intervals of accuracies, and differences between them as people read them."""

from __future__ import annotations

from statistics import NormalDist

CONFIDENCE = 0.9
"""How often an interval is to hold what it is about."""


def wilson(fraction: float, rows: float) -> tuple[float, float]:
    """Return Wilson's interval for a fraction that was counted on so many rows; neither need be whole.

    With few rows it is neither too narrow nor, where all or none are right, a single point.

    Args:
        fraction: 0 to 1.
        rows: more than 0.

    Source:
        Wilson 1927, Probable inference, the law of succession, and statistical inference.

    Example:
        >>> [round(end, 3) for end in wilson(1.0, 8)], [round(end, 3) for end in wilson(0.5, 64)]
        ([0.747, 1.0], [0.399, 0.601])
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (fraction + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * (fraction * (1 - fraction) / rows + z**2 / (4 * rows**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def points(fraction: float) -> str:
    """Return a difference of two fractions in percentage points, with its sign.

    Example:
        >>> points(-0.0083), points(0.026), points(-0.0001)
        ('−0.8', '+2.6', '0.0')
    """
    rounded = round(100 * fraction, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"
