"""How good are SetFit and the encoder it starts from, on the very rows that `accuracy.py` draws?

    python bench/setfit.py --data DATA --setfit-python PYTHON --encoder ENCODER --out bench/results/setfit.jsonl

PYTHON is that of an environment with setfit, ENCODER a folder with all-MiniLM-L6-v2 (README.md says how to get them).
One line is appended per target, draw and number of rows per class; started again, the script goes on after the last
line. Then it prints the mean of balanced accuracy over all lines. Pairs of texts are joined as crosspt's templates
join them.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import TARGETS, draw_rows, joined

MOST_STEPS = 600  # of SetFit on 16 pairs each; all pairs of 1,232 rows would take days


@dataclass(frozen=True)
class FineTuning:
    """One fine-tuning to measure, by the `python` that has setfit, from `encoder`.

    Unless it is `tuned`, only logistic regression on the encoder's vectors is.
    """

    data: Path
    target: str
    per_class: int
    draw: int
    test_rows: int
    python: str
    encoder: str
    tuned: bool = True

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        return {"target": self.target, "per_class": self.per_class, "draw": self.draw}


def measure(job: FineTuning) -> dict:
    """Return what SetFit, and logistic regression on its encoder's vectors, come to."""
    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, job.test_rows)
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch) / name for name in ("train.csv", "test.csv")]
        for path, examples in zip(paths, (shots, test), strict=True):
            with path.open("w", newline="", encoding="utf-8") as handle:
                rows = [(joined(row.fields), row.label) for row in examples.rows]
                csv.writer(handle).writerows([("text", "label"), *rows])
        capped = job.tuned and len(shots) ** 2 // 16 > MOST_STEPS
        most = (MOST_STEPS if capped else -1) if job.tuned else 0
        script = str(Path(__file__).parent / "peers" / "setfit_run.py")
        command = [job.python, script, *map(str, paths), job.encoder, str(most)]
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"capped": capped} | json.loads(finished.stdout.splitlines()[-1])


def main() -> None:
    """Measure what is missing, then print the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--setfit-python", required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("bench/results/setfit.jsonl"))
    chosen = parser.parse_args()
    sizes = [int(size) for size in chosen.per_class.split(",")]
    jobs = [
        FineTuning(
            chosen.data, target, size, draw, chosen.test_rows, chosen.setfit_python, str(Path(chosen.encoder).resolve())
        )
        for draw in range(chosen.draws)
        for size in sizes
        for target in chosen.targets.split(",")
    ]
    measured = measure_missing(jobs, measure, chosen.out, 1)
    for size in sizes:
        lines = [line for line in measured if line["per_class"] == size]
        fine_tuned, before = (
            100 * np.mean([value(line) for line in lines])
            for value in (lambda line: line["balanced"], lambda line: line["encoder"]["balanced"])
        )
        print(f"{size} per class, {len(lines)} lines: SetFit {fine_tuned:.1f}, logistic regression {before:.1f}")


if __name__ == "__main__":
    main()
