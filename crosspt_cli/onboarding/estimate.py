"""What an onboarding takes: its stages and, from a few training steps on its own rows, seconds and memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.devices import peak_memory_mb
from crosspt_cli.data import Examples
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.foundation.progress import Stage
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.study_input import Sources, study_task
from crosspt_cli.reading.prepare import Prepared
from crosspt_cli.search.folds import spread_rows
from crosspt_cli.search.held_out import population_answers
from crosspt_cli.search.plan import SCORING, Budget, Rung, work_left
from crosspt_cli.search.trials import FOLD_ROWS, StudyTask, Trial, make_population

ROWS = 24  # that are timed, or one of each class where there are more; three batches' worth
TRIALS_ON_A_CPU = 12  # that are timed; more at once are no faster there
MORE = 1.2  # memory: a whole search on a CPU was seen to hold a fifth more than these few steps
STEPS, LEAST_S = 3, 1.0  # timed: so many, or for so long, whichever comes first


@dataclass(frozen=True)
class Cost:
    """An estimate of what an onboarding takes.

    Attributes:
        seconds: from the ranking of the sources to saved, if no candidate ends before it must.
        memory_mb: held at most, of the whole process, or of the GPU where one is used.
    """

    seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Measured:
    """What was timed: seconds for ranking the sources on some of the rows, and for one step of one trial."""

    rows: int
    ranking: float
    trial_step: float


def make_stages(
    rungs: Sequence[Rung],
    trained: int,
    folds: int,
    budget: Budget,
    rows: int,
    sources: int,
    unlabelled: int = 0,
    fitted: int | None = None,
) -> tuple[Stage, ...]:
    """Return what an onboarding goes through once everything is loaded, each stage's work in trial-steps.

    Args:
        rungs: of the study.
        trained: candidates that start in training.
        folds: of the study.
        budget: the seeds and the learning curve.
        rows: of the study.
        sources: that are ranked.
        unlabelled: rows without labels.
        fitted: rows of the last fit; by default those of the study.
    """
    steps, again = rungs[-1].steps, folds * len(budget.curve)
    return (
        Stage("ranking", SCORING * rows * (sources + 1)),
        Stage("searching", work_left(rungs, 0, trained, folds * budget.seeds, rows), per=1),
        Stage("unlabelled", SCORING * folds * min(unlabelled, FOLD_ROWS)),
        Stage("learning curve", again * (steps + SCORING * rows), per=again),
        Stage("fitting", steps, per=1),
        Stage("saving", SCORING * ((fitted or rows) + unlabelled)),
    )


def estimate_cost(
    examples: Examples,
    backbone: Backbone,
    prepared: Prepared,
    sources: Sources,
    candidates: Sequence[Candidate],
    repeats: int,
    work: float,
) -> Cost:
    """Return what onboarding would cost at most, from a few steps of it.

    Args:
        examples, backbone, prepared, sources: of the task.
        candidates: that would be tried.
        repeats: folds × seeds.
        work: everything after the ranking, in trial-steps.
    """
    rows = timed_rows(prepared.labels)
    began = time.monotonic()
    task = study_task(*_part(examples, prepared, backbone, rows), sources, seed=0)
    ranking = time.monotonic() - began
    trained = [candidate for candidate in candidates if not candidate.is_source]
    measured = Measured(len(rows), ranking, _trial_step(task, trained, repeats) if trained else 0.0)
    held = MORE * peak_memory_mb(backbone.device) + rest_mb(prepared, task, len(rows))
    return Cost(whole_seconds(measured, len(examples), work), held)


def whole_seconds(measured: Measured, rows: int, work: float) -> float:
    """Return the seconds of an onboarding once everything is loaded.

    Args:
        measured: what was timed.
        rows: of the task.
        work: everything after the ranking, in trial-steps.
    """
    return measured.ranking * rows / measured.rows + measured.trial_step * work


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


def _trial_step(task: StudyTask, candidates: Sequence[Candidate], repeats: int) -> float:
    """Return the seconds of a step of one trial among those trained with it."""
    every = [Trial(number, 0, seed) for number in range(len(candidates)) for seed in range(repeats)]
    trials = every[:TRIALS_ON_A_CPU] if task.backbone.device.type == "cpu" else every
    rows = np.arange(len(task.labels))
    fold = Fold(rows, rows)
    population = make_population(task, candidates, trials, [fold], STEPS + 1)

    def step() -> None:
        population.step()
        population.failed()  # waits for a GPU

    step()  # the first one takes longer
    seconds = mean_seconds(step) / len(trials)
    population_answers(population, task.labels, [fold] * len(trials))  # for its memory: it holds more than a step
    return seconds


def mean_seconds(step: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> float:
    """Return the mean seconds of a few calls."""
    began, done = clock(), 0
    while done < STEPS and (done == 0 or clock() - began < LEAST_S):
        step()
        done += 1
    return (clock() - began) / done
