"""Are probabilities what they say, and promises kept? On many test rows, for tasks onboarded from a few.

    python bench/calibration.py --data DATA --per-class 4,16 --draws 3 --out bench/results/calibration-quick.jsonl

DATA is the folder of targets of `accuracy.py`. For every target, draw and number of rows per class, a task is onboarded
and answers up to 1,000 of its own test rows and 200 of another target's; one line is appended as soon as it is known,
and started again, the script goes on after the last line. Then it prints the tables of all lines, and with --picture it
draws a reliability diagram.

`as they are`: probabilities at temperature 1 · `search`: at the temperature, from a coarse grid, at which the search
compared candidates · `calibrated`: as `predict` prints them.

A draw has as many rows of each class and the test rows do not, so test rows are weighted: each class counts the same.
The expected calibration error is of 15 bins by confidence that hold equal weight: the mean over the bins of how far
accuracy and mean confidence are apart. A perfect model has some points of it too, by chance. A promise of
`--target-accuracy 0.9` holds when those test rows that are answered are right that often.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from accuracy import TARGETS, draw_rows, read_lines, write_rows

BINS = 15
TARGET = 0.9
KINDS = ("as they are", "search", "calibrated")
OTHER_ROWS = 200
KEY = ("target", "per_class", "draw", "budget", "backbone")


@dataclass(frozen=True)
class Job:
    """One onboarding to measure; `other` is the target whose texts it should find unusual."""

    data: str
    target: str
    other: str
    per_class: int
    draw: int
    budget: str
    backbone: str
    test_rows: int

    @property
    def key(self) -> tuple:
        """What makes a line this job's."""
        return tuple(getattr(self, name) for name in KEY)


def measure(job: Job) -> dict:
    """Return the line of one job."""
    import torch

    torch.set_num_threads(1)
    from crosspt_cli import Predictor, Registry, onboard

    shots, test = draw_rows(Path(job.data) / job.target, job.per_class, job.draw, job.test_rows)
    _, other = draw_rows(Path(job.data) / job.other, job.per_class, job.draw, OTHER_ROWS)
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch) / "home")
        rows = Path(scratch) / f"{job.target.replace('_', '-')}.csv"
        write_rows(rows, shots)
        began = time.monotonic()
        done = onboard(rows, "label", budget=job.budget, backbone=job.backbone, registry=registry, seed=job.draw)
        seconds = time.monotonic() - began
        predictor = Predictor.open(done.task, registry)
    fitted, classes = done.fitted, list(done.fitted.spec.verbalizer.classes)
    labels = np.array([classes.index(label) for label in test.labels()])
    _, calibrated, unusual = predictor.scores([row.fields for row in test.rows])
    heats = dict(zip(KINDS, (1.0, done.study.chosen.readout.temperature, fitted.readout.temperature), strict=True))
    weights = 1 / np.bincount(labels, minlength=len(classes))[labels]
    said = {name: _heated(calibrated * (fitted.readout.temperature / heat)) for name, heat in heats.items()}
    return {
        **{name: getattr(job, name) for name in KEY}, "rows": len(shots), "classes": len(classes),
        "test_rows": len(test), "chosen": str(fitted.candidate), "weight": fitted.readout.weight,
        "cv": round(done.study.chosen.score.mean, 4),
        "temperatures": {name: round(heat, 4) for name, heat in heats.items()},
        "probabilities": {name: _judged(each, labels, weights / weights.sum()) for name, each in said.items()},
        "promise": _promise(predictor, said["calibrated"], labels, weights / weights.sum()),
        "other": job.other, "unusual": None if unusual is None else _unusual(predictor, test, other),
        "seconds": round(seconds, 1),
    }  # fmt: skip


def _heated(scores: np.ndarray) -> np.ndarray:
    from crosspt_cli.core.score import log_softmax

    return log_softmax(scores.astype(float))


