"""How honest is the score that `add-task` prints? Its estimates from a few rows, beside the truth on many.

    python bench/honesty.py --data DATA --draws 4

The rows are those of `onboardings.py`, which measures what is missing. Then it prints how far off the estimates are on
average, and how often their 90 % intervals hold the truth. With --shrinkage it prints the same of the corrected score
before and after it is moved towards what tasks usually reach, and of that move with its two constants taken from the
other data sets: how far tasks come of the way from guessing to all right, and how many rows that counts.

`uncorrected` is the cross-validated accuracy of what was chosen, ± 1.645 standard errors; `corrected` is the corrected
one with its own interval. A draw has as many rows of each class, so both estimate an accuracy that counts every class
the same: the truth is the balanced accuracy on the test rows, whose classes may be of any size.

With `--pool N` all of that is of onboardings with N rows without labels, and a second table says how honest the printed
worth of these rows is: beside what the chosen prompt gains by them on the test rows.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from onboardings import arguments, measured
from rows import mean_and_error

COUNTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # rows that what is usual may count
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
            out.append(f"| {title} | {name} | {_errors(truth, estimate, low, high)} |")
    return "\n".join(out)


def _errors(truth: np.ndarray, estimate: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    """Return the last four cells of a row: how far off an estimate is, and its intervals."""
    error, held = 100 * (estimate - truth), (low <= truth) & (truth <= high)
    numbers = f"{mean_and_error(error)} | {np.sqrt((error**2).mean()):.1f} | {held.sum()} of {len(held)}"
    return f"{numbers} | {100 * (high - low).mean():.1f}"


def worth_summary(lines: list[dict]) -> str:
    """Return a Markdown table like `summary` of what rows without labels were said to be worth, beside the truth.

    Args:
        lines: of onboardings with such rows; those of which none was usable say nothing.
    """
    own = [(line["per_class"], line["unlabelled"]) for line in lines if line["unlabelled"]["worth"]]
    out = ["| draws | gain | mean error (points) | root mean square | 90 % intervals that hold the truth | width |"]
    out.append("|---" * 6 + "|")
    for size in [*sorted({size for size, _ in own}), None]:
        part = [each for of_size, each in own if size in (None, of_size)]
        truth = np.array([each["balanced"]["with"] - each["balanced"]["without"] for each in part])
        found = np.array([each["worth"] for each in part]).T
        title = "all" if size is None else f"{size} per class"
        out.append(f"| {title} | {mean_and_error(100 * truth)} | {_errors(truth, *found)} |")
    return "\n".join(out)


def shrinkage(lines: list[dict]) -> str:
    """Return a Markdown table of the corrected score before and after the move, and with other data sets' constants."""
    from crosspt_cli.evidence.corrected import USUAL_ROWS, USUAL_SKILL

    sizes = sorted({line["per_class"] for line in lines})
    ways = {
        "held-out rows": None,
        "corrected, not moved": lambda _: (0.0, 0.0),
        "moved": lambda _: (USUAL_SKILL, USUAL_ROWS),
        "moved by the other data sets'": lambda target: _constants(
            [line for line in lines if line["target"] != target]
        ),
    }
    out = ["| draws | estimate | mean error (points) | root mean square | 90 % intervals that hold the truth | width |"]
    out.append("|---" * 6 + "|")
    parts = [(f"{size} per class", [line for line in lines if line["per_class"] == size]) for size in sizes]
    for title, part in [*parts, ("all", lines)]:
        truth = np.array([line["balanced"]["crosspt"] for line in part])
        for name, constants in ways.items():
            if constants is None:
                found = _estimates(part)["uncorrected"]
            else:
                found = np.array([_moved(line, *constants(line["target"])) for line in part]).T
            out.append(f"| {title} | {name} | {_errors(truth, *found)} |")
    chosen = sorted({_constants([each for each in lines if each["target"] != line["target"]]) for line in lines})
    said = ", ".join(f"{skill:.2f} and {rows:g}" for skill, rows in chosen)
    return "\n".join([*out, "", f"The other data sets' constants: {said}."])


def _constants(lines: list[dict]) -> tuple[float, float]:
    """Return how far data sets come on average, and the number of rows with which the moved score is nearest."""
    targets = {line["target"] for line in lines}
    skill = float(np.mean([np.mean([_skill(line) for line in lines if line["target"] == name]) for name in targets]))
    truth = np.array([line["balanced"]["crosspt"] for line in lines])

    def off(rows: float) -> float:
        return float(np.mean((np.array([_moved(line, skill, rows)[0] for line in lines]) - truth) ** 2))

    return round(skill, 3), min(COUNTS, key=off)


def _skill(line: dict) -> float:
    return (line["balanced"]["crosspt"] - 1 / line["classes"]) / (1 - 1 / line["classes"])


def _moved(line: dict, skill: float, count: float) -> tuple[float, float, float]:
    """Return a line's corrected score and interval, moved towards a skill that counts as much as so many rows."""
    from crosspt_cli.evidence.intervals import wilson

    score, worth = _before_the_move(line)
    usual = 1 / line["classes"] + skill * (1 - 1 / line["classes"])
    mean = (worth * score + count * usual) / (worth + count)
    return mean, *wilson(mean, worth).ends


def _before_the_move(line: dict) -> tuple[float, float]:
    """Return the corrected score of all rows before it was moved, and how many rows it is worth.

    Lines of before the move have no such numbers: theirs are the corrected score and the rows that its interval is of.
    """
    from crosspt_cli.evidence.intervals import wilson

    if "all_rows" in line:
        return line["all_rows"], line["rows_worth"]
    low, high = line["interval"]
    few, many = 0.1, float(line["rows"])
    while many - few > 0.001:
        middle = (few + many) / 2
        ends = wilson(line["corrected"], middle).ends
        few, many = (middle, many) if ends[1] - ends[0] > high - low else (few, middle)
    return line["corrected"], many


def _estimates(lines: list[dict]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return for either estimate its value and the ends of its interval, each [draws]."""
    plain, error, corrected = (np.array([line[name] for line in lines]) for name in ("uncorrected", "se", "corrected"))
    low, high = np.array([line["interval"] for line in lines]).T
    wide = ERRORS * error
    return {"uncorrected": (plain, plain - wide, plain + wide), "corrected": (corrected, low, high)}


def main() -> None:
    """Print the tables that were asked for."""
    parser = arguments(__doc__)
    parser.add_argument("--shrinkage", action="store_true", help="the move towards what is usual, and its constants")
    chosen = parser.parse_args()
    lines = measured(chosen)
    print((shrinkage if chosen.shrinkage else summary)(lines))
    if chosen.pool:
        print(f"\n{worth_summary(lines)}")


if __name__ == "__main__":
    main()
