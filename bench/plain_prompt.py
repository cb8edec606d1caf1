"""How good is plain prompt tuning: one private prompt, no registry, label words alone?

    python bench/plain_prompt.py --data DATA

This is the method as published (Lester et al. 2021): a prompt before the frozen model's input starts at embeddings of
the rows' tokens, and the answer is the label words with the highest likelihood. There is no search, no bias is taken
off, and there are no prototypes. The script tries learning rates and numbers of steps on the development sets and
prints the mean balanced accuracy of each pair, and the best pair for `report_sets.py --plain-prompt RATE@STEPS`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import TARGETS, balanced, draw_rows

RATES = (0.1, 0.2, 0.4, 0.8)  # for embeddings of mini's scale
LENGTHS = (60, 120, 240)


@dataclass(frozen=True)
class PlainPrompt:
    """One prompt to train and to judge."""

    data: Path
    target: str
    per_class: int
    draw: int
    test_rows: int
    rate: float
    steps: int
    backbone: str = "mini"

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        return {name: getattr(self, name) for name in ("target", "per_class", "draw", "backbone", "rate", "steps")}


def measure(job: PlainPrompt) -> dict:
    """Return accuracy and balanced accuracy on the test rows."""
    import torch

    from crosspt_cli.core.read import answer_rows, read_alone
    from crosspt_cli.evidence.trial import Candidate
    from crosspt_cli.onboarding.study_input import Sources, mixing_shape, study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import prepare
    from crosspt_cli.registry import Registry
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, job.test_rows)
    backbone = open_backbone(job.backbone, Registry.open())
    tokens, layer = mixing_shape([])
    none = Sources((), {}, torch.zeros(0, tokens, backbone.width, device=backbone.device), layer)
    prepared, at_once = prepare(shots, backbone), tokens_at_once(backbone.device)
    task = study_task(shots, backbone, prepared, none, job.draw)
    fit = fit_final(task, Candidate((), 1.0, job.rate), job.steps, job.steps)
    asked = prepare(test, backbone, label_words=dict(zip(shots.classes, prepared.spec.verbalizer.words, strict=True)))
    texts, every = read_alone(backbone, asked.texts, layer, at_once), torch.arange(len(test))
    read = answer_rows(backbone, torch.as_tensor(fit.prompt)[None], every * 0, texts, every, task.tree, at_once)
    answers, truth = read.nats.argmax(1), np.array([shots.classes.index(label) for label in test.labels()])
    return {"accuracy": round(float((answers == truth).mean()), 4), "balanced": round(balanced(answers, truth), 4)}


def grid(lines: list[dict]) -> str:
    """Return a Markdown table of balanced accuracy in % by rate and steps, and which pair is the best."""
    rates, lengths = (sorted({line[name] for line in lines}) for name in ("rate", "steps"))
    found: dict[tuple[float, int], list[float]] = {}
    for line in lines:
        found.setdefault((line["rate"], line["steps"]), []).append(line["balanced"])
    means = {pair: 100 * float(np.mean(values)) for pair, values in found.items()}
    out = [f"| rate | {' | '.join(f'{steps} steps' for steps in lengths)} |", "|---" * (len(lengths) + 1) + "|"]
    out += [f"| {rate:g} | {' | '.join(f'{means[rate, steps]:.1f}' for steps in lengths)} |" for rate in rates]
    rate, steps = max(means, key=lambda pair: means[pair])
    return "\n".join([*out, "", f"The best: --plain-prompt {rate:g}@{steps}"])


def main() -> None:
    """Measure what is missing on the development sets, then print the grid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of development sets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--rates", default=",".join(map(str, RATES)))
    parser.add_argument("--steps", default=",".join(map(str, LENGTHS)))
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/plain-prompt.jsonl"))
    chosen = parser.parse_args()
    jobs = [
        PlainPrompt(chosen.data, target, int(per_class), draw, chosen.test_rows, float(rate), int(steps))
        for draw in range(chosen.draws)
        for per_class in chosen.per_class.split(",")
        for target in chosen.targets.split(",")
        for rate in chosen.rates.split(",")
        for steps in chosen.steps.split(",")
    ]
    print(grid(measure_missing(jobs, measure, chosen.out, chosen.workers)))


if __name__ == "__main__":
    main()
