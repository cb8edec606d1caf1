"""Print docs/accuracy.md, made of what the scripts in bench/ have measured.

python docs/make_accuracy.py > docs/accuracy.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from accuracy import differences, mean_over_targets, pool_table, table  # noqa: E402
from calibration import tables  # noqa: E402
from honesty import summary, worth_summary  # noqa: E402
from lines import read_lines  # noqa: E402
from report_sets import tables as report_tables  # noqa: E402
from rows import mean_and_error  # noqa: E402

from crosspt_cli.foundation.words import counted  # noqa: E402

RESULTS = ROOT / "bench" / "results"
KEYS = ("target", "per_class", "draw")  # what makes the rows of two lines the same
COLUMNS = {
    "crosspt": "crosspt",
    "SetFit": "SetFit",
    "MiniLM": "MiniLM + logistic regression",
    "encoder": "encoder + logistic regression",
    "TF-IDF": "TF-IDF + logistic regression",
    "M = 0": "private prompt alone",
}
OTHERS = {name: title for name, title in COLUMNS.items() if name != "crosspt"}

PAGE = """# How good it is

This page says how accurate crosspt is, how honest its printed score is, and how far its confidences can be trusted.
[experiments.md](experiments.md) has what was tried.

{first}**These are development sets.** They are {targets} public data sets of {fewest} to {most} classes, one of them of
sentence pairs. Choices in crosspt were made on them: learning rates, candidates, how prototypes are made, and the
prior on their weight. So the figures may flatter crosspt a little.{unmeasured}

Each set was onboarded at the quick budget from {draws} draws of rows, and judged on 400 test rows.
`bench/onboardings.py` measured this on {processor} with {cores} cores, no GPU, and torch {torch}. No source prompt
was trained on a text of these sets. The first part of the backbone's training saw sentences of `subj` and questions
of `trec`, under other labels; the later parts did not.

## Balanced accuracy

Balanced accuracy is the mean over classes of the share of right answers. The table has its mean in %, ± its standard
deviation over draws. All columns are measured on the same rows.

- **crosspt** is what `add-task` chooses by itself.
- **SetFit** fine-tunes all-MiniLM-L6-v2 with its defaults, in at most 600 steps (`bench/setfit.py`).
- **MiniLM** is logistic regression on the vectors of all-MiniLM-L6-v2 as it is.
- **Encoder** is logistic regression on the vectors of crosspt's frozen encoder.
- **Private prompt alone** is the best candidate without source prompts (M = 0), with its own readout.

{accuracy}

The next table has crosspt less each of the others, in points of balanced accuracy, ± the standard error over the
draws.

{differences}

## On the faster backbone

