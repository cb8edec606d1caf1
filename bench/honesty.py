"""How honest is the score that `add-task` prints? Its estimates from a few rows, beside the truth on many.

    python bench/honesty.py --data DATA --draws 4

The rows are those of `onboardings.py`, which measures what is missing. Then it prints how far off the estimates are on
average, and how often their 90 % intervals hold the truth.

`uncorrected` is the cross-validated accuracy of what was chosen, ± 1.645 standard errors; `corrected` is the corrected
one with its own interval. A draw has as many rows of each class, so both estimate an accuracy that counts every class
the same: the truth is the balanced accuracy on the test rows, whose classes may be of any size.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from onboardings import arguments, measured
from rows import mean_and_error

ERRORS = 1.645  # standard errors to either side hold 90 % of a normal distribution


def summary(lines: list[dict]) -> str:
    """Return a Markdown table: mean error ± standard error and coverage of both estimates, per size and overall."""
    sizes = sorted({line["per_class"] for line in lines})
    parts = [(f"{size} per class", [line for line in lines if line["per_class"] == size]) for size in sizes]
    out = ["| draws | estimate | mean error (points) | root mean square | 90 % intervals that hold the truth | width |"]
    out.append("|---" * 6 + "|")
    for title, part in [*parts, ("all", lines)]:
        truth = np.array([line["balanced"]["crosspt"] for line in part])
        for name, (estimate, low, high) in _estimates(part).items():
            error, held = 100 * (estimate - truth), (low <= truth) & (truth <= high)
            mean = mean_and_error(error)
            numbers = f"{mean} | {np.sqrt((error**2).mean()):.1f} | {held.sum()} of {len(held)}"
            out.append(f"| {title} | {name} | {numbers} | {100 * (high - low).mean():.1f} |")
    return "\n".join(out)


def _estimates(lines: list[dict]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return for either estimate its value and the ends of its interval, each [draws]."""
    plain, error, corrected = (np.array([line[name] for line in lines]) for name in ("uncorrected", "se", "corrected"))
    low, high = np.array([line["interval"] for line in lines]).T
    wide = ERRORS * error
    return {"uncorrected": (plain, plain - wide, plain + wide), "corrected": (corrected, low, high)}


if __name__ == "__main__":
    print(summary(measured(arguments(__doc__).parse_args())))
