"""Train prompts of several methods on the same few rows, in one population and without any search, and compare them.

    python bench/methods.py --data DATA --draws 2 --out bench/results/methods.jsonl

DATA holds one folder per target with `train.csv.gz` and `test.csv.gz`. A method is named with the learning rate of what
is its own, and with the number of sources, as `mixture@0.2+3`; all train as many steps as the normal budget has. They
are read by label words alone, as in the papers, and by label words and prototypes of one fixed weight. What a method
gains over the first one is paired: the same rows, the same draws.
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
METHODS = (
    "mixture@0.2,decomposed@0.2,residual@0.2,layers@0.2,mixture@0.2+3,mixture@0.05+3,mixture-decomposed@0.05+3,"
    "encoded@0.05+3,learned-sources@0.05+3,router@0.05+3,multiplied@0.2+1,transfer@0.2+1"
)


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
    """Return the balanced accuracy of every method, by both ways of reading."""
    import torch

    from crosspt_cli.core.read import Answered, answer_rows, read_alone
    from crosspt_cli.evidence.prototypes import paired_prototypes
    from crosspt_cli.evidence.readout import Readout
    from crosspt_cli.evidence.trial import Fold
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import prepare
    from crosspt_cli.registry import Registry
    from crosspt_cli.search.plan import find_budget, total_steps
    from crosspt_cli.search.trials import Trial, make_population, tokens_at_once

    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, job.test_rows)
    registry = Registry.open()
    backbone = open_backbone(None, registry, "auto", "auto")
    sources, prepared = load_sources(registry, backbone), prepare(shots, backbone)
    task = study_task(shots, backbone, prepared, sources, job.draw).in_full
    at_once = tokens_at_once(backbone.device)
    asked = prepare(test, backbone, label_words=dict(zip(shots.classes, prepared.spec.verbalizer.words, strict=True)))
    texts = read_alone(backbone, asked.texts, sources.layer, at_once)
    every = np.arange(len(task.labels))
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, every)]
    candidates = [_candidate(named, ranked) for named in job.methods]
    steps = total_steps(find_budget("normal"), len(shots))
    trials = [Trial(number, 0, 0) for number in range(len(candidates))]
    population = make_population(task, candidates, trials, [Fold(every, every[:0])] * len(trials), steps)
    for _ in range(steps):
        population.step()

    def read(of, prompt: torch.Tensor) -> Answered:
        rows = torch.arange(len(of))
        return answer_rows(backbone, prompt[None], rows * 0, of, rows, task.tree, at_once)

    truth = np.array([shots.classes.index(label) for label in test.labels()])
    words, both = {}, {}
    for named, (method, place), bias in zip(job.methods, population.bank, population.bias(), strict=True):
        prompt = method.folded(place)
        known, found = read(task.texts, prompt), read(texts, prompt)
        means = paired_prototypes(known.vectors, known.plain, task.labels, len(task.classes))
        similarity = means.similarity(found.vectors, found.plain)
        for kept, weight in ((words, 0.0), (both, WEIGHT)):
            answers = Readout(weight).log_shares(found.nats, bias, similarity).argmax(1)
            kept[named] = round(balanced(answers, truth), 4)
    return {"rows": len(shots), "test_rows": len(test), "words": words, "balanced": both}


def _candidate(named: str, ranked: list[str]):
    """Return the candidate that `NAME@RATE+M` names, with the sources that are ranked first."""
    from crosspt_cli.evidence.trial import ATTENTION_RATE, Candidate

    method, _, rest = named.partition("@")
    rate, _, sources = rest.partition("+")
    return Candidate(tuple(ranked[: int(sources or 0)]), float(rate) / ATTENTION_RATE, method=method)


def show(lines: list[dict], methods: tuple[str, ...]) -> None:
    """Print each method's mean over targets and draws, and its gain over the first, by both ways of reading."""
    for per_class in sorted({line["per_class"] for line in lines}):
        of_size = [line for line in lines if line["per_class"] == per_class]
        print(f"{per_class} rows per class, {len(of_size)} draws of targets")
        for title, kept in (("label words alone", "words"), ("with prototypes", "balanced")):
            if not all(kept in line for line in of_size):  # of before both were kept
                continue
            values = 100 * np.array([[line[kept][name] for name in methods] for line in of_size])
            print(f"  {title}")
            for place, name in enumerate(methods):
                gain = "" if place == 0 else f"   {mean_and_error(values[:, place] - values[:, 0])} over {methods[0]}"
                print(f"    {name:<26} {values[:, place].mean():.1f}{gain}")


def main() -> None:
    """Measure what is missing, and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--targets", help="names, separated by commas; default all folders of DATA")
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--per-class", default="16")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--test-rows", type=int, default=300)
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
