"""Are the rows that `crosspt suggest` picks worth more than rows picked at random?

    python bench/suggest.py --data DATA --draws 3 --out bench/results/suggest-quick.jsonl

DATA is the folder of targets that `accuracy.py` reads. For every target and draw a task is onboarded from 4 rows per
class. Of up to 1,000 other training rows 16 and 32 are then labelled, picked by `suggest`, at random, and by
uncertainty alone (the smallest margin between the two most probable classes), and the task is onboarded again with
them. Random rows are added up to 64, so that it can be read off how many of them are worth as much. One line per target
and draw is appended as soon as it is known; started again, the script goes on after the last line. Then it prints
balanced accuracy on 400 test rows in %, and for each number of picked rows how many random ones reach the same mean.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import read_lines
from rows import TARGETS, draw_rows, write_rows

PER_CLASS = 4
POOL = 1_000
ADDED = (16, 32)
MORE_RANDOM = (64,)
SUGGEST, RANDOM, UNCERTAIN = METHODS = ("suggest", "random", "uncertainty")
KEY = ("target", "draw", "budget", "backbone")


@dataclass(frozen=True)
class Job:
    """One target and draw to measure."""

    data: str
    target: str
    draw: int
    budget: str
    backbone: str
    test_rows: int

    @property
    def key(self) -> tuple:
        """What makes a line this job's."""
        return (self.target, self.draw, self.budget, self.backbone)


def measure(job: Job) -> dict:
    """Return the line of one job: balanced accuracy by what was added."""
    import torch

    torch.set_num_threads(1)
    folder = Path(job.data) / job.target
    shots, test = draw_rows(folder, PER_CLASS, job.draw, job.test_rows)
    pool = draw_pool(folder, shots, job.draw)
    with tempfile.TemporaryDirectory() as scratch:
        predictor = onboarded(job, shots, Path(scratch))
        balanced = {"start": score(predictor, test)}
        picked = picks(predictor, pool, job.draw, Path(scratch))
        for method, number in rounds(len(pool)):
            added = [pool.rows[row] for row in picked[method][:number]]
            again = onboarded(job, with_rows(shots, added), Path(scratch))
            balanced[f"{method} {number}"] = score(again, test)
    return {
        "target": job.target, "draw": job.draw, "budget": job.budget, "backbone": job.backbone,
        "rows": len(shots), "pool": len(pool), "test_rows": len(test), "balanced": balanced,
    }  # fmt: skip


def rounds(pool: int) -> list[tuple[str, int]]:
    """Return what is added, by method and number; a small pool cannot give many."""
    every = [(method, number) for method in METHODS for number in ADDED]
    every += [(RANDOM, number) for number in MORE_RANDOM]
    return [(method, number) for method, number in every if number <= pool]


def draw_pool(folder: Path, shots, draw: int):
    """Return up to `POOL` training rows that are not among `shots`."""
    from crosspt_cli.data import read_csv

    train = read_csv(folder / "train.csv.gz", "label")
    used = {row.line for row in shots.rows}
    others = [place for place, row in enumerate(train.rows) if row.line not in used]
    order = np.random.default_rng(draw).permutation(len(others))[:POOL]
    return train.subset(sorted(others[place] for place in order))


def with_rows(shots, added: Sequence):
    """Return the labelled rows with some more."""
    from dataclasses import replace

    return replace(shots, rows=(*shots.rows, *added))


def onboarded(job: Job, examples, scratch: Path):
    """Return the predictor of a task onboarded from these rows."""
    from crosspt_cli import Predictor, Registry, onboard

    registry = Registry.open(scratch / "home")
    rows = scratch / f"{job.target.replace('_', '-')}.csv"
    write_rows(rows, examples)
    settings = {"budget": job.budget, "backbone": job.backbone, "seed": job.draw}
    done = onboard(rows, "label", registry=registry, replace=True, **settings)
    return Predictor.open(done.task, registry)


def score(predictor, test) -> float:
    """Return balanced accuracy on the test rows."""
    answers = np.array([answer.label for answer in predictor.predict([row.fields for row in test.rows])])
    truth = np.array(test.labels())
    return round(float(np.mean([(answers[truth == label] == label).mean() for label in np.unique(truth)])), 4)


