"""What an onboarding takes: its stages and, from a few training steps on its own rows, seconds and memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.devices import peak_memory_mb
from crosspt_cli.core.train import Population
from crosspt_cli.data import Examples
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.foundation.progress import Stage
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.study_input import Sources, read_task
from crosspt_cli.reading.prepare import Prepared
from crosspt_cli.search.folds import spread_rows
from crosspt_cli.search.held_out import population_answers
from crosspt_cli.search.plan import BATCH, SCORING, Budget, Rung, work_left
from crosspt_cli.search.rank import MOST_ROWS
from crosspt_cli.search.trials import FOLD_ROWS, TOKENS_AT_ONCE, StudyTask, Trial, make_population

ROWS = 24  # that are timed, or one of each class where there are more; three batches' worth
TRIALS_ON_A_CPU = 12  # that are timed; more at once are no faster there
FIRST_TRIALS = 3  # that are timed before a search, which should not wait for it
MORE = 1.2  # memory: a whole search on a CPU was seen to hold a fifth more than these few steps
STEPS, LEAST_S = 3, 1.0  # timed: so many, or for so long, whichever comes first


@dataclass(frozen=True)
class Cost:
    """An estimate of what an onboarding takes.

    Attributes:
        seconds: from the reading of the rows to saved, if no candidate ends before it must.
        memory_mb: held at most, of the whole process, or of the GPU where one is used.
    """

    seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Sizes:
    """What the work of an onboarding grows with.

    Attributes:
        rows: that candidates are compared on.
        fitted: that the last fit has.
        tokens: of a row as candidates read it, prompt included, in the mean.
        longer: how many times as many rows in full have.
        sources: that are ranked.
        mixed: sources of a mixture, in the mean.
        unlabelled: rows without labels.
    """

    rows: int
    fitted: int
    tokens: float
    longer: float = 1.0
    sources: int = 0
    mixed: int = 0
    unlabelled: int = 0

    @property
    def alone(self) -> float:
        """How many times as long a step takes on a CPU for one prompt by itself, whose batch fills no pass."""
        return min(2.0, max(1.0, TOKENS_AT_ONCE / (BATCH * self.tokens * self.longer)))


def make_stages(rungs: Sequence[Rung], trained: int, folds: int, budget: Budget, sizes: Sizes) -> tuple[Stage, ...]:
    """Return what an onboarding goes through once its rows were read, each stage's work in trial-steps.

    Args:
        rungs: of the study.
        trained: candidates that start in training.
        folds: of the study.
        budget: the seeds and the learning curve.
        sizes: of the task.
    """
    steps, again, repeats = rungs[-1].steps, folds * len(budget.curve), folds * budget.seeds
    rows, longer = sizes.rows, sizes.longer
    answered = 1 + sizes.mixed + (2 if longer > 1 else 0)  # by the best source, without each one, and in full
    last = longer * sizes.alone
    return (
        Stage("ranking", SCORING * min(rows, MOST_ROWS) * sizes.sources),
        Stage("searching", work_left(rungs, 0, trained, repeats, rows), per=1),
        Stage("judging", SCORING * longer * rows * repeats * answered),
        Stage("unlabelled", SCORING * folds * min(sizes.unlabelled, FOLD_ROWS)),
        Stage("learning curve", again * (steps + SCORING * longer * rows), per=again),
        Stage("fitting", last * steps, per=last),
        Stage("saving", SCORING * longer * (sizes.fitted + sizes.unlabelled)),
    )


def estimate_cost(
    examples: Examples, backbone: Backbone, prepared: Prepared, sources: Sources, work: float, method: str
) -> Cost:
    """Return what onboarding would cost at most, from a few steps of it.

    Args:
        examples, backbone, prepared, sources: of the task.
        work: everything that comes once the rows were read, in trial-steps.
        method: what is trained.
    """
    rows = timed_rows(prepared.labels)
    began = time.monotonic()
    task = read_task(*_part(examples, prepared, backbone, rows), sources, seed=0)
    reading = (time.monotonic() - began) * len(examples) / len(rows)
    fold = Fold(every := np.arange(len(rows)), every)
    population = _private_prompts(task, fold, TRIALS_ON_A_CPU, STEPS + 1, method)
    step = trial_step(population, STEPS)
    population_answers(population, task.labels, [fold] * TRIALS_ON_A_CPU)  # for its memory: it holds more than a step
    held = MORE * peak_memory_mb(backbone.device) + rest_mb(prepared, task, len(rows))
    return Cost(reading + step * work, held)


def first_estimate(task: StudyTask, work: float, method: str) -> float:
    """Return how many seconds so much work will take, in trial-steps, from the first of them; it is not kept waiting.

    Args:
        task: whose rows were read.
        work: that lies ahead.
        method: what is trained.
    """
    part = task.part(timed_rows(task.labels))
    every = np.arange(len(part.labels))
    return work * trial_step(_private_prompts(part, Fold(every, every), FIRST_TRIALS, 2, method), 1)


def rest_mb(prepared: Prepared, part: StudyTask, rows: int) -> float:
    """Return what the other rows hold, in MB: each token's state where prompts enter, and each row's vectors."""
    read = part.texts
    states = 0 if read.stream is None else read.stream[0].nbytes * (len(prepared.texts.tokens) - len(read.tokens))
    return (states + 2 * part.vectors[0].nbytes * (len(prepared.labels) - rows)) / 1e6


def timed_rows(labels: np.ndarray) -> np.ndarray:
    """Return `ROWS` of the rows, or one of each class where there are more, from all over the file, sorted.

    Files are sorted by class or length more often than not, and prototypes need a row of every class.
    """
    order = stream(0, "estimate").permutation(len(labels))
    return np.sort(order[spread_rows(labels[order], max(ROWS, len(np.unique(labels))))])


def _part(
    examples: Examples, prepared: Prepared, backbone: Backbone, rows: np.ndarray
) -> tuple[Examples, Backbone, Prepared]:
    """Return the task of some of the rows."""
    chosen = replace(examples, rows=tuple(examples.rows[row] for row in rows))
    at = torch.as_tensor(rows, device=backbone.device)
    short = None if prepared.short is None else prepared.short.take(at)
    return chosen, backbone, replace(prepared, texts=prepared.texts.take(at), labels=prepared.labels[rows], short=short)


def _private_prompts(task: StudyTask, fold: Fold, count: int, steps: int, method: str) -> Population:
    """Return so many private prompts of a task of few rows, before their first step."""
    return make_population(
        task, [Candidate((), 1.0, method=method)], [Trial(0, 0, seed) for seed in range(count)], [fold], steps
    )


def trial_step(population: Population, steps: int) -> float:
    """Return the mean seconds of a step of one trial among the others, of so many steps at most after the first."""

    def step() -> None:
        population.step()
        population.failed()  # waits for a GPU

    step()  # the first one takes longer
    return mean_seconds(step, steps) / len(population.bank)


def mean_seconds(step: Callable[[], None], most: int, clock: Callable[[], float] = time.monotonic) -> float:
    """Return the mean seconds of a few calls, `most` at most."""
    began, done = clock(), 0
    while done < most and (done == 0 or clock() - began < LEAST_S):
        step()
        done += 1
    return (clock() - began) / done
