"""Train private prompts of several methods on the same few rows, without any search, and compare them on test rows.

    python bench/methods.py --data DATA --draws 2 --out bench/results/methods.jsonl

DATA holds one folder per target with `train.csv.gz` and `test.csv.gz`. A method is named with its learning rate, as
`layers@0.2`; all train as many steps as the normal budget has, and are read by label words and prototypes of one fixed
weight. What a method gains over the first one is paired: the same rows, the same draws.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import balanced, draw_rows, mean_and_error

WEIGHT = 30.0


@dataclass(frozen=True)
class Comparison:
    """One draw of a target's rows on which every one of `methods` (name@rate) is trained."""

    data: Path
    target: str
    per_class: int
    draw: int
    methods: tuple[str, ...]
    test_rows: int

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        return {
            "target": self.target, "per_class": self.per_class, "draw": self.draw, "methods": list(self.methods)
        }  # fmt: skip


def measure(job: Comparison) -> dict:
    """Return the balanced accuracy of every method."""
    import torch

    from crosspt_cli.core.read import answer_rows, read_alone
    from crosspt_cli.evidence.readout import Readout
    from crosspt_cli.evidence.trial import Candidate
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import prepare
    from crosspt_cli.registry import Registry
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.plan import find_budget, total_steps
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, job.test_rows)
    registry = Registry.open()
    backbone = open_backbone(None, registry, "auto", "auto")
    sources, prepared = load_sources(registry, backbone), prepare(shots, backbone)
    task = study_task(shots, backbone, prepared, sources, job.draw)
    at_once = tokens_at_once(backbone.device)
    asked = prepare(test, backbone, label_words=dict(zip(shots.classes, prepared.spec.verbalizer.words, strict=True)))
    texts, every = read_alone(backbone, asked.texts, sources.layer, at_once), torch.arange(len(test))
    steps, found = total_steps(find_budget("normal"), len(shots)), {}
    truth = np.array([shots.classes.index(label) for label in test.labels()])
    for named in job.methods:
        method, rate = named.split("@")
        candidate = Candidate((), 1.0, float(rate), method)
        fit = fit_final(task, candidate, steps, steps)
        read = answer_rows(backbone, torch.as_tensor(fit.prompt)[None], every * 0, texts, every, task.tree, at_once)
        similarity = fit.prototypes.similarity(read.vectors, read.plain)
        answers = Readout(WEIGHT).log_shares(read.nats, fit.bias, similarity).argmax(1)
        found[named] = round(balanced(answers, truth), 4)
    return {"rows": len(shots), "test_rows": len(test), "balanced": found}


def show(lines: list[dict], methods: tuple[str, ...]) -> None:
    """Print each method's mean over targets and draws, and its gain over the first."""
    for per_class in sorted({line["per_class"] for line in lines}):
        of_size = [line["balanced"] for line in lines if line["per_class"] == per_class]
        values = 100 * np.array([[line[name] for name in methods] for line in of_size])
        print(f"{per_class} rows per class, {len(of_size)} draws of targets")
        for place, name in enumerate(methods):
            gain = "" if place == 0 else f"   {mean_and_error(values[:, place] - values[:, 0])} over {methods[0]}"
            print(f"  {name:<16} {values[:, place].mean():.1f}{gain}")


def main() -> None:
    """Measure what is missing, and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--targets", help="names, separated by commas; default all folders of DATA")
    parser.add_argument("--methods", default="mixture@0.2,layers@0.2")
    parser.add_argument("--per-class", default="16")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--test-rows", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    targets = chosen.targets.split(",") if chosen.targets else sorted(path.name for path in chosen.data.iterdir())
    methods = tuple(chosen.methods.split(","))
    jobs = [
        Comparison(chosen.data, target, int(per_class), draw, methods, chosen.test_rows)
        for per_class in chosen.per_class.split(",")
        for target in targets
        for draw in range(chosen.draws)
    ]
    show(measure_missing(jobs, measure, chosen.out, chosen.workers), methods)


if __name__ == "__main__":
    main()
