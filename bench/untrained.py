"""How honest is the printed score, over hundreds of studies in which nothing is trained?

    python bench/untrained.py --data DATA --out bench/results/untrained.json

`honesty.py` asks this of whole onboardings, which take minutes each, so that its mean error is known to a point or two
only. Here every target's rows are read once behind a few source prompts, and hundreds of tasks are drawn from them.
Each is a small study: the three sources that its rows speak for most are the candidates, untouched, each at every
weight and temperature; folds, choice and corrected score are `add-task`'s own. The truth is balanced accuracy on all
rows that were not drawn. Printed as by `honesty.py`, with standard errors.

Takes eight minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from few_rows import SIZES, Pool, Task, read_pool, tasks
from honesty import summary
from rows import TARGETS

CANDIDATES = 3


def study(task: Task, per_class: int, draw: int) -> dict:
    """Return what `honesty.py` asks of an onboarding: the truth, and both estimates of it."""
    from crosspt_cli.foundation.seeds import stream
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.choice import pick
    from crosspt_cli.search.corrected import corrected_score
    from crosspt_cli.search.folds import count_folds
    from crosspt_cli.search.plan import find_budget
    from crosspt_cli.search.readouts import best_readout

    folds = count_folds(find_budget("quick").folds, per_class)
    judged = [task.judged(folds, draw, rank) for rank in range(CANDIDATES)]
    best = [best_readout(of_one) for of_one in judged]
    candidates = [Candidate((f"source {rank}",), 0.0) for rank in range(CANDIDATES)]
    _, choice = pick(np.stack([each.utility for each in best]), candidates)
    doublings, random = np.log2(folds / (folds - 1)), stream(draw, "corrected")
    found = corrected_score(candidates, judged, task.pool.classes, doublings, random)
    correct = best[choice].correct
    return {
        "per_class": per_class, "balanced": {"crosspt": task.truths(choice)[best[choice].readout.weight]},
        "uncorrected": float(correct.mean()), "se": float(correct.std(ddof=1) / np.sqrt(len(correct))),
        "corrected": found.mean, "interval": [found.low, found.high],
        "all_rows": found.all_rows, "rows_worth": found.rows_worth, "classes": task.pool.classes,
    }  # fmt: skip


def studies(pools: Sequence[Pool], draws: int) -> list[dict]:
    """Return a line for each target, draw and number of rows per class."""
    return [study(task, size, draw) for size in SIZES for draw, task in tasks(pools, draws, size)]


def readers(sources, targets: Sequence[str], count: int) -> dict[str, object]:
    """Return target → `count` of the source prompts by lot; the same for the same list of targets."""
    random = np.random.default_rng(0)
    return {target: _some_of(sources, count, random) for target in targets}


def _some_of(sources, count: int, random: np.random.Generator):
    kept = np.sort(random.choice(len(sources.names), min(count, len(sources.names)), replace=False))
    return replace(sources, names=tuple(sources.names[place] for place in kept), values=sources.values[kept])


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=",".join(name for name in TARGETS.split(",") if name != "banking77"))
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--rows", type=int, default=300, help="of each target's pool")
    parser.add_argument("--sources", type=int, default=8, help="that read them, drawn by lot for each target")
    parser.add_argument("--out", type=Path, default=Path("bench/results/untrained.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(None, registry, "cpu")
    targets = chosen.targets.split(",")
    reading = readers(load_sources(registry, backbone), targets, chosen.sources)
    lines = studies(
        [read_pool(chosen.data / name, backbone, reading[name], chosen.rows) for name in targets], chosen.draws
    )
    settings = {"targets": targets, "draws": chosen.draws, "rows": chosen.rows, "sources": chosen.sources}
    kept = {"machine": describe(), **settings, "studies": lines}
    chosen.out.write_text(json.dumps(kept, indent=1) + "\n")
    print(summary(lines))


if __name__ == "__main__":
    main()
