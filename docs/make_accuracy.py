"""Write docs/accuracy.md and the results in README.md from what bench/accuracy.py measured.

python docs/make_accuracy.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from accuracy import read_lines, table  # noqa: E402

RESULTS = ROOT / "bench" / "results"
SHOWN = {
    "crosspt": "crosspt",
    "M = 0": "private prompt only",
    "source": "best source prompt, untouched",
    "encoder": "encoder + logistic regression",
    "TF-IDF": "TF-IDF + logistic regression",
    "chance": "chance",
}
INTRODUCTION = """# How good it is

Eight public data sets, of two to 77 classes, one of them of sentence pairs. Made by `docs/make_accuracy.py` from
`bench/results/accuracy-*.jsonl`, which `bench/accuracy.py` measured on {processor}, {cores} cores, no GPU,
torch {torch}. Two onboardings ran at a time, one thread each, beside other work: read seconds as an upper bound, and
`bench/onboard.py` for times.

`crosspt` is what `add-task` chooses by itself. `label words` is the same prompt without prototypes, `M = 0` the best
candidate without source prompts (with its own readout), `source` the most useful source prompt untouched, `TF-IDF` and
`encoder` logistic regression on words and on the same frozen encoder's output. `subj` shares sentences with two data
sets that source prompts were trained on, and `trec` shares questions with a third, under other labels.

Measured before prototypes were read under the prompt; experiments.md has one draw of the present state.
"""
CHOICE = """
## How good the choice is

`bench/choice.py` on the quick budget's records (tasks of up to 400 rows): mean balanced accuracy of what other rules
would have chosen among the same candidates.
"""
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def mean_over_targets(lines: list[dict], column: str) -> float:
    """Return balanced accuracy in %, averaged over draws and then over targets."""
    targets = sorted({line["target"] for line in lines})
    return 100 * float(
        np.mean([np.mean([r["balanced"][column] for r in lines if r["target"] == name]) for name in targets])
    )


def draws(lines: list[dict]) -> str:
    """Return how many draws the targets have: "3", or "2 or 3"."""
    counts = {sum(line["target"] == name for line in lines) for name in {line["target"] for line in lines}}
    return " or ".join(map(str, sorted(counts)))


def short_table(budgets: dict[str, list[dict]]) -> str:
    """Return the README's table: a row per budget and rows per class."""
    rows = [f"| | {' | '.join(SHOWN.values())} |", "|---" * (len(SHOWN) + 1) + "|"]
    for budget, lines in budgets.items():
        for size in sorted({line["per_class"] for line in lines}):
            of_size = [line for line in lines if line["per_class"] == size]
            cells = [f"{mean_over_targets(of_size, column):.1f}" for column in SHOWN]
            title = f"{size} rows per class, {budget}, draws: {draws(of_size)}"
            rows.append(f"| {title} | **{cells[0]}** | {' | '.join(cells[1:])} |")
    return "\n".join(rows)


def page(budgets: dict[str, list[dict]], machine: dict) -> str:
    """Return docs/accuracy.md."""
    parts = [
        INTRODUCTION.format(**machine),
        short_table(budgets),
    ]
    for budget, lines in budgets.items():
        parts.append(f"\n## Balanced accuracy at the {budget} budget, %, mean ± standard deviation over draws\n")
        parts.append(table(lines))
        parts.append(f"\n## Accuracy at the {budget} budget, %\n")
        parts.append(table(lines, "accuracy"))
    parts.append(CHOICE)
    command = [sys.executable, str(ROOT / "bench" / "choice.py"), str(RESULTS / "accuracy-quick.jsonl")]
    parts.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip())
    return "\n".join(parts) + "\n"


def main() -> None:
    """Rewrite both files."""
    files = {name: RESULTS / f"accuracy-{name}.jsonl" for name in ("quick", "normal")}
    budgets = {name: read_lines(path) for name, path in files.items() if path.is_file()}
    machine = json.loads(files["quick"].read_text().splitlines()[0])["machine"]
    (ROOT / "docs" / "accuracy.md").write_text(page(budgets, machine), encoding="utf-8")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    results = f"""{BEGIN}
Balanced accuracy in %, mean of eight public data sets (two to 77 classes, one of sentence pairs), embedded backbone:

{short_table(budgets)}

From `bench/accuracy.py`; the rows per data set, with their spread, are in [docs/accuracy.md](docs/accuracy.md).
Measured before prototypes were read under the prompt; [docs/experiments.md](docs/experiments.md) has one draw of the
present state.
"""
    readme.write_text(before + results + after, encoding="utf-8")
    print(short_table(budgets))


if __name__ == "__main__":
    main()
