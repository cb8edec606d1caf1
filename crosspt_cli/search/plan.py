"""How much a budget buys: which candidates, how many folds, seeds and steps, and when to prune."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.errors import Argument, OptionError
from crosspt_cli.foundation.methods import MIXTURE, about
from crosspt_cli.search.candidates import make_candidates


@dataclass(frozen=True)
class Budget:
    """One of the three budgets.

    Args:
        name: as typed after ``--budget``.
        folds: number of folds, where every class has enough rows.
        seeds: how often each candidate is trained on each fold.
        ms: numbers of sources tried.
        ratios: learning-rate ratios tried.
        whole_grid: whether every M is tried with every ratio; else one source is tried untouched only where a method
            may use more, and any other number of them only with a private prompt in training.
        steps: training steps for up to `SMALL_TASK` rows.
        rungs: for each rung of successive halving, the fraction of the steps at which candidates are scored, and
            how many of those with a private prompt in training go on.
        curve: shares of the rows on which the chosen candidate is trained again, for its learning curve.
    """

    name: str
    folds: int
    seeds: int
    ms: tuple[int, ...]
    ratios: tuple[float, ...]
    whole_grid: bool
    steps: int
    rungs: tuple[tuple[float, int], ...]
    curve: tuple[float, ...]


BUDGETS = {
    budget.name: budget
    for budget in (
        Budget("quick", 3, 1, (0, 1, 3), (0.0, 1.0), False, 60, ((0.3, 2), (1.0, 2)), ()),
        Budget(
            "normal", 4, 1, (0, 1, 3, 8), (0.0, 0.1, 1.0), True, 90,
            ((0.1, 5), (0.2, 3), (0.3, 2), (0.7, 2), (1.0, 2)), (0.5,),
        ),
        Budget(
            "thorough", 5, 2, (0, 1, 2, 3, 8), (0.0, 0.05, 0.2, 1.0), True, 160, ((0.1, 8), (0.3, 4), (1.0, 3)),
            (0.25, 0.5),
        ),
    )
}  # fmt: skip
"""The steps are those beyond which held-out rows gained little: "Fewer candidates and fewer steps" in
docs/experiments.md. A learning curve would take up to a third of a quick search, and hardly move its forecast."""
BATCH = 8
SMALL_TASK = 64  # rows; larger tasks get more steps, but fewer per row


@dataclass(frozen=True)
class Rung:
    """Train up to `steps`, score every candidate, and go on with the best `keep`."""

    steps: int
    keep: int


def find_budget(name: str) -> Budget:
    """Return the budget of that name.

    Raises:
        OptionError: there is none.
    """
    if name not in BUDGETS:
        raise OptionError(Argument("budget"), f"is {name!r}, but must be one of {', '.join(BUDGETS)}.")
    return BUDGETS[name]


def budget_candidates(budget: Budget, ranked: Sequence[str], method: str = MIXTURE) -> tuple[Candidate, ...]:
    """Return what a budget tries, given the sources' names, most useful first."""
    every = make_candidates(ranked, budget.ms, budget.ratios, method)
    if budget.whole_grid:
        return every
    untouched = 1 if about(method).most_sources > 1 else None  # of a method that may use one only, that one is trained
    return tuple(each for each in every if each.is_source or (each.m != untouched and each.lr_ratio > 0))


def total_steps(budget: Budget, rows: int) -> int:
    """Return the steps of a trial: the budget's, more for more rows, growing with the 0.3rd power."""
    return round(budget.steps * max(1.0, rows / SMALL_TASK) ** 0.3)


def make_rungs(budget: Budget, rows: int, trained: int) -> tuple[Rung, ...]:
    """Return the rungs for a task of `rows` rows and `trained` candidates that train a private prompt."""
    steps = total_steps(budget, rows)
    return tuple(Rung(max(1, math.ceil(share * steps)), min(keep, trained)) for share, keep in budget.rungs)


SCORING = 0.05  # trial-steps that scoring a trial takes for each row of the task; measured


def work_left(rungs: Sequence[Rung], steps: int, alive: int, repeats: int, rows: int) -> float:
    """Return the work of a study that is left at most, in trial-steps, scoring counted as it takes.

    Args:
        rungs: those whose scoring is still to come.
        steps: taken so far.
        alive: candidates in training.
        repeats: folds × seeds.
        rows: of the task.
    """
    left = 0.0
    for rung in rungs:
        left += (rung.steps - steps + SCORING * rows) * alive * repeats
        steps, alive = rung.steps, min(alive, rung.keep)
    return left


def count_trial_steps(rungs: Sequence[Rung], candidates: Sequence[Candidate], repeats: int) -> int:
    """Return how many steps all trials take together when nothing stops early.

    Args:
        rungs: of the study.
        candidates: that start.
        repeats: folds × seeds.
    """
    total, done, alive = 0, 0, sum(not candidate.is_source for candidate in candidates)
    for rung in rungs:
        total += (rung.steps - done) * alive * repeats
        done, alive = rung.steps, min(alive, rung.keep)
    return total
