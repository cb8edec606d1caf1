"""Are the rows that `crosspt suggest` picks worth more than rows picked at random, and do forecasts of more rows hold?

    python bench/suggest.py --data DATA --draws 2 --out bench/results/suggest-quick.jsonl

DATA is the folder of targets that `onboardings.py` reads. For every target and draw a task is onboarded from 4 rows
per class. Of up to 1,000 other training rows 16 and 32 are then labelled, picked by `suggest` and at random, and the
task is onboarded again with them; random rows are added up to 64, so that it can be read off how many of them are worth
as much. Every onboarding forecasts what the random rows that follow it should gain. One line per target and draw is
appended as soon as it is known; started again, the script goes on after the last line.

It prints balanced accuracy on 400 test rows in %, how many random rows reach the same mean as the picked ones, how many
forecasts' 90 % intervals hold what was gained, and how fast wrong answers become fewer, target by target.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import TARGETS, balanced, draw_rows, write_rows

PER_CLASS = 4
POOL = 1_000
ADDED = (16, 32)
MORE_RANDOM = (64,)
SUGGEST, RANDOM = METHODS = ("suggest", "random")
START = "start"


@dataclass(frozen=True)
class Job:
    """One target and draw to measure."""

    data: Path
    target: str
    draw: int
    budget: str
    backbone: str
    test_rows: int

    @property
    def key(self) -> dict:
        """What makes a line this job's."""
        return {name: getattr(self, name) for name in ("target", "draw", "budget", "backbone")}


def measure(job: Job) -> dict:
    """Return the line of one job: balanced accuracy by what was added, and what was forecast."""
    shots, test = draw_rows(job.data / job.target, PER_CLASS, job.draw, job.test_rows)
    pool = draw_pool(job.data / job.target, shots, job.draw)
    with tempfile.TemporaryDirectory() as scratch:
        done, predictor = onboarded(job, shots, Path(scratch))
        reached, curves = {START: score(predictor, test)}, {0: done.study.curve}
        picked = picks(predictor, pool, job.draw, Path(scratch))
        for method, number in rounds(len(pool)):
            added = [pool.rows[row] for row in picked[method][:number]]
            done, predictor = onboarded(job, with_rows(shots, added), Path(scratch))
            reached[f"{method} {number}"] = score(predictor, test)
            if method == RANDOM:
                curves[number] = done.study.curve
    return {
        "rows": len(shots), "pool": len(pool), "test_rows": len(test), "balanced": reached,
        "forecasts": forecasts(curves, reached),
    }  # fmt: skip


def forecasts(curves: dict, reached: dict[str, float]) -> list[dict]:
    """Return, for every two numbers of random rows, the curve at the smaller and what the larger gained."""
    names = {0: START} | {number: f"{RANDOM} {number}" for number in curves if number}
    found = []
    for before, curve in sorted(curves.items()):
        for after in sorted(number for number in curves if number > before):
            found.append({
                "before": before, "after": after, "rows": curve.rows, "wrong": round(curve.wrong, 4),
                "rate": round(curve.rate, 4), "error": round(curve.error, 4),
                "gained": round(reached[names[after]] - reached[names[before]], 4),
                "wrong_before": round(1 - reached[names[before]], 4),
            })  # fmt: skip
    return found


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


def onboarded(job: Job, examples, scratch: Path) -> tuple:
    """Return the onboarding of these rows, and its predictor."""
    from crosspt_cli import Predictor, Registry, onboard

    registry = Registry.open(scratch / "home")
    rows = scratch / f"{job.target.replace('_', '-')}.csv"
    write_rows(rows, examples)
    settings = {"budget": job.budget, "backbone": job.backbone, "seed": job.draw}
    done = onboard(rows, "label", registry=registry, replace=True, **settings)
    return done, Predictor.open(done.task, registry)


def score(predictor, test) -> float:
    """Return balanced accuracy on the test rows."""
    answers = np.array([answer.label for answer in predictor.predict([row.fields for row in test.rows])])
    return round(balanced(answers, np.array(test.labels())), 4)


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
    return {
        SUGGEST: [places[row.texts] for row in asked.rows],
        RANDOM: np.random.default_rng((draw, 1)).permutation(len(pool)).tolist(),
    }


