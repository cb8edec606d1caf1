"""How honest is the score that `add-task` prints? Its estimates from a few rows, beside the truth on many.

    python bench/honesty.py --data DATA --per-class 4,16 --draws 5 --out bench/results/honesty-quick.jsonl

DATA is the folder of targets of `accuracy.py`. For every target, draw and number of rows per class, a task is onboarded
and then answers up to 2,000 test rows; one line is appended as soon as it is known, and started again, the script goes
on after the last line. Then it prints how far off the estimates are on average, and how often their 90 % intervals hold
the truth.

`uncorrected` is the cross-validated accuracy of what was chosen, ± 1.645 standard errors; `corrected` is the corrected
one with its own interval. A draw has as many rows of each class, so both estimate an accuracy that counts every class
the same: the truth is the balanced accuracy on the test rows, whose classes may be of any size.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from accuracy import draw_rows, read_lines, write_rows
from machine import describe

TARGETS = "cr,imdb_sentences,subj,trec,emotion,financial_phrasebank,sick"
KEY = ("target", "per_class", "draw", "budget", "backbone")
ERRORS = 1.645  # standard errors to either side hold 90 % of a normal distribution


def measure(data: Path, target: str, per_class: int, draw: int, budget: str, backbone: str, most: int) -> dict:
    """Return the line of one onboarding."""
    from crosspt_cli import Predictor, Registry, onboard

    shots, test = draw_rows(data / target, per_class, draw, most)
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch) / "home")
        rows = Path(scratch) / f"{target.replace('_', '-')}.csv"
        write_rows(rows, shots)
        began = time.monotonic()
        done = onboard(rows, "label", budget=budget, backbone=backbone, registry=registry, seed=draw)
        seconds = time.monotonic() - began
        answers = Predictor.open(done.task, registry).predict([row.fields for row in test.rows])
    right = np.array([answer.label == row.label for answer, row in zip(answers, test.rows, strict=True)])
    chosen, corrected, verdict = done.study.chosen, done.study.corrected, done.study.verdict
    return {
        "target": target, "per_class": per_class, "draw": draw, "budget": budget, "backbone": backbone,
        "rows": len(shots), "classes": len(shots.classes), "test_rows": len(test),
        "uncorrected": round(chosen.score.mean, 4), "se": round(chosen.score.se, 4),
        "corrected": round(corrected.mean, 4), "interval": [round(corrected.low, 4), round(corrected.high, 4)],
        "truth": round(_balanced(right, test.labels()), 4), "accuracy": round(float(right.mean()), 4),
        "chosen": str(chosen.candidate), "simpler": verdict.simpler, "seconds": round(seconds, 1),
    }  # fmt: skip


def _balanced(right: np.ndarray, labels: Sequence[str]) -> float:
    """Return the mean over the classes of how often their rows are right."""
    classes = np.array(labels)
    return float(np.mean([right[classes == name].mean() for name in np.unique(classes)]))


def summary(lines: list[dict]) -> str:
    """Return a Markdown table: mean error and coverage of both estimates, per number of rows per class and overall."""
    sizes = sorted({line["per_class"] for line in lines})
    parts = [(f"{size} per class", [line for line in lines if line["per_class"] == size]) for size in sizes]
    out = ["| draws | estimate | mean error (points) | root mean square | 90 % intervals that hold the truth | width |"]
    out.append("|---" * 6 + "|")
    for title, part in [*parts, ("all", lines)]:
        truth = np.array([line["truth"] for line in part])
        for name, (estimate, low, high) in _estimates(part).items():
            error, held = 100 * (estimate - truth), (low <= truth) & (truth <= high)
            numbers = f"{error.mean():+.1f} | {np.sqrt((error**2).mean()):.1f} | {held.sum()} of {len(held)}"
            out.append(f"| {title} | {name} | {numbers} | {100 * (high - low).mean():.1f} |")
    return "\n".join(out)


def _estimates(lines: list[dict]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return for either estimate its value and the ends of its interval, each [draws]."""
    plain, error, corrected = (np.array([line[name] for line in lines]) for name in ("uncorrected", "se", "corrected"))
    low, high = np.array([line["interval"] for line in lines]).T
    wide = ERRORS * error
    return {"uncorrected": (plain, plain - wide, plain + wide), "corrected": (corrected, low, high)}


def main() -> None:
    """Measure what is missing, one after the other on one thread, then print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--test-rows", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path("bench/results/honesty-quick.jsonl"))
    chosen = parser.parse_args()
    jobs = [
        (target, int(per_class), draw, chosen.budget, chosen.backbone)
        for draw in range(chosen.draws)
        for per_class in chosen.per_class.split(",")
        for target in chosen.targets.split(",")
    ]
    done = {tuple(line[part] for part in KEY) for line in read_lines(chosen.out)}
    _run([job for job in jobs if job not in done], chosen.data, chosen.test_rows, chosen.out)
    print(summary(read_lines(chosen.out)))


def _run(jobs: list[tuple], data: Path, most: int, out: Path) -> None:
    import torch

    torch.set_num_threads(1)
    out.parent.mkdir(parents=True, exist_ok=True)
    if jobs and not out.exists():
        out.write_text(json.dumps({"machine": describe(), "threads": 1}) + "\n")
    with out.open("a") as handle:
        for job in jobs:
            line = json.dumps(measure(data, *job, most))
            print(line, file=handle, flush=True)
            print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