def _judged(log_shares: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict:
    """Return negative log-likelihood, calibration error, and per bin its weight, mean confidence and accuracy."""
    confidence, right = np.exp(log_shares.max(1)), log_shares.argmax(1) == labels
    order = confidence.argsort(kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    of_bin = np.minimum((middle * BINS).astype(int), BINS - 1)
    mass = np.bincount(of_bin, weights[order], BINS)
    sure, true = (np.bincount(of_bin, (weights * each)[order], BINS) for each in (confidence, right))
    with np.errstate(invalid="ignore"):
        bins = [[round(float(value), 4) for value in row] for row in zip(mass, sure / mass, true / mass, strict=True)]
    return {
        "nll": round(float(-(weights * log_shares[np.arange(len(labels)), labels]).sum()), 4),
        "ece": round(float(np.abs(sure - true).sum()), 4),
        "confidence": round(float(sure.sum()), 4),
        "accuracy": round(float(true.sum()), 4),
        "bins": [row for row in bins if row[0]],
    }


def _promise(predictor, log_shares: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict | None:
    """Return how much of the test rows is answered under the promise, and how often right; None where it is refused."""
    from crosspt_cli import CrossptError

    try:
        promise = predictor.promise(TARGET)
    except CrossptError:
        return None
    sure = np.exp(log_shares.max(1)) >= promise.threshold
    right = log_shares.argmax(1) == labels
    answered = float(weights[sure].sum())
    accuracy = float(weights[sure & right].sum()) / answered if answered else None
    return {
        "threshold": round(promise.threshold, 4), "accepted": promise.accepted, "right": promise.right,
        "coverage": round(answered, 4), "accuracy": accuracy,
    }  # fmt: skip


def _unusual(predictor, test, other) -> dict:
    """Return how well distances tell another target's rows from the task's own, and how many of either are flagged."""
    import torch
    from sklearn.metrics import roc_auc_score

    from crosspt_cli.core.train import answer_rows, read_to_layer
    from crosspt_cli.core.unusual import distances
    from crosspt_cli.search.trials import tokens_at_once

    at_once, familiar = tokens_at_once(predictor.backbone.device), predictor.fitted.familiar
    width = len(predictor.fitted.text_columns)
    of_both = []
    for rows in (test.rows, other.rows):
        # a pair's first text stands for it where the task reads single texts, and the other way round
        fields = [(row.fields * width)[:width] for row in rows]
        texts = read_to_layer(predictor.backbone, predictor.encode(fields), predictor.fitted.prompt_layer, at_once)
        at = torch.arange(len(texts))
        read = answer_rows(predictor.backbone, predictor.prompt, at * 0, texts, at, predictor.tree, at_once)
        of_both.append(distances(familiar.means, read.vectors))
    own, foreign = of_both
    auroc = roc_auc_score(np.repeat([0, 1], [len(own), len(foreign)]), np.concatenate(of_both))
    return {
        "auroc": round(float(auroc), 4),
        "own_flagged": round(float((own > familiar.limit).mean()), 4),
        "other_flagged": round(float((foreign > familiar.limit).mean()), 4),
    }


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
    held = sum(each["accuracy"] is None or each["accuracy"] >= TARGET for each in made)
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
    """Measure what is missing, then print the tables and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--test-rows", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/calibration-quick.jsonl"))
    parser.add_argument("--picture", type=Path, help="an SVG to draw the reliability diagram into")
    chosen = parser.parse_args()
    every = TARGETS.split(",")
    jobs = [
        Job(
            chosen.data, target, every[(every.index(target) + 1) % len(every)] if target in every else every[0],
            int(per_class), draw, chosen.budget, chosen.backbone, chosen.test_rows,
        )
        for draw in range(chosen.draws)
        for per_class in chosen.per_class.split(",")
        for target in chosen.targets.split(",")
    ]  # fmt: skip
    done = {tuple(line[part] for part in KEY) for line in read_lines(chosen.out)}
    _run([job for job in jobs if job.key not in done], chosen.workers, chosen.out)
    print(tables(read_lines(chosen.out)))
    if chosen.picture:
        draw_picture(read_lines(chosen.out), chosen.picture)


def _run(jobs: Sequence[Job], workers: int, out: Path) -> None:
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