def table(lines: list[dict]) -> str:
    """Return a Markdown table: balanced accuracy in %, mean over draws ± standard deviation, a row per target."""
    columns = [START, *(f"{method} {number}" for number in ADDED for method in METHODS)]
    columns += [f"{RANDOM} {number}" for number in MORE_RANDOM]
    out = [f"| target (draws) | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    means = {}
    for target in dict.fromkeys(line["target"] for line in lines):
        rows = [line["balanced"] for line in lines if line["target"] == target]
        values = {name: 100 * np.array([row[name] for row in rows if name in row]) for name in columns}
        means[target] = {name: each.mean() for name, each in values.items() if len(each)}
        out.append(f"| {target} ({len(rows)}) | {' | '.join(map(_cell, values.values()))} |")
    whole = [each for each in means.values() if len(each) == len(columns)]
    if whole:
        mean = {name: float(np.mean([each[name] for each in whole])) for name in columns}
        out.append(f"| **mean of {len(whole)}** | {' | '.join(f'**{mean[name]:.1f}**' for name in columns)} |")
        out += ["", *equals(mean), "", *differences(lines)]
    return "\n".join(out)


def differences(lines: list[dict]) -> list[str]:
    """Return by how much suggested rows are ahead of as many random ones, with a 90 % interval over onboardings."""
    out = []
    for number in ADDED:
        names = [f"{method} {number}" for method in METHODS]
        ahead = 100 * np.array(
            [each["balanced"][names[0]] - each["balanced"][names[1]] for each in lines if names[0] in each["balanced"]]
        )
        off = 1.645 * ahead.std(ddof=1) / np.sqrt(len(ahead)) if len(ahead) > 1 else float("nan")
        out.append(f"{number} suggested rows are {ahead.mean():+.1f} ± {off:.1f} points ahead of {number} random ones.")
    return out


def forecast_table(lines: list[dict]) -> str:
    """Return how well forecasts hold, by how much is added, and each target's own rate."""
    every = [(line["target"], each) for line in lines for each in line["forecasts"]]
    out = [
        "| rows | more | forecasts | mean gain, points | forecast | root mean square error | 90 % intervals that hold |"
    ]
    out.append("|---" * 7 + "|")
    kinds = sorted({(each["before"], each["after"]) for _, each in every})
    parts = [(f"start + {before} | {after - before}", before, after) for before, after in kinds]
    for title, before, after in parts:
        out.append(
            _forecast_row(title, [each for _, each in every if (each["before"], each["after"]) == (before, after)])
        )
    out.append(_forecast_row("all | ", [each for _, each in every]))
    out += ["", "| target | log share of wrong answers that stays when rows are doubled |", "|---|---|"]
    rates = {target: own_rate([each for name, each in every if name == target]) for target, _ in every}
    out += [f"| {target} | {rate:+.3f} |" for target, rate in rates.items()]
    spread = np.std(list(rates.values()), ddof=1) if len(rates) > 1 else float("nan")
    out.append(f"| mean ± standard deviation | {np.mean(list(rates.values())):+.3f} ± {spread:.3f} |")
    return "\n".join(out)


def _forecast_row(title: str, found: list[dict]) -> str:
    from crosspt_cli.search.forecast import LearningCurve

    made = [
        LearningCurve((), each["rows"], each["wrong"], each["rate"], each["error"]).gain(each["after"] - each["before"])
        for each in found
    ]
    gained, said = 100 * np.array([each["gained"] for each in found]), 100 * np.array([each.gain for each in made])
    held = sum(each.low <= each_found["gained"] <= each.high for each, each_found in zip(made, found, strict=True))
    error = np.sqrt(((said - gained) ** 2).mean())
    numbers = f"{len(found)} | {gained.mean():+.1f} | {said.mean():+.1f} | {error:.1f}"
    return f"| {title} | {numbers} | {held} of {len(found)} ({held / len(found):.0%}) |"


def own_rate(found: list[dict]) -> float:
    """Return a target's log share of wrong answers that stays per doubling, over all pairs of sizes."""
    doublings = np.array([np.log2(1 + (each["after"] - each["before"]) / each["rows"]) for each in found])
    wrong = np.array([[each["wrong_before"], each["wrong_before"] - each["gained"]] for each in found])
    logs = np.log(np.maximum(wrong, 0.005))
    return float((doublings * (logs[:, 1] - logs[:, 0])).sum() / (doublings**2).sum())


def _cell(values: np.ndarray) -> str:
    if not len(values):
        return "–"
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def equals(mean: dict[str, float]) -> list[str]:
    """Return, for each number of picked rows, how many random ones reach the same mean."""
    counts = (0, *ADDED, *MORE_RANDOM)
    curve = [mean[START], *(mean[f"{RANDOM} {number}"] for number in counts[1:])]
    return [
        f"{number} suggested rows are worth {worth(mean[f'{SUGGEST} {number}'], counts, curve)} random ones."
        for number in ADDED
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
    """Measure what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--draws", type=int, default=2)
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
    lines = measure_missing(jobs, measure, chosen.out, chosen.workers)
    print(table(lines))
    print()
    print(forecast_table(lines))


if __name__ == "__main__":
    main()
