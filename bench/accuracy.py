"""How good is a task onboarded from a few rows, beside what a person would pick instead?

    python bench/accuracy.py --data DATA --budget quick --draws 3 --out bench/results/onboardings-quick.jsonl

The rows are those of `onboardings.py`, which measures what is missing; then the table of all lines is printed.

Columns: `crosspt` as `add-task` chooses it · `label words` the same prompt read by label words alone · `M = 0` the best
candidate without sources, fitted and read as its own held-out rows say · `source` the most useful source prompt,
untouched · `TF-IDF` and `encoder`: logistic regression on words, and on the same frozen encoder's mean-pooled output ·
`chance`. All on the same rows. Balanced accuracy averages over classes.

With `--pool N` a second table has what N rows without labels gain: the chosen prompt is read with and without them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from onboardings import arguments, measured
from rows import mean_and_error

COLUMNS = ("crosspt", "label words", "M = 0", "source", "TF-IDF", "encoder", "chance")


def table(lines: Sequence[dict], columns: Mapping[str, str] | None = None) -> str:
    """Return a Markdown table of balanced accuracy in %: its mean over draws ± standard deviation, and means of those.

    Args:
        lines: of the onboardings.
        columns: key of a line's `balanced` → title of its column; None for those that every onboarding has. What a
            line lacks is a dash.
    """
    columns = columns or {name: name for name in COLUMNS}
    out = [f"| target, per class (draws) | {' | '.join(columns.values())} |", "|---" * (len(columns) + 1) + "|"]
    for per_class in sorted({line["per_class"] for line in lines}):
        block = [line for line in lines if line["per_class"] == per_class]
        for target in dict.fromkeys(line["target"] for line in block):
            rows = [line for line in block if line["target"] == target]
            cells = " | ".join(_cell(rows, column) for column in columns)
            out.append(f"| {target}, {per_class} ({len(rows)}) | {cells} |")
        means = " | ".join(_mean_cell(block, column) for column in columns)
        out.append(f"| **mean of {len({line['target'] for line in block})} targets, {per_class}** | {means} |")
    return "\n".join(out)


def mean_over_targets(lines: Sequence[dict], column: str) -> float:
    """Return balanced accuracy in %, averaged over draws and then over targets."""
    of_target: dict[str, list[float]] = {}
    for line in lines:
        of_target.setdefault(line["target"], []).append(line["balanced"][column])
    return 100 * float(np.mean([np.mean(each) for each in of_target.values()]))


def _mean_cell(lines: Sequence[dict], column: str) -> str:
    """Return the mean over targets; a dash where a target lacks the column: it would be a mean of others."""
    known = [line for line in lines if column in line["balanced"]]
    every = {line["target"] for line in known} == {line["target"] for line in lines}
    return f"**{mean_over_targets(known, column):.1f}**" if every else "–"


def _cell(rows: Sequence[dict], column: str) -> str:
    values = 100 * np.array([row["balanced"][column] for row in rows if column in row["balanced"]])
    if not len(values):
        return "–"
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def differences(lines: Sequence[dict], name: str, others: Mapping[str, str]) -> str:
    """Return a table of what a column has more than others, in points, over the draws that have both.

    Args:
        lines: of the onboardings.
        name: key of a line's `balanced`.
        others: key → title of the others.
    """
    rows = [f"| | {' | '.join(others.values())} |", "|---" * (len(others) + 1) + "|"]
    for size in sorted({line["per_class"] for line in lines}):
        found = [line["balanced"] for line in lines if line["per_class"] == size and name in line["balanced"]]
        apart = [np.array([100 * (each[name] - each[other]) for each in found if other in each]) for other in others]
        rows.append(f"| {size} per class, {len(found)} draws | {' | '.join(map(mean_and_error, apart))} |")
    return "\n".join(rows)


def pool_table(lines: Sequence[dict]) -> str:
    """Return a Markdown table of what rows without labels gain on test rows, in points of balanced accuracy.

    Args:
        lines: of onboardings with such rows. A gain is counted whether or not the onboarding let them count; `as kept`
            is zero where it left them out.
    """
    out = ["| target, per class | rows | without | with | gain | counted | gain as kept |", "|---" * 7 + "|"]
    for size in sorted({line["per_class"] for line in lines}):
        block = [line for line in lines if line["per_class"] == size]
        for target in dict.fromkeys(line["target"] for line in block):
            own = [line["unlabelled"] for line in block if line["target"] == target]
            out.append(f"| {target}, {size} | {np.mean([each['rows'] for each in own]):.0f} | {_pool_cells(own)} |")
        out.append(f"| **all, {size}** | | {_pool_cells([line['unlabelled'] for line in block])} |")
    return "\n".join(out)


def _pool_cells(own: Sequence[dict]) -> str:
    """Return the last five cells of a row."""
    without, within = (100 * np.array([each["balanced"][name] for each in own]) for name in ("without", "with"))
    counts = np.array([each["mass"] > 0 for each in own])
    gain = within - without
    cells = [f"{each[0]:+.1f}" if len(each) == 1 else mean_and_error(each) for each in (gain, gain * counts)]
    return f"{without.mean():.1f} | {within.mean():.1f} | {cells[0]} | {counts.sum()} of {len(own)} | {cells[1]}"


if __name__ == "__main__":
    chosen = arguments(__doc__).parse_args()
    lines = measured(chosen)
    print(table(lines))
    if chosen.pool:
        print(f"\n{pool_table(lines)}")
