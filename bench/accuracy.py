"""How good is a task onboarded from a few rows, beside what a person would pick instead?

    python bench/accuracy.py --data DATA --budget quick --draws 3 --out bench/results/accuracy-quick.jsonl

DATA holds one folder per target with `train.csv.gz` and `test.csv.gz` (columns `text`, or `sentence1` and
`sentence2`, and `label`). For every target, draw and number of rows per class, one line is appended as soon as it is
known; started again, the script goes on after the last line. Then it prints the table of all lines.

Columns: `crosspt` as `add-task` chooses it · `label words` the same prompt read by label words alone · `M = 0` the best
candidate without sources, fitted and read as its own held-out rows say · `source` the most useful source prompt,
untouched · `TF-IDF` and `encoder`: logistic regression on words, and on the same frozen encoder's mean-pooled output ·
`chance`. All on the same rows. Balanced accuracy averages over classes.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
TARGETS = "cr,imdb_sentences,subj,trec,emotion,financial_phrasebank,sick,banking77"
COLUMNS = ("crosspt", "label words", "M = 0", "source", "TF-IDF", "encoder", "chance")


@dataclass(frozen=True)
class Job:
    """One onboarding to measure."""

    data: str
    target: str
    per_class: int
    draw: int
    budget: str
    backbone: str
    test_rows: int
    threads: int

    @property
    def key(self) -> tuple:
        """What makes a line this job's."""
        return (self.target, self.per_class, self.draw, self.budget, self.backbone)


def measure(job: Job) -> dict:
    """Return the line of one job."""
    import torch

    torch.set_num_threads(job.threads)
    from crosspt_cli import Predictor, Registry, onboard
    from crosspt_cli.data import read_csv

    shots, test = draw_rows(Path(job.data) / job.target, job.per_class, job.draw, job.test_rows)
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch) / "home")
        rows = Path(scratch) / f"{job.target.replace('_', '-')}.csv"
        write_rows(rows, shots)
        began = time.monotonic()
        done = onboard(rows, "label", budget=job.budget, backbone=job.backbone, registry=registry, seed=job.draw)
        seconds = time.monotonic() - began
        predictor = Predictor.open(done.task, registry)
        examples = read_csv(rows, "label")
    truth = np.array([examples.classes.index(label) for label in test.labels()])
    answers, candidates = _answers(done, predictor, examples, [row.fields for row in test.rows], job.draw, truth)
    chosen, chance = done.study.chosen, {"chance": round(1 / len(shots.classes), 4)}
    return {
        "target": job.target, "per_class": job.per_class, "draw": job.draw, "budget": job.budget,
        "backbone": job.backbone,
        "rows": len(shots), "classes": len(shots.classes), "test_rows": len(test),
        "accuracy": {name: round(float((got == truth).mean()), 4) for name, got in answers.items()} | chance,
        "balanced": {name: round(balanced(got, truth), 4) for name, got in answers.items()} | chance,
        "chosen": str(chosen.candidate), "sources": list(chosen.candidate.sources), "steps": chosen.steps,
        "weight": chosen.readout.weight, "cv": round(chosen.score.mean, 4), "cv_se": round(chosen.score.se, 4),
        "candidates": candidates, "seconds": round(seconds, 1), "threads": job.threads,
    }  # fmt: skip


