"""How good is a task onboarded from a few rows, beside what a person would pick instead?

    python bench/accuracy.py --data DATA --budget quick --draws 3 --out bench/results/onboardings-quick.jsonl

The rows are those of `onboardings.py`, which measures what is missing; then the table of all lines is printed.

Columns: `crosspt` as `add-task` chooses it · `label words` the same prompt read by label words alone · `M = 0` the best
candidate without sources, fitted and read as its own held-out rows say · `source` the most useful source prompt,
untouched · `TF-IDF` and `encoder`: logistic regression on words, and on the same frozen encoder's mean-pooled output ·
`chance`. All on the same rows. Balanced accuracy averages over classes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from onboardings import arguments, measured

COLUMNS = ("crosspt", "label words", "M = 0", "source", "TF-IDF", "encoder", "chance")


def table(lines: list[dict], measure_name: str = "balanced") -> str:
    """Return a Markdown table: mean over draws ± standard deviation, one row per target and rows per class."""
    out = [f"| target, per class (draws) | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for per_class in sorted({line["per_class"] for line in lines}):
        block = [line for line in lines if line["per_class"] == per_class]
        for target in dict.fromkeys(line["target"] for line in block):
            rows = [line for line in block if line["target"] == target]
            out.append(_row(f"{target}, {per_class} ({len(rows)})", rows, measure_name))
        out.append(_mean_row(per_class, block, measure_name))
    return "\n".join(out)


def _row(title: str, rows: list[dict], measure_name: str) -> str:
    cells = []
    for column in COLUMNS:
        values = np.array([row[measure_name][column] for row in rows]) * 100
        cells.append(f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1f}")
    return f"| {title} | {' | '.join(cells)} |"


def _mean_row(per_class: int, rows: list[dict], measure_name: str) -> str:
    targets = sorted({row["target"] for row in rows})
    means = [
        np.mean([np.mean([r[measure_name][c] for r in rows if r["target"] == t]) for t in targets]) for c in COLUMNS
    ]
    cells = " | ".join(f"**{100 * mean:.1f}**" for mean in means)
    return f"| **mean of {len(targets)} targets, {per_class}** | {cells} |"


if __name__ == "__main__":
    print(table(measured(arguments(__doc__).parse_args())))
