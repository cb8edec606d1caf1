"""Numbers as people read them."""

from __future__ import annotations

import math


def percent(fraction: float) -> str:
    """Return a fraction as a percentage.

    Example:
        >>> percent(0.875)
        '87.5 %'
    """
    return f"{100 * fraction:.1f} %"


def expected(mean: float, low: float, high: float) -> str:
    """Return an accuracy to expect with its 90 % interval, no finer than anyone knows it.

    Example:
        >>> expected(0.8437, 0.6512, 0.9378)
        '84 %, 90 % interval 65 to 94 %'
    """
    return f"{100 * mean:.0f} %, 90 % interval {100 * low:.0f} to {100 * high:.0f} %"


def with_error(mean: float, se: float) -> str:
    """Return a score with its standard error, which is left out where there is none.

    Example:
        >>> with_error(0.875, 0.041), with_error(0.5, 0.0)
        ('87.5 % ± 4.1', '50.0 % ± 0.0')
    """
    return percent(mean) if math.isnan(se) else f"{percent(mean)} ± {100 * se:.1f}"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Example:
        >>> duration(8.26), duration(75), duration(7260)
        ('8.3 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def at_most(megabytes: float) -> str:
    """Return the end of a sentence on the most memory held; nothing where the system counts none.

    Example:
        >>> at_most(1196.6), at_most(0.0)
        (', at most 1,197 MB', '')
    """
    return f", at most {megabytes:,.0f} MB" if megabytes else ""
