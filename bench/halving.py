"""Does the pruned search choose what the full one chooses, and what does it cost?

    python bench/halving.py --data DATA --budget normal --out bench/results/halving-normal.jsonl

Every task is searched once in full: all candidates through all steps. A trial is the same whoever is trained with it,
so what pruning would have done is then read off the full search's scores, by the very function that the search calls.
Columns: trial-steps as a share of the full search's · how often the same candidate, steps and readout were chosen ·
balanced accuracy on test rows of what was chosen. One line is appended per task; started again, the script goes on.
The quick budget drops nobody: of its two candidates that are trained, one may only stop early.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import TARGETS, balanced, draw_rows

Results = Mapping[int, object]


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


def policies() -> dict[str, Callable]:
    """Return name → (results of living candidates, steps, keep) → the numbers that go on."""
    from crosspt_cli.search.halving import halve

    def by_rank(results: Results, steps: int, keep: int) -> tuple[int, ...]:
        rising = {number: replace(result, steps=steps) for number, result in results.items()}
        return halve(rising, steps, keep).going_on

    def used(results: Results, steps: int, keep: int) -> tuple[int, ...]:
        return halve(results, steps, keep).going_on

    def stop_all(results: Results, steps: int, keep: int) -> tuple[int, ...]:
        return tuple(number for number in used(results, steps, keep) if results[number].steps == steps)

    return {"halving alone": by_rank, "halving and stopping (used)": used, "M = 0 stops as well": stop_all}


def full_search(task, candidates, folds, seeds, rungs):
    """Return the study with nothing pruned, and every candidate at its best after each rung but the last."""
    from crosspt_cli.search import study
    from crosspt_cli.search.halving import Halved
    from crosspt_cli.search.readouts import READOUTS

    history = []

    def everyone(results, steps, keep):
        history.append(dict(results))
        return Halved(tuple(results), ())

    pruned, study.halve = study.halve, everyone
    try:
        found = study.run_study(task, candidates, folds, seeds, rungs, READOUTS["auto"])
    finally:
        study.halve = pruned
    return found, history


def replay(found, history: list[Results], rungs, repeats: int, goes_on: Callable) -> tuple[list, int]:
    """Return every candidate as pruning would have left it, and the trial-steps it would have taken."""
    last = dict(enumerate(found.candidates))
    alive = [number for number, result in last.items() if not result.candidate.is_source]
    best, steps, done = dict(last), 0, 0
    for rung, scored in zip(rungs, [*history, last], strict=True):
        steps += len(alive) * (rung.steps - done) * repeats
        best.update({number: scored[number] for number in alive})
        done = rung.steps
        if rung is not rungs[-1]:
            alive = list(goes_on({number: best[number] for number in alive}, rung.steps, rung.keep))
    return [best[number] for number in range(len(last))], steps


def measure(job: Search) -> dict:
    """Return what was chosen in one task, by the full search and by every way to prune it."""
    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.search.choice import choose
    from crosspt_cli.search.folds import count_folds, stratified_folds
    from crosspt_cli.search.plan import budget_candidates, find_budget, make_rungs

    registry = Registry.open()
    opened = open_backbone(job.backbone, registry, "cpu")
    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, 400)
    prepared, plan = prepare(shots, opened), find_budget(job.budget)
    task = study_task(shots, opened, prepared, load_sources(registry, opened), job.draw)
    everything = np.arange(len(task.labels))
    candidates = budget_candidates(plan, [rank.name for rank in task.untouched.ranks(task.labels, everything)])
    folds = stratified_folds(task.labels, count_folds(plan.folds, int(np.bincount(task.labels).min())), job.draw)
    rungs = make_rungs(plan, len(shots), sum(candidate.lr_ratio > 0 for candidate in candidates))
    found, history = full_search(task, candidates, folds, plan.seeds, rungs)
    repeats = len(folds) * plan.seeds
    judged = {"full": (list(found.candidates), replay(found, history, rungs, repeats, lambda r, s, k: tuple(r))[1])}
    judged |= {name: replay(found, history, rungs, repeats, goes_on) for name, goes_on in policies().items()}
    accuracy, chosen = _Fits(task, shots, test, prepared, rungs[-1].steps), {}
    for name, (results, steps) in judged.items():
        choice = results[choose(results)[0]]
        what = f"{choice.candidate}, {choice.steps} steps, weight {choice.readout.weight:g}"
        chosen[name] = {"what": what, "trial_steps": steps, "balanced": accuracy.of(choice)}
    return {"chosen": chosen}


class _Fits:
    """Balanced accuracy on test rows of what was chosen, each fitted once."""

    def __init__(self, task, shots, test, prepared, horizon: int) -> None:
        import torch

        from crosspt_cli.core.encode import encode_texts
        from crosspt_cli.onboarding.prepare import input_encoder
        from crosspt_cli.search.trials import tokens_at_once

        encoder, self.at_once = input_encoder(prepared.spec, task.backbone), tokens_at_once(task.backbone.device)
        self.task, self.horizon = task, horizon
        self.texts = encode_texts([encoder.encode(row.fields)[0] for row in test.rows], task.backbone.device)
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
            nearness = fit.prototypes.nearness(found.vectors)
            answers = choice.readout.log_shares(found.nats, fit.leaning, nearness).argmax(1)
            self.known[key] = round(balanced(answers, self.truth), 4)
        return self.known[key]


def table(lines: list[dict]) -> str:
    """Return a Markdown table over all tasks."""
    out = ["| search | trial-steps | same choice | balanced accuracy, % |", "|---|---|---|---|"]
    for name in lines[0]["chosen"]:
        of_it = [line["chosen"][name] for line in lines]
        full = [line["chosen"]["full"] for line in lines]
        share = np.mean([one["trial_steps"] / whole["trial_steps"] for one, whole in zip(of_it, full, strict=True)])
        same = sum(one["what"] == whole["what"] for one, whole in zip(of_it, full, strict=True))
        accuracy = 100 * np.mean([one["balanced"] for one in of_it])
        out.append(f"| {name} | {share:.0%} | {same} of {len(lines)} | {accuracy:.1f} |")
    return "\n".join(out)


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
