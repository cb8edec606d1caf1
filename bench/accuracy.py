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
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from onboardings import arguments, measured

COLUMNS = ("crosspt", "label words", "M = 0", "source", "TF-IDF", "encoder", "chance")


def table(lines: Sequence[dict], columns: Mapping[str, str] | None = None) -> str:
    """Return a Markdown table of balanced accuracy in %: its mean over draws ± standard deviation, and means of those.

    Args:
        lines: of the onboardings.
        columns: key of a line's `balanced` → title of its column; None for those that every line has.
    """
    columns = columns or {name: name for name in COLUMNS}
    out = [f"| target, per class (draws) | {' | '.join(columns.values())} |", "|---" * (len(columns) + 1) + "|"]
    for per_class in sorted({line["per_class"] for line in lines}):
        block = [line for line in lines if line["per_class"] == per_class]
        for target in dict.fromkeys(line["target"] for line in block):
            rows = [line for line in block if line["target"] == target]
            cells = " | ".join(_cell(rows, column) for column in columns)
            out.append(f"| {target}, {per_class} ({len(rows)}) | {cells} |")
        means = " | ".join(f"**{mean_over_targets(block, column):.1f}**" for column in columns)
        out.append(f"| **mean of {len({line['target'] for line in block})} targets, {per_class}** | {means} |")
    return "\n".join(out)


def mean_over_targets(lines: Sequence[dict], column: str) -> float:
    """Return balanced accuracy in %, averaged over draws and then over targets."""
    of_target: dict[str, list[float]] = {}
    for line in lines:
        of_target.setdefault(line["target"], []).append(line["balanced"][column])
    return 100 * float(np.mean([np.mean(each) for each in of_target.values()]))


def _cell(rows: Sequence[dict], column: str) -> str:
    values = 100 * np.array([row["balanced"][column] for row in rows])
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


if __name__ == "__main__":
    print(table(measured(arguments(__doc__).parse_args())))
