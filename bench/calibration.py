"""Are probabilities what they say, and promises kept? On many test rows, for tasks onboarded from a few.

    python bench/calibration.py --data DATA --draws 3 --picture docs/pictures/calibration.svg

The rows are those of `onboardings.py`, which measures what is missing; then the tables of all lines are printed, and
with --picture a reliability diagram is drawn. Each task answers up to 400 of its own test rows and 200 of another
target's.

`as they are`: probabilities at temperature 1 · `search`: at the temperature, from a coarse grid, at which the search
compared candidates · `calibrated`: as `predict` prints them.

A draw has as many rows of each class and the test rows do not, so test rows are weighted: each class counts the same.
The expected calibration error is of 15 bins by confidence that hold equal weight: the mean over the bins of how far
accuracy and mean confidence are apart. A perfect model has some points of it too, by chance. A promise of
`--target-accuracy 0.9` holds when those test rows that are answered are right that often.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from onboardings import KINDS, PROMISED, arguments, measured


def tables(lines: Sequence[dict]) -> str:
    """Return three Markdown tables: probabilities, promises, unusual texts; a row per number of rows per class."""
    sizes = sorted({line["per_class"] for line in lines})
    parts = [(f"{size} per class", [line for line in lines if line["per_class"] == size]) for size in sizes]
    out = [
        "| onboardings | probabilities | calibration error (points) | negative log-likelihood | confidence − accuracy |"
    ]
    out.append("|---" * 5 + "|")
    out += [_probability_row(title, kind, part) for title, part in parts for kind in KINDS]
    out += ["", "| onboardings | promised | held | rows answered | accuracy of them |", "|---" * 5 + "|"]
    out += [_promise_row(title, part) for title, part in parts]
    out += ["", "| onboardings | that know it | AUROC | own rows flagged | other rows flagged |", "|---" * 5 + "|"]
    out += [_unusual_row(title, part) for title, part in parts]
    return "\n".join(out)


def _probability_row(title: str, kind: str, lines: Sequence[dict]) -> str:
    found = [line["probabilities"][kind] for line in lines]
    error, nll = (np.mean([each[name] for each in found]) for name in ("ece", "nll"))
    over = np.mean([each["confidence"] - each["accuracy"] for each in found])
    return f"| {title} ({len(lines)}) | {kind} | {100 * error:.1f} | {nll:.3f} | {100 * over:+.1f} |"


def _promise_row(title: str, lines: Sequence[dict]) -> str:
    made = [line["promise"] for line in lines if line["promise"]]
    used = [each for each in made if each["coverage"]]
    held = sum(each["accuracy"] is None or each["accuracy"] >= PROMISED for each in made)
    covered = f"{100 * np.mean([each['coverage'] for each in made]):.0f} %" if made else "–"
    right = f"{100 * np.mean([each['accuracy'] for each in used]):.1f} %" if used else "–"
    return f"| {title} ({len(lines)}) | {len(made)} | {held} of {len(made)} | {covered} | {right} |"


def _unusual_row(title: str, lines: Sequence[dict]) -> str:
    known = [line["unusual"] for line in lines if line["unusual"]]
    cells = [
        f"{np.mean([each[name] for each in known]):.2f}" if known else "–"
        for name in ("auroc", "own_flagged", "other_flagged")
    ]
    return f"| {title} ({len(lines)}) | {len(known)} | {' | '.join(cells)} |"


def draw_picture(lines: Sequence[dict], picture: Path) -> None:
    """Draw accuracy over confidence, before and after calibration, a dot per bin and onboarding, as an SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.6), sharex=True, sharey=True)
    for axis, kind in zip(axes, ("as they are", "calibrated"), strict=True):
        bins = np.array([each for line in lines for each in line["probabilities"][kind]["bins"]])
        axis.plot([0, 1], [0, 1], color="#888888", linewidth=1)
        axis.scatter(bins[:, 1], bins[:, 2], s=9, color="#3465a4", alpha=0.35, linewidths=0)
        places = np.digitize(bins[:, 1], np.linspace(0, 1, 11)[1:-1])
        means = np.array([np.average(bins[places == p, 1:], axis=0, weights=bins[places == p, 0]) for p in set(places)])
        axis.plot(*means[means[:, 0].argsort()].T, color="#a40000", linewidth=1.5, marker="o", markersize=3)
        axis.set_title(kind, fontsize=9)
        axis.set_xlabel("mean confidence of a bin", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("accuracy of the bin", fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Print the tables and draw the picture."""
    parser = arguments(__doc__)
    parser.add_argument("--picture", type=Path, help="an SVG to draw the reliability diagram into")
    chosen = parser.parse_args()
    lines = measured(chosen)
    print(tables(lines))
    if chosen.picture:
        draw_picture(lines, chosen.picture)


if __name__ == "__main__":
    main()
