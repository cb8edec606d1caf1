"""Which bank of source prompts is worth more to a new task, before the search chooses anything?

    python bench/banks.py shipped other=FILE --data DATA --out bench/results/banks.jsonl

Every bank is read by the same backbone on the rows that `accuracy.py` draws. `shipped` is what the registry holds;
the others are safetensors files of prompts [P, H], one tensor per source, that enter where those do. Columns, balanced
accuracy in % by label words plus prototypes at weight 30: `M = 0` a private prompt alone, which no bank changes ·
`best` the most useful source untouched · `attention` three sources, attention only · `M = 3` three sources and a
private prompt at ratio 1 · `mean of sources` and `luckiest source` every source untouched: their mean, and the best one
by the test rows, which cannot be known.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from judging import Judge
from lines import measure_missing

TARGETS = "cr,imdb_sentences,subj,trec,emotion,financial_phrasebank,sick"
WEIGHT, ATTENTION_STEPS, MIXED = 30.0, 18, 3
SHIPPED = "shipped"
COLUMNS = ("M = 0", "best", "attention", "M = 3", "mean of sources", "luckiest source")


@dataclass(frozen=True)
class Job:
    """One bank on one draw of rows; `file` is None for the registry's."""

    data: Path
    backbone: str
    bank: str
    file: Path | None
    target: str
    per_class: int
    draw: int
    steps: int
    test_rows: int

    @property
    def key(self) -> dict:
        """What makes a line this job's."""
        return {name: getattr(self, name) for name in ("bank", "target", "per_class", "draw", "steps")}


def measure(job: Job) -> dict:
    """Return the line of one job: column → balanced accuracy, in %."""
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.final import fit_final

    backbone, sources = open_bank(job)
    judge = Judge.open(job.data / job.target, backbone, sources, job.per_class, job.draw, job.test_rows)
    task, every = judge.task, np.arange(len(judge.task.labels))

    def judged(prompt: torch.Tensor, leaning: np.ndarray) -> float:
        return judge.balanced(prompt, leaning, [WEIGHT])[0]

    def trained(candidate: Candidate, steps: int) -> float:
        fit = fit_final(task, candidate, steps, job.steps)
        return judged(torch.as_tensor(fit.prompt), fit.leaning)

    ranked = tuple(rank.name for rank in task.untouched.ranks(task.labels, every))
    untouched = {
        name: judged(prompt, task.untouched.leaning(name, task.labels, every))
        for name, prompt in zip(sources.names, sources.values, strict=True)
    }
    values = (
        trained(Candidate((), 1.0), job.steps),
        untouched[ranked[0]],
        trained(Candidate(ranked[:MIXED], 0.0), min(ATTENTION_STEPS, job.steps)),
        trained(Candidate(ranked[:MIXED], 1.0), job.steps),
        round(float(np.mean(list(untouched.values()))), 1),
        max(untouched.values()),
    )
    return {"ranked": ranked[:MIXED], "balanced": dict(zip(COLUMNS, values, strict=True))}


def open_bank(job: Job):
    """Return the backbone of a job and the source prompts that it asks about."""
    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources
    from crosspt_cli.registry import read_arrays

    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch))
        backbone = open_backbone(job.backbone, registry, "cpu")
        sources = load_sources(registry, backbone)
    if job.file is None:
        return backbone, sources
    prompts = read_arrays(job.file)
    values = torch.as_tensor(np.stack(list(prompts.values())).astype(np.float32))
    return backbone, replace(sources, names=tuple(prompts), digests=dict.fromkeys(prompts, ""), values=values)


def table(lines: list[dict]) -> str:
    """Return a Markdown table of means over targets and draws, a row per bank and number of rows per class."""
    out = [f"| bank, per class (onboardings) | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for size in sorted({line["per_class"] for line in lines}):
        for bank in dict.fromkeys(line["bank"] for line in lines):
            rows = [line["balanced"] for line in lines if (line["bank"], line["per_class"]) == (bank, size)]
            means = [f"{np.mean([row[column] for row in rows]):.1f}" for column in COLUMNS]
            out.append(f"| {bank}, {size} ({len(rows)}) | {' | '.join(means)} |")
    return "\n".join(out)


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("banks", nargs="+", help=f"{SHIPPED}, or NAME=FILE")
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--backbone", default="mini", help="a name of the registry, or a folder")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60, help="that a private prompt is trained for")
    parser.add_argument("--test-rows", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/banks.jsonl"))
    chosen = parser.parse_args()
    sizes = map(int, chosen.per_class.split(","))
    steps, rows = chosen.steps, chosen.test_rows
    jobs = [
        Job(chosen.data, chosen.backbone, name, Path(file) if file else None, target, size, draw, steps, rows)
        for draw, size in itertools.product(range(chosen.draws), sizes)
        for target in chosen.targets.split(",")
        for name, _, file in (bank.partition("=") for bank in chosen.banks)
    ]
    print(table(measure_missing(jobs, measure, chosen.out, chosen.workers)))


if __name__ == "__main__":
    main()
