"""Which source prompts help which targets?

    python bench/sources.py --data DATA --out bench/results/sources.json --picture docs/pictures/sources.svg

Two questions per target, on the rows that `accuracy.py` draws. Untouched: how good is each source prompt as it is, read
by label words alone? Left out: three sources and a private prompt (M = 3, ratio 1) are trained for 60 steps, and again
with each of the three left out and the next in rank in its place; what a source is worth is the difference in balanced
accuracy, in points, averaged over draws. Only a draw's three most useful sources can be worth anything there.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from judging import Judge
from rows import TARGETS

M, STEPS, WEIGHT = 3, 60, 30.0


def measure(folder: Path, backbone, sources, per_class: int, draw: int, test_rows: int) -> dict:
    """Return, for a draw, each source's balanced accuracy untouched and what each of the best three is worth, in %."""
    judge = Judge.open(folder, backbone, sources, per_class, draw, test_rows)
    task, every_row = judge.task, np.arange(len(judge.task.labels))

    def score(prompts: torch.Tensor, leanings: np.ndarray, weight: float) -> list[float]:
        pairs = zip(prompts, leanings, strict=True)
        return [judge.balanced(prompt, leaning, [weight])[0] for prompt, leaning in pairs]

    leanings = [task.untouched.leaning(name, task.labels, every_row) for name in sources.names]
    untouched = score(sources.values, leanings, 0.0)
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, every_row)]
    sets = [ranked[:M], *([name for name in ranked if name != gone][:M] for gone in ranked[:M])]
    whole, *without = score(*train(task, sets, draw), WEIGHT)
    return {
        "untouched": dict(zip(sources.names, untouched, strict=True)),
        "worth": {name: round(whole - value, 1) for name, value in zip(ranked[:M], without, strict=True)},
        "whole": whole,
    }


def train(task, sets: list[list[str]], draw: int) -> tuple[torch.Tensor, np.ndarray]:
    """Return the target prompts [T, P, H] and leanings [T, C] of trials that mix these sources, on the same batches."""
    from crosspt_cli.core.bank import TrialBank
    from crosspt_cli.core.initialise import from_sources
    from crosspt_cli.core.optimise import Schedule
    from crosspt_cli.core.train import Population
    from crosspt_cli.foundation.seeds import stream
    from crosspt_cli.search.candidates import ATTENTION_RATE
    from crosspt_cli.search.folds import batches
    from crosspt_cli.search.plan import BATCH
    from crosspt_cli.search.rank import class_share
    from crosspt_cli.search.trials import tokens_at_once

    places = [[task.untouched.names.index(name) for name in names] for names in sets]
    allowed = torch.zeros(len(sets), len(task.sources), dtype=torch.bool)
    for trial, used in enumerate(places):
        allowed[trial, used] = True
    starts = torch.stack([from_sources(task.sources[used]) for used in places])
    rates = torch.full((len(sets),), ATTENTION_RATE)
    rows = torch.arange(len(task.labels))
    bank = TrialBank(task.sources, starts, allowed, rates * task.backbone.learning_scale(task.texts, rows), rates)
    order = batches(np.arange(len(task.labels)), STEPS, BATCH, stream(draw, "order", 0, 0))
    share = class_share(task.labels, len(task.tree.path_node))
    population = Population(
        task.backbone, task.texts, torch.as_tensor(task.labels), task.tree, bank, np.stack([order] * len(sets)),
        np.stack([share] * len(sets)), Schedule(STEPS), tokens_at_once(task.backbone.device),
    )  # fmt: skip
    for _ in range(STEPS):
        population.step()
    with torch.no_grad():
        return population.bank.prompts(), population.leaning()


def summary(lines: list[dict]) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Return targets, sources, mean accuracy untouched [targets, sources] in %, and mean worth in points or nan."""
    targets = list(dict.fromkeys(line["target"] for line in lines))
    sources = sorted(lines[0]["untouched"])
    untouched, worth = (np.full((len(targets), len(sources)), np.nan) for _ in range(2))
    for row, target in enumerate(targets):
        of_target = [line for line in lines if line["target"] == target]
        for column, source in enumerate(sources):
            untouched[row, column] = np.mean([line["untouched"][source] for line in of_target])
            values = [line["worth"][source] for line in of_target if source in line["worth"]]
            if values:
                worth[row, column] = np.mean(values)
    return targets, sources, untouched, worth


def draw_picture(lines: list[dict], path: Path) -> None:
    """Draw both questions as one SVG: targets down, sources across."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    targets, sources, untouched, worth = summary(lines)
    figure, axes = plt.subplots(2, 1, figsize=(1.8 + 0.42 * len(sources), 2.6 + 0.7 * len(targets)), sharex=True)
    best = untouched - untouched.max(1, keepdims=True)
    panels = (
        (untouched, best, "Untouched: balanced accuracy, % (darker: nearer to the target's best)", "Blues", (-30, 0)),
        (worth, worth, "Left out: what a source is worth in M = 3, points", "RdBu", (-6, 6)),
    )
    for axis, (values, colour, title, scheme, limits) in zip(axes, panels, strict=True):
        axis.imshow(colour, cmap=scheme, vmin=limits[0], vmax=limits[1], aspect="auto")
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_yticks(range(len(targets)), targets, fontsize=8)
        for row, column in zip(*np.nonzero(~np.isnan(values)), strict=True):
            middle = (colour[row, column] - limits[0]) / (limits[1] - limits[0])
            dark = middle > 0.65 if scheme == "Blues" else not 0.2 < middle < 0.8
            text = f"{values[row, column]:.0f}" if scheme == "Blues" else f"{values[row, column]:+.1f}"
            axis.text(column, row, text, ha="center", va="center", fontsize=6.5, color="white" if dark else "black")
        axis.spines[:].set_visible(False)
    axes[1].set_xticks(range(len(sources)), sources, rotation=60, ha="right", fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Measure, keep, draw and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--backbone", default=None)
    parser.add_argument("--per-class", type=int, default=4)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--test-rows", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("bench/results/sources.json"))
    parser.add_argument("--picture", type=Path, default=Path("docs/pictures/sources.svg"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(chosen.backbone, registry, "cpu")
    sources, lines = load_sources(registry, backbone), []
    for target in chosen.targets.split(","):
        for draw in range(chosen.draws):
            found = measure(chosen.data / target, backbone, sources, chosen.per_class, draw, chosen.test_rows)
            lines.append({"target": target, "draw": draw} | found)
            print(json.dumps(lines[-1]), file=sys.stderr, flush=True)
    settings = {"backbone": backbone.name, "per_class": chosen.per_class, "test_rows": chosen.test_rows}
    chosen.out.write_text(json.dumps({"machine": describe()} | settings | {"lines": lines}, indent=1) + "\n")
    draw_picture(lines, chosen.picture)
    targets, names, untouched, worth = summary(lines)
    print("| target | best source untouched | worth most in M = 3 | worth least |\n|---|---|---|---|")
    for row, target in enumerate(targets):
        top, most, least = untouched[row].argmax(), np.nanargmax(worth[row]), np.nanargmin(worth[row])
        print(
            f"| {target} | {names[top]}, {untouched[row, top]:.1f} % | {names[most]}, {worth[row, most]:+.1f} points "
            f"| {names[least]}, {worth[row, least]:+.1f} |"
        )


if __name__ == "__main__":
    main()