`mini-fast` has four encoder layers instead of six, and source prompts of its own. The table has balanced accuracy in
%, on the draws that both backbones have (`bench/results/onboardings-quick-fast.jsonl`). The records of `mini-fast` are
of an earlier commit, which chose among candidates with other folds' numbers;
[bench/README.md](../bench/README.md#results) names it.

{fast}

## How honest the printed score is

`bench/honesty.py` compares the accuracy that `add-task` prints with the truth, balanced accuracy on the test rows.
`uncorrected` is the cross-validated accuracy, ± 1.645 standard errors. `corrected` is the accuracy to expect with its
own interval. The mean error is positive where the score is too high; ± is its standard error.

{honesty}

The mean error of {onboardings} onboardings is known to a point or two only. `bench/untrained.py` therefore draws
{studies} small studies of the same sets in which nothing is trained. Their candidates are the three best source
prompts untouched; folds, choice and correction are those of `add-task`.

{small_studies}

The 90 % interval of the accuracy to expect holds the truth in {held:.0f} % of these studies.

{pool}## How far confidences can be trusted

`bench/calibration.py` measures three things, counting each class the same:

- the expected calibration error over 15 bins,
- what `--target-accuracy 0.9` promised, and what came of it,
- how well `unusual` tells another data set's texts from the task's own.

Probabilities are read in three ways: at temperature 1 (`as they are`), at the temperature with which the search
compared candidates (`search`), and as `predict` prints them (`calibrated`).

![Accuracy against confidence, before and after calibration](pictures/calibration.svg)

{calibration}

A promise is refused where held-out rows cannot bear it out. AUROC, the area under the ROC curve, is 1 where every
other text is farther from the class means than every own one.
"""

UNMEASURED = """ Sets that no choice was made on have not been
measured yet."""

REPORT = """## Report sets

No choice in crosspt was made on these {targets} sets: no setting, step count, backbone or source prompt. They were
measured by `bench/report_sets.py`, at commit {commit}. Each was onboarded at the quick budget from {draws} of rows, and
judged on at most 400 test rows. The table has balanced accuracy in %, its mean ± its standard deviation over draws; a
figure without ± is of one draw. All columns of a draw are measured on the same rows.

{tables}

Plain prompt tuning has one prompt and no source prompts, and answers by label words alone. Its learning rate and its
number of steps are those that are best on the development sets (`bench/plain_prompt.py`).{fine_tuned}

## Development sets

"""

FINE_TUNED = """

SetFit was measured at 16 rows per class, on the sets of short texts: fine-tuning on long texts takes hours on two
cores."""

POOL = """## Rows without labels

{onboardings} onboardings were given up to {rows} other training rows without their labels. The table has balanced
accuracy in % of the chosen prompt without these rows and with them, and the gain in points ± its standard error.
`counted` says in how many draws the onboarding let the rows count.

{gains}

Crosspt with these rows less the others without, in points of balanced accuracy, ± the standard error, on the draws that
SetFit has as well:

{differences}

The next table says how honest the printed score is with such rows.

{honesty}

`add-task` also prints what these rows are worth on held-out rows. The last table has the gain on test rows, and how far
the printed worth is from it.

{worth}

"""


def with_peers(lines: Sequence[dict]) -> list[dict]:
    """Return the onboardings with what SetFit and its encoder's vectors came to on the same rows."""
    peers = {tuple(line[key] for key in KEYS): line for line in read_lines(RESULTS / "setfit.jsonl")}
    of_line = [peers[tuple(line[key] for key in KEYS)] for line in lines]
    return [
        line | {"balanced": line["balanced"] | {"SetFit": peer["balanced"], "MiniLM": peer["encoder"]["balanced"]}}
        for line, peer in zip(lines, of_line, strict=True)
    ]


def paired(lines: Sequence[dict], others: Sequence[dict], names: tuple[str, str]) -> str:
    """Return a table of crosspt's means in two files over the draws that both have, and of their difference.

    Args:
        lines: of the first file.
        others: of the second.
        names: of both.
    """
    known = {tuple(line[key] for key in KEYS): line for line in others}
    rows = [f"| | {' | '.join(names)} | {names[1]} less {names[0]} |", "|---" * 4 + "|"]
    for size in sorted({line["per_class"] for line in lines}):
        shared = [line for line in lines if line["per_class"] == size and tuple(line[key] for key in KEYS) in known]
        same = [known[tuple(line[key] for key in KEYS)] for line in shared]
        means = " | ".join(f"{mean_over_targets(each, 'crosspt'):.1f}" for each in (shared, same))
        apart = [b["balanced"]["crosspt"] - a["balanced"]["crosspt"] for a, b in zip(shared, same, strict=True)]
        rows.append(f"| {size} per class, {len(shared)} draws | {means} | {mean_and_error(100 * np.array(apart))} |")
    return "\n".join(rows)


def machine_of(results: Path) -> dict:
    """Return on what the first lines of a file were measured."""
    return json.loads(results.read_text(encoding="utf-8").splitlines()[0])["machine"]


def report_section(results: Path) -> str:
    """Return what stands first on the page; empty until the report sets were measured."""
    lines = read_lines(results)
    if not lines:
        return ""
    of_target: dict[str, set[int]] = {}
    for line in lines:
        if "way" not in line:
            of_target.setdefault(line["target"], set()).add(line["draw"])
    fewest, most = (counted(end(map(len, of_target.values())), "draw") for end in (min, max))
    return REPORT.format(
        targets=len(of_target), draws=most if fewest == most else f"{fewest} (long texts) to {most}",
        commit=machine_of(results)["commit"], tables=report_tables(lines),
        fine_tuned=FINE_TUNED if any({"way", "encoder", "balanced"} <= line.keys() for line in lines) else "",
    )  # fmt: skip


def pool_section(lines: Sequence[dict]) -> str:
    """Return what rows without labels gain; empty where no onboarding had any."""
    if not lines:
        return ""
    known = {tuple(line[key] for key in KEYS) for line in read_lines(RESULTS / "setfit.jsonl")}
    beside = with_peers([line for line in lines if tuple(line[key] for key in KEYS) in known])
    others = {name: OTHERS[name] for name in ("SetFit", "MiniLM")}
    return POOL.format(
        differences=differences(beside, "crosspt", others),
        onboardings=len(lines), rows=f"{max(line['pool'] for line in lines):,}",
        gains=pool_table(lines), honesty=summary(lines), worth=worth_summary(lines),
    )  # fmt: skip


def page() -> str:
    """Return docs/accuracy.md."""
    results, report = RESULTS / "onboardings-quick.jsonl", report_section(RESULTS / "report.jsonl")
    machine, every = machine_of(results), read_lines(results)
    lines = with_peers([line for line in every if not line.get("pool")])
    studies = json.loads((RESULTS / "untrained.json").read_text(encoding="utf-8"))["studies"]
    held = [study["interval"][0] <= study["balanced"]["crosspt"] <= study["interval"][1] for study in studies]
    classes = [line["classes"] for line in lines]
    return PAGE.format(
        targets=len({line["target"] for line in lines}), fewest=min(classes), most=max(classes),
        draws=len({line["draw"] for line in lines}), **machine,
        first=report, unmeasured="" if report else UNMEASURED,
        pool=pool_section([line for line in every if line.get("pool")]),
        accuracy=table(lines, COLUMNS), differences=differences(lines, "crosspt", OTHERS),
        fast=paired(lines, read_lines(RESULTS / "onboardings-quick-fast.jsonl"), ("mini", "mini-fast")),
        honesty=summary(lines), onboardings=len(lines), small_studies=summary(studies), studies=len(studies),
        held=100 * np.mean(held), calibration=tables(lines),
    )  # fmt: skip


if __name__ == "__main__":
    print(page(), end="")