def _answers(done, predictor, examples, texts, draw: int, truth) -> tuple[dict[str, np.ndarray], list[dict]]:
    """Return every column's class index per test row, and how each candidate of the study would have done."""
    import torch

    from crosspt_cli.core.score import Readout
    from crosspt_cli.core.train import answer_rows, read_to_layer, sentence_vectors
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.registry import Registry
    from crosspt_cli.search.baselines import ENCODER, FITTERS, TFIDF
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.plan import find_budget, total_steps
    from crosspt_cli.search.trials import tokens_at_once

    backbone, study = predictor.backbone, done.study
    sources = load_sources(Registry.open(), backbone, done.fitted.prompt_layer)
    task = study_task(examples, backbone, prepare(examples, backbone), sources, draw)
    at_once = tokens_at_once(backbone.device)
    encoded = read_to_layer(backbone, predictor.encode(texts), sources.layer, at_once)
    vectors, everything = sentence_vectors(backbone, encoded, at_once), torch.arange(len(texts))

    def answer(fit, *readouts: Readout) -> list[np.ndarray]:
        prompts = torch.as_tensor(fit.prompt)[None]
        found = answer_rows(backbone, prompts, everything * 0, encoded, everything, task.tree, at_once)
        nearness = fit.prototypes.nearness(found.vectors)
        return [readout.log_shares(found.nats, fit.leaning, nearness).argmax(1) for readout in readouts]

    horizon = total_steps(find_budget(done.budget), len(examples))
    by_candidate, records = [], []
    for result in study.candidates:
        fit = fit_final(task, result.candidate, result.steps, horizon)
        (got,) = answer(fit, result.readout)
        by_candidate.append(got)
        records.append({
            "candidate": str(result.candidate), "m": result.candidate.m, "lr_ratio": result.candidate.lr_ratio,
            "state": result.state, "steps": result.steps, "weight": result.readout.weight,
            "utility": [round(float(value), 3) for value in result.utility] if len(examples) <= 400 else None,
            "mean_utility": round(float(result.utility.mean()), 4), "cv": round(result.score.mean, 4),
            "balanced": round(balanced(got, truth), 4),
        })  # fmt: skip
    alone = max(
        (n for n, result in enumerate(study.candidates) if result.candidate.m == 0),
        key=lambda n: study.candidates[n].utility.mean(),
    )
    untouched = fit_final(task, Candidate((study.ranks[0].name,), 0.0), 0, horizon)
    crosspt, words = answer(done.fitted, done.fitted.readout, Readout(0.0))
    plain = np.array(task.plain, object), np.array([" ".join(text) for text in texts], object)
    logistic = {
        name: FITTERS[name]().fit(train, task.labels).predict(test)
        for name, (train, test) in {TFIDF: plain, ENCODER: (task.vectors, vectors)}.items()
    }
    return {
        "crosspt": crosspt,
        "label words": words,
        "M = 0": by_candidate[alone],
        "source": answer(untouched, Readout(0.0))[0],
        "TF-IDF": logistic[TFIDF],
        "encoder": logistic[ENCODER],
    }, records


def balanced(answers: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean over classes of the share of rows that got the right answer."""
    return float(np.mean([(answers[truth == c] == c).mean() for c in np.unique(truth)]))


def draw_rows(folder: Path, per_class: int, draw: int, most: int) -> tuple:
    """Return the training rows of a draw, and at most `most` test rows, the same for every draw."""
    from crosspt_cli.data import few_shots, read_csv

    shots = few_shots(read_csv(folder / "train.csv.gz", "label"), per_class, draw)
    test = read_csv(folder / "test.csv.gz", "label", min_per_class=1)
    order = np.random.default_rng(0).permutation(len(test))[:most]
    return shots, test.subset(sorted(order.tolist()))


def write_rows(path: Path, examples) -> None:
    """Write rows as a CSV with their text columns and `label`."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow([*examples.text_columns, "label"])
        writer.writerows([*row.fields, row.label] for row in examples.rows)


def read_lines(path: Path) -> list[dict]:
    """Return the finished lines of a results file; the first line says what machine they are from."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if '"target"' in line]


def table(lines: list[dict], measure_name: str = "balanced") -> str:
    """Return a Markdown table: mean over draws ± standard deviation, one row per target and rows per class."""
    out = [f"| target, per class (draws) | {' | '.join(COLUMNS)} | seconds |", "|---" * (len(COLUMNS) + 2) + "|"]
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
    return f"| {title} | {' | '.join(cells)} | {np.mean([row['seconds'] for row in rows]):.0f} |"


def _mean_row(per_class: int, rows: list[dict], measure_name: str) -> str:
    targets = sorted({row["target"] for row in rows})
    means = [
        np.mean([np.mean([r[measure_name][c] for r in rows if r["target"] == t]) for t in targets]) for c in COLUMNS
    ]
    cells = " | ".join(f"**{100 * mean:.1f}**" for mean in means)
    return (
        f"| **mean of {len(targets)} targets, {per_class}** | {cells} | {np.mean([r['seconds'] for r in rows]):.0f} |"
    )


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/accuracy-quick.jsonl"))
    chosen = parser.parse_args()
    jobs = [
        Job(chosen.data, target, int(per_class), draw, chosen.budget, chosen.backbone, chosen.test_rows, 1)
        for draw in range(chosen.draws)
        for per_class in chosen.per_class.split(",")
        for target in chosen.targets.split(",")
    ]
    key = ("target", "per_class", "draw", "budget", "backbone")
    done = {tuple(line[part] for part in key) for line in read_lines(chosen.out)}
    missing = [job for job in jobs if job.key not in done]
    _run(missing, chosen.workers, chosen.out)
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
