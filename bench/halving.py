"""Does the pruned search choose what the full one chooses, and what does it cost?

    python bench/halving.py --data DATA --targets trec,snips --out bench/results/halving-normal.jsonl

Every task is searched once in full: all candidates through all steps, scored at every rung that any schedule has. A
trial is the same whoever is trained with it, so what each schedule would have done is then read off these scores, by
the very function that the search calls. Columns: trial-steps as a share of the full search's · how often pruning chose
the M and ratio that the same rungs would have chosen with nobody dropped · and the same steps and readout as well · how
often those of the full search, scored at all rungs · balanced accuracy on test rows of what was chosen.
One line is appended per task; started again, the script goes on. The quick budget drops nobody: of its two candidates
that are trained, one may only stop early.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import TARGETS, balanced, draw_rows, encode_rows

FULL = "full"


@dataclass(frozen=True)
class Search:
    """One task to search in full."""

    data: Path
    target: str
    per_class: int
    draw: int
    budget: str
    backbone: str | None

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        return {name: getattr(self, name) for name in ("target", "per_class", "draw", "budget")}


SCORED = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # of the steps; all schedules' rungs
SCHEDULES: dict[str, tuple[tuple[float, int], ...]] = {
    "a fifth, half: 4, 2": ((0.2, 4), (0.5, 2), (1.0, 2)),
    "a tenth, a fifth: 4, 2": ((0.1, 4), (0.2, 2), (1.0, 2)),
    "a tenth, a fifth, three tenths: 5, 3, 2": ((0.1, 5), (0.2, 3), (0.3, 2), (1.0, 2)),
    "the same, and seven tenths: 5, 3, 2, 2": ((0.1, 5), (0.2, 3), (0.3, 2), (0.7, 2), (1.0, 2)),
    "a tenth, three tenths: 5, 2": ((0.1, 5), (0.3, 2), (1.0, 2)),
    "a fifth: 2": ((0.2, 2), (1.0, 2)),
    "a tenth: 2": ((0.1, 2), (1.0, 2)),
}


def full_search(task, candidates, folds, seeds, rungs) -> list[dict]:
    """Return, per rung, number → candidate as it was scored there, with nothing pruned."""
    from crosspt_cli.search import study
    from crosspt_cli.search.halving import Halved
    from crosspt_cli.search.readouts import READOUTS

    history: list[dict] = []

    class Every(study._Study):
        """A study that keeps what each rung alone has shown."""

        def _score(self):
            self.best = {n: each for n, each in self.best.items() if each.candidate.is_source}
            super()._score()
            history.append(dict(self.best))

    pruned, study.halve = study.halve, lambda results, steps, keep: Halved(tuple(results), ())
    try:
        Every(task, candidates, folds, seeds, rungs, READOUTS["auto"]).run(None, lambda *_: None)
    finally:
        study.halve = pruned
    return history


def replay(history: list[dict], steps_at: dict[float, int], schedule, repeats: int, goes_on: Callable):
    """Return every candidate as a schedule would have left it, and the trial-steps it would have taken."""
    best = dict(history[0])
    alive = [number for number, result in best.items() if not result.candidate.is_source]
    taken, done = 0, 0
    for share, keep in schedule:
        steps, scored = steps_at[share], history[SCORED.index(share)]
        taken += len(alive) * (steps - done) * repeats
        for number in alive:
            if not done or scored[number].utility.sum() > best[number].utility.sum():
                best[number] = scored[number]
        done = steps
        if share < 1:
            alive = list(goes_on({number: best[number] for number in alive}, steps, keep))
    return [best[number] for number in range(len(best))], taken


def measure(job: Search) -> dict:
    """Return what was chosen in one task, by the full search and by every way to prune it."""
    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.search.folds import count_folds, stratified_folds
    from crosspt_cli.search.halving import halve
    from crosspt_cli.search.plan import Rung, budget_candidates, find_budget, total_steps

    registry = Registry.open()
    opened = open_backbone(job.backbone, registry, "cpu")
    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, 400)
    prepared, plan = prepare(shots, opened), find_budget(job.budget)
    task = study_task(shots, opened, prepared, load_sources(registry, opened), job.draw)
    everything = np.arange(len(task.labels))
    candidates = budget_candidates(plan, [rank.name for rank in task.untouched.ranks(task.labels, everything)])
    folds = stratified_folds(task.labels, count_folds(plan.folds, int(np.bincount(task.labels).min())), job.draw)
    total = total_steps(plan, len(shots))
    rungs = [Rung(max(1, math.ceil(share * total)), len(candidates)) for share in SCORED]
    history, repeats = full_search(task, candidates, folds, plan.seeds, rungs), len(folds) * plan.seeds
    steps_at = {share: rung.steps for share, rung in zip(SCORED, rungs, strict=True)}
    accuracy, chosen = _Fits(task, shots, test, prepared, total), {}
    for name, schedule in {FULL: tuple((share, len(candidates)) for share in SCORED), **SCHEDULES}.items():
        unpruned, every = replay(history, steps_at, schedule, repeats, lambda results, steps, keep: tuple(results))
        pruned, taken = replay(history, steps_at, schedule, repeats, lambda *rung: halve(*rung).going_on)
        chosen[name] = {"unpruned": _told(unpruned, every, accuracy), "pruned": _told(pruned, taken, accuracy)}
    return {"chosen": chosen}


def _told(results: list, trial_steps: int, accuracy: _Fits) -> dict:
    """Return what is chosen among candidates, and what it cost to know them."""
    from crosspt_cli.search.choice import choose

    choice = results[choose(results)[0]]
    return {
        "candidate": str(choice.candidate),
        "readout": f"{choice.steps} steps, weight {choice.readout.weight:g}",
        "trial_steps": trial_steps,
        "balanced": accuracy.of(choice),
    }


class _Fits:
    """Balanced accuracy on test rows of what was chosen, each fitted once."""

    def __init__(self, task, shots, test, prepared, horizon: int) -> None:
        import torch

        from crosspt_cli.search.trials import tokens_at_once

        self.task, self.horizon, self.at_once = task, horizon, tokens_at_once(task.backbone.device)
        self.texts = encode_rows(test.rows, prepared.spec, task.backbone, task.texts.layer)
        self.truth = np.array([shots.classes.index(label) for label in test.labels()])
        self.everything = torch.arange(len(self.texts))
        self.known: dict[tuple, float] = {}

    def of(self, choice) -> float:
        """Return the balanced accuracy of a candidate with its steps and readout."""
        import torch

        from crosspt_cli.core.train import answer_rows
        from crosspt_cli.search.final import fit_final

        key = (str(choice.candidate), choice.steps, choice.readout)
        if key not in self.known:
            task, rows = self.task, self.everything
            fit = fit_final(task, choice.candidate, choice.steps, self.horizon)
            prompts = torch.as_tensor(fit.prompt)[None]
            found = answer_rows(task.backbone, prompts, rows * 0, self.texts, rows, task.tree, self.at_once)
            nearness = fit.prototypes.nearness(found.vectors, found.plain)
            answers = choice.readout.log_shares(found.nats, fit.leaning, nearness).argmax(1)
            self.known[key] = round(balanced(answers, self.truth), 4)
        return self.known[key]


def table(lines: list[dict]) -> str:
    """Return a Markdown table over all tasks."""
    columns = (
        "rungs: how many go on",
        "trial-steps",
        "same M and ratio",
        "and steps, readout",
        "as full",
        "accuracy, %",
    )
    out = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    full = [line["chosen"][FULL]["unpruned"] for line in lines]
    out.append(f"| nobody dropped | 100% | – | – | – | {_accuracy(full)} |")
    for name in SCHEDULES:
        pruned, unpruned = ([line["chosen"][name][kind] for line in lines] for kind in ("pruned", "unpruned"))
        share = np.mean([one["trial_steps"] / whole["trial_steps"] for one, whole in zip(pruned, full, strict=True)])
        same = _same(pruned, unpruned, "candidate"), _same(pruned, unpruned, "candidate", "readout")
        counts = (*same, _same(pruned, full, "candidate"))
        out.append(f"| {name} | {share:.0%} | {' | '.join(map(str, counts))} | {_accuracy(pruned)} |")
    return "\n".join([*out, f"\n{len(lines)} tasks"])


def _same(some: list[dict], others: list[dict], *keys: str) -> int:
    return sum(all(one[key] == other[key] for key in keys) for one, other in zip(some, others, strict=True))


def _accuracy(told: list[dict]) -> str:
    return f"{100 * np.mean([each['balanced'] for each in told]):.1f}"


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--budget", default="normal")
    parser.add_argument("--backbone", default=None)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/halving-normal.jsonl"))
    chosen = parser.parse_args()
    jobs = [
        Search(chosen.data, target, size, draw, chosen.budget, chosen.backbone)
        for draw in range(chosen.draws)
        for size in map(int, chosen.per_class.split(","))
        for target in chosen.targets.split(",")
    ]
    print(table(measure_missing(jobs, measure, chosen.out, chosen.workers)))


if __name__ == "__main__":
    main()
