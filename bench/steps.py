"""How many steps are enough, and is a final fit worth its time beside the mean of the folds' prompts?

    python bench/steps.py --data DATA --out bench/results/steps.jsonl

For every target and number of rows per class, a private prompt alone and one beside three sources are trained on all
rows and on the two thirds of each of three folds, for 90 steps. On the way they are judged on 300 test rows: the prompt
trained on all rows (`final fit`), and the mean of the three folds' prompts, each read by label words plus prototypes at
several weights. One line per target is appended; started again, the script goes on. It prints mean balanced accuracy in
%, over targets, at the weights in the first row.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from judging import Judge
from lines import measure_missing

TARGETS = "cr,trec,emotion,subj,financial_phrasebank"
WEIGHTS = (0, 10, 30, 100)
LOOKS = (18, 45, 68, 90)
FOLDS, SOURCES, TEST_ROWS = 3, 3, 300
FINAL, MEAN = "final fit", "mean of folds"


@dataclass(frozen=True)
class Job:
    """One target and number of rows per class, of the first draw."""

    data: Path
    target: str
    per_class: int

    @property
    def key(self) -> dict:
        """What makes a line this job's."""
        return {"target": self.target, "per_class": self.per_class}


def measure(job: Job) -> dict:
    """Return the line of one job: candidate, kind of prompt and steps → balanced accuracy per weight, in %."""
    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.folds import Fold, stratified_folds
    from crosspt_cli.search.trials import Trial, make_population

    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch))
        backbone = open_backbone("mini", registry, "cpu")
        sources = load_sources(registry, backbone)
    judge = Judge.open(job.data / job.target, backbone, sources, job.per_class, 0, TEST_ROWS)
    task, every = judge.task, np.arange(len(judge.task.labels))
    folds = [*stratified_folds(task.labels, FOLDS, 0), Fold(every, every[:0])]
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, every)]
    candidates = [Candidate((), 1.0), Candidate(tuple(ranked[:SOURCES]), 1.0)]
    trials = [Trial(c, f, 0) for c in range(len(candidates)) for f in range(len(folds))]
    population = make_population(task, candidates, trials, folds, LOOKS[-1])

    found = {}
    for step in range(1, LOOKS[-1] + 1):
        population.step()
        if step in LOOKS:
            with torch.no_grad():
                prompts = population.bank.prompts()
            leaning = population.leaning()
            for number, candidate in enumerate(candidates):
                first = number * len(folds)
                parts, whole = slice(first, first + FOLDS), first + FOLDS
                name = f"M = {candidate.m}"
                found[f"{name}, {FINAL}, {step} steps"] = judge.balanced(prompts[whole], leaning[whole], WEIGHTS)
                found[f"{name}, {MEAN}, {step} steps"] = judge.balanced(
                    prompts[parts].mean(0), leaning[parts].mean(0), WEIGHTS
                )
    return {"balanced": found}


def table(lines: list[dict]) -> str:
    """Return a Markdown table of means over targets, a row per candidate, kind of prompt and steps."""
    sizes = sorted({line["per_class"] for line in lines})
    header = " | ".join(f"{size} per class, at {'/'.join(map(str, WEIGHTS))}" for size in sizes)
    out = [f"| prompt | {header} |", "|---" * (len(sizes) + 1) + "|"]
    for name in lines[0]["balanced"]:
        means = [np.mean([line["balanced"][name] for line in lines if line["per_class"] == size], 0) for size in sizes]
        out.append(f"| {name} | {' | '.join('/'.join(f'{value:.1f}' for value in mean) for mean in means)} |")
    return "\n".join(out)


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/steps.jsonl"))
    chosen = parser.parse_args()
    sizes, targets = chosen.per_class.split(","), chosen.targets.split(",")
    jobs = [Job(chosen.data, target, int(size)) for size in sizes for target in targets]
    print(table(measure_missing(jobs, measure, chosen.out, chosen.workers)))


if __name__ == "__main__":
    main()
