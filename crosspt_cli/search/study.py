"""Run the study: all trials as one population, halved at every rung, and a choice at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from crosspt_cli.core.methods import Mixed
from crosspt_cli.evidence.baselines import baseline_scores
from crosspt_cli.evidence.conclusions import conclude
from crosspt_cli.evidence.judge import Judged, best_readout, judge_readouts, result_of
from crosspt_cli.evidence.outcome import (
    CandidateResult,
    Score,
    StudyResult,
    failed_candidate,
)
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, Fold, TrialResult
from crosspt_cli.foundation.errors import TrainingError
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.search.best_source import SourceAnswers, answers_of_best_source
from crosspt_cli.search.final import NAN_HINT, SHARES_OF_A_SOURCE
from crosspt_cli.search.halving import halve
from crosspt_cli.search.held_out import PROTOTYPE_ROWS, population_answers, state_of
from crosspt_cli.search.judging import Searched, judge_choice
from crosspt_cli.search.pace import Pace, time_is_up
from crosspt_cli.search.plan import SCORING, Rung, work_left
from crosspt_cli.search.trials import StudyTask, Trial, make_population


def run_study(
    task: StudyTask,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    seeds: int,
    rungs: Sequence[Rung],
    readouts: Sequence[Readout],
    curve: Sequence[float] = (),
    deadline: float | None = None,
    progress: Progress = no_progress,
    fitted_rows: int | None = None,
) -> StudyResult:
    """Return every trial's held-out predictions and the candidate chosen on them.

    Candidates are compared on rows as the task's `texts` have them; what is said of the chosen one is said of rows in
    full.

    Args:
        task: rows, label words, sources.
        candidates: what to choose among.
        folds: the same for all.
        seeds: how often each candidate is trained on each fold.
        rungs: when to score and how many to keep.
        readouts: what to choose among once candidates have answered.
        curve: shares of a fold's training rows on which the chosen candidate is trained again, for its learning curve.
        deadline: `time.monotonic()` at which the task is to be saved; the search ends when what comes after it, the
            final fit included, needs the rest.
        progress: told of finished trial-steps, scoring counted as the trial-steps that it takes.
        fitted_rows: of the last fit; by default those of the study.

    Raises:
        BudgetSpent: the deadline came before any candidate was scored.
        TrainingError: every trial failed.
    """
    began = time.monotonic()
    study = _Study(task, candidates, folds, seeds, rungs, readouts, fitted_rows or len(task.labels))
    study.baselines = baseline_scores(task.plain, task.vectors, task.labels, folds)  # before: then it is paid for
    finished = study.run(deadline, progress)
    if all(result.state == "failed" for result in study.results()):
        raise TrainingError("study", f"all {len(study.latest)} trials failed: the loss became nan.", NAN_HINT)
    judged = judge_choice(study.searched(), not finished, curve, deadline, progress)
    found, conclusions = judged.found, conclude(judged.found)
    return StudyResult(
        choice=found.choice,
        reason=found.reason,
        candidates=tuple(found.chosen if n == found.choice else each for n, each in enumerate(found.results)),
        trials=tuple(study.latest.values()),
        ranks=task.untouched.ranks(task.labels, np.arange(len(task.labels))),
        baselines=found.baselines,
        corrected=conclusions.corrected,
        verdict=conclusions.verdict,
        sharing=conclusions.sharing,
        calibration=conclusions.calibration,
        curve=conclusions.curve,
        suspects=conclusions.suspects,
        folds=len(folds),
        stopped_early=not finished,
        curve_left_out=judged.curve_left_out,
        sources_left_out=judged.sources_left_out,
        shortened=task.whole is not None,
        pool=None if task.pool is None else task.pool.worth(found.weighed),
        without_pool=None if task.pool is None else found.results[found.choice],
        seconds=time.monotonic() - began,
    )


class _Study:
    """The population and what is known of each trial so far."""

    def __init__(
        self,
        task: StudyTask,
        candidates: Sequence[Candidate],
        folds: Sequence[Fold],
        seeds: int,
        rungs: Sequence[Rung],
        readouts: Sequence[Readout],
        fitted_rows: int,
    ) -> None:
        self.task, self.candidates, self.folds, self.rungs = task, candidates, folds, rungs
        self.readouts, self.fitted_rows = readouts, fitted_rows
        every = [Trial(c, f, s) for c in range(len(candidates)) for f in range(len(folds)) for s in range(seeds)]
        self.untrained = [trial for trial in every if candidates[trial.candidate].is_source]
        self.trials = [trial for trial in every if not candidates[trial.candidate].is_source]
        if self.trials:
            self.population = make_population(task, candidates, self.trials, folds, rungs[-1].steps)
        self.baselines: dict[str, Score] = {}
        self.source_answers: SourceAnswers | None = None
        self.pace = Pace(longer=task.longer)
        self.latest: dict[Trial, TrialResult] = {}
        self.best: dict[int, CandidateResult] = {}
        self.kept: dict[int, list[TrialResult]] = {}
        self.prompts: dict[int, dict[tuple[int, int], tuple[Tensor, Mixed | None]]] = {}
        self.judged: dict[int, list[Judged]] = {number: [] for number in range(len(candidates))}

    def run(self, deadline: float | None, progress: Progress) -> bool:
        """Train and prune through all rungs; return False if the deadline ended it."""
        self._score_untrained()
        done, rows = 0.0, len(self.task.labels)
        for number, rung in enumerate(self.rungs):
            if not self.trials:
                break
            while self.population.steps < rung.steps:
                if self._is_late(deadline):
                    return self._stop()
                now = time.monotonic()
                self.population.step()
                if self.population.steps > 1:  # the first step takes longer than all others
                    on_cpu = self.task.backbone.device.type == "cpu"
                    self.pace.measured(time.monotonic() - now, len(self.trials), on_cpu)
                done += len(self.trials)
                steps, alive = self.population.steps, self._alive()
                left = work_left(self.rungs[number:], steps, alive, len(self.trials) // alive, rows)
                progress("searching", done, done + left, self._standing())
            if not self._unscored() and self._is_late(deadline, self._scoring_s()):
                return self._stop()
            self._score()
            done += SCORING * rows * len(self.trials)
            if rung is not self.rungs[-1]:
                self._prune(rung)
        progress("searching", done, done, self._standing())
        return True

    def _is_late(self, deadline: float | None, seconds: float = 0.0) -> bool:
        """Return whether the search has to end, if what it would do next takes so long."""
        return deadline is not None and time.monotonic() + seconds + self.reserve() > deadline

    def reserve(self) -> float:
        """Return how many seconds all takes that must come after the search if it ended now; 0 before its second step.

        At least: living trials are scored where some candidate was not yet, the choice is judged, and the final fit
        trains as many steps as the search has.
        """
        if not self.pace.trial_s:
            return 0.0
        repeats = len(self.trials) // max(1, self._alive())
        read = 3 if self.task.whole is not None else 1  # by the best source, and in full by the choice and without one
        return (
            (self._scoring_s() if self._unscored() else 0.0)
            + self.pace.answering_s(read * repeats * len(self.task.labels) + self._pool_rows(repeats))
            + self.pace.conclusions_s(len(self.task.labels))
            + self.pace.final_fit_s(self.population.steps, self.fitted_rows)
        )

    def _scoring_s(self) -> float:
        """Return how many seconds it takes to score the living trials."""
        rows = min(len(self.task.labels), len(self.folds[0].held_out) + PROTOTYPE_ROWS)
        return self.pace.scoring_s(len(self.trials) * rows)

    def _pool_rows(self, repeats: int) -> int:
        """Return how many rows without labels are still to be read, by the prompts of the folds and by the last one."""
        pool = self.task.pool
        return 0 if pool is None else repeats * len(pool.some()) + len(pool)

    def searched(self) -> Searched:
        """Return what the search leaves behind."""
        return Searched(
            task=self.task,
            folds=self.folds,
            readouts=self.readouts,
            horizon=self.rungs[-1].steps,
            fitted_rows=self.fitted_rows,
            baselines=self.baselines,
            results=self.results(),
            kept=self.kept,
            judged=self.judged,
            prompts=self.prompts,
            source_answers=self.source_answers,
            pace=self.pace,
        )

    def results(self) -> tuple[CandidateResult, ...]:
        """Return every candidate at its best."""
        return tuple(self.best[number] for number in range(len(self.candidates)))

    def _stop(self) -> bool:
        if self.population.steps == 0:
            raise time_is_up()
        if self._unscored():
            self._score()
        return False

    def _unscored(self) -> bool:
        return any(trial.candidate not in self.best for trial in self.trials)

    def _standing(self) -> str:
        """Return who may still be chosen and how good the best of them is, for whoever waits."""
        out = sum(result.state in ("pruned", "failed") for result in self.best.values())
        race = f"{len(self.candidates) - out} of {len(self.candidates)} candidates in the race"
        best = max((result.score.mean for result in self.best.values() if result.state != "failed"), default=None)
        return race if best is None else f"{race}, best {100 * best:.0f} %"

    def _alive(self) -> int:
        return len({trial.candidate for trial in self.trials})

    def _score_untrained(self) -> None:
        """Score the candidates that are their fold's best source as it is: nothing of them is trained."""
        if not self.untrained:
            return
        answers = self.source_answers = answers_of_best_source(self.task, self.folds)
        for trial in self.untrained:
            found = answers.held_out[trial.fold]
            self.latest[trial] = TrialResult(
                trial.candidate, trial.fold, trial.seed, state_of(False, found), 0, answers.losses[trial.fold],
                self.folds[trial.fold].held_out, found.nats, found.similarity, found.bias,
                SHARES_OF_A_SOURCE,
            )  # fmt: skip
        for number in {trial.candidate for trial in self.untrained}:
            self._judge(number, [self.latest[trial] for trial in self.untrained if trial.candidate == number])

    def _score(self) -> None:
        """Score every living trial on its held-out rows and keep each candidate's best state so far."""
        folds, labels = [self.folds[trial.fold] for trial in self.trials], self.task.labels
        answered = population_answers(self.population, labels, folds)
        shares = self._shares()
        failed, losses = self.population.failed(), self.population.losses.tolist()
        for t, trial in enumerate(self.trials):
            found = answered[t]
            self.latest[trial] = TrialResult(
                trial.candidate, trial.fold, trial.seed, state_of(failed[t], found),
                self.population.steps, losses[t], folds[t].held_out, found.nats, found.similarity,
                found.bias, shares[t],
            )  # fmt: skip
        for number in {trial.candidate for trial in self.trials}:
            self._judge(number, [self.latest[trial] for trial in self.trials if trial.candidate == number])

    def _judge(self, number: int, trials: Sequence[TrialResult]) -> None:
        before = self.best.get(number)
        if any(trial.state == "failed" for trial in trials):
            if before is None:
                self.best[number] = failed_candidate(self.candidates[number], len(self.task.labels), trials[0].steps)
            return
        every = judge_readouts(trials, self.readouts, self.task.labels)
        self.judged[number].extend(every)
        judged = best_readout(every)
        if before and before.utility.sum() >= judged.utility.sum():
            return
        self.kept[number] = list(trials)
        self.prompts[number] = {
            (trial.fold, trial.seed): (method.folded(place), method.mixed(place))
            for (method, place), trial in zip(self.population.bank if self.trials else (), self.trials, strict=True)
            if trial.candidate == number
        }
        candidate, steps = self.candidates[number], trials[0].steps
        self.best[number] = result_of(candidate, "complete", steps, judged, trials, self.folds)

    def _shares(self) -> list[np.ndarray]:
        """Return the attention shares of every living trial, [M+1]; all is its own where nothing is mixed."""
        every = [method.mixed(place) for method, place in self.population.bank]
        return [np.ones(1, np.float32) if mixed is None else mixed.shares.cpu().numpy() for mixed in every]

    def _prune(self, rung: Rung) -> None:
        """Go on with whom `halve` names."""
        alive = {trial.candidate for trial in self.trials}
        halved = halve({number: self.best[number] for number in alive}, rung.steps, rung.keep)
        self._mark_pruned(set(halved.pruned))
        going_on = [t for t, trial in enumerate(self.trials) if trial.candidate in halved.going_on]
        if len(going_on) < len(self.trials):
            self.trials = [self.trials[t] for t in going_on]
            if going_on:
                self.population.keep(going_on)

    def _mark_pruned(self, candidates: set[int]) -> None:
        for number in candidates:
            self.best[number] = replace(self.best[number], state="pruned")
        for trial in self.trials:
            if trial.candidate in candidates and self.latest[trial].state == "complete":
                self.latest[trial] = replace(self.latest[trial], state="pruned")