def picks(predictor, pool, draw: int, scratch: Path) -> dict[str, list[int]]:
    """Return each method's rows of the pool, the first to be added first."""
    from crosspt_cli import Registry
    from crosspt_cli.onboarding.suggest import suggest

    with (scratch / "pool.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(pool.text_columns)
        writer.writerows(row.fields for row in pool.rows)
    places = {row.fields: place for place, row in reversed(list(enumerate(pool.rows)))}
    registry = Registry.open(scratch / "home")
    asked = suggest(scratch / "pool.csv", predictor.fitted.name, max(ADDED), registry=registry)
    shares = [sorted(found.shares.values()) for found in predictor.predict([row.fields for row in pool.rows])]
    margins = np.array([each[-1] - each[-2] for each in shares])
    return {
        SUGGEST: [places[row.texts] for row in asked.rows],
        UNCERTAIN: margins.argsort(kind="stable").tolist(),
        RANDOM: np.random.default_rng((draw, 1)).permutation(len(pool)).tolist(),
    }


def table(lines: list[dict]) -> str:
    """Return a Markdown table: balanced accuracy in %, mean over draws ± standard deviation, a row per target."""
    columns = ["start", *(f"{method} {number}" for number in ADDED for method in METHODS)]
    columns += [f"{RANDOM} {number}" for number in MORE_RANDOM]
    out = [f"| target (draws) | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    targets = list(dict.fromkeys(line["target"] for line in lines))
    means = {}
    for target in targets:
        rows = [line["balanced"] for line in lines if line["target"] == target]
        values = {name: 100 * np.array([row[name] for row in rows if name in row]) for name in columns}
        means[target] = {name: each.mean() for name, each in values.items() if len(each)}
        out.append(f"| {target} ({len(rows)}) | {' | '.join(map(_cell, values.values()))} |")
    whole = [each for each in means.values() if len(each) == len(columns)]
    if whole:
        mean = {name: float(np.mean([each[name] for each in whole])) for name in columns}
        out.append(f"| **mean of {len(whole)}** | {' | '.join(f'**{mean[name]:.1f}**' for name in columns)} |")
        out += ["", *equals(mean)]
    return "\n".join(out)


def _cell(values: np.ndarray) -> str:
    if not len(values):
        return "–"
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def equals(mean: dict[str, float]) -> list[str]:
    """Return, for each number of picked rows, how many random ones reach the same mean."""
    counts = (0, *ADDED, *MORE_RANDOM)
    curve = [mean["start"], *(mean[f"{RANDOM} {number}"] for number in counts[1:])]
    return [
        f"{number} rows by {method} are worth {worth(mean[f'{method} {number}'], counts, curve)} random ones."
        for number in ADDED
        for method in (SUGGEST, UNCERTAIN)
    ]


def worth(reached: float, counts: Sequence[int], curve: Sequence[float]) -> str:
    """Return how many random rows first reach an accuracy, on straight lines between the numbers measured."""
    for (low, below), (high, above) in zip(zip(counts, curve), zip(counts[1:], curve[1:])):  # noqa: B905
        if below >= reached:
            return f"{low:.0f}"
        if above >= reached:
            return f"{low + (high - low) * (reached - below) / (above - below):.0f}"
    return f"more than {counts[-1]}"


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/suggest-quick.jsonl"))
    chosen = parser.parse_args()
    jobs = [
        Job(chosen.data, target, draw, chosen.budget, chosen.backbone, chosen.test_rows)
        for draw in range(chosen.draws)
        for target in chosen.targets.split(",")
    ]
    done = {tuple(line[part] for part in KEY) for line in read_lines(chosen.out)}
    _run([job for job in jobs if job.key not in done], chosen.workers, chosen.out)
    print(table(read_lines(chosen.out)))


def _run(jobs: list[Job], workers: int, out: Path) -> None:
    from machine import describe

    out.parent.mkdir(parents=True, exist_ok=True)
    if jobs and not out.exists():
        out.write_text(json.dumps({"machine": describe(), "workers": workers, "threads": 1}) + "\n")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool, out.open("a") as handle:
        for future in as_completed([pool.submit(measure, job) for job in jobs]):
            line = json.dumps(future.result())
            print(line, file=handle, flush=True)
            print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
