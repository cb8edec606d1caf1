"""What is answered only once a candidate is chosen: on rows in full, with rows without labels, and with less."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.methods import Mixed
from crosspt_cli.evidence.choice import choose
from crosspt_cli.evidence.found import Found, Reread, mean_rows
from crosspt_cli.evidence.judge import Judged, best_readout, judge_readouts, result_of
from crosspt_cli.evidence.outcome import CandidateResult, Score
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.sharing import Without
from crosspt_cli.evidence.simpler import best_alone
from crosspt_cli.evidence.trial import Fold, TrialResult
from crosspt_cli.evidence.with_pool import MASS, Weighed, weigh_pool
from crosspt_cli.foundation.progress import Progress
from crosspt_cli.search.best_source import SourceAnswers, answers_of_best_source
from crosspt_cli.search.held_out import answered_trials
from crosspt_cli.search.learning_curve import parts_of, right_with_fewer_rows
from crosspt_cli.search.pace import Pace
from crosspt_cli.search.pooling import with_pool
from crosspt_cli.search.trials import StudyTask
from crosspt_cli.search.without_source import without_each_source


@dataclass(frozen=True)
class JudgedChoice:
    """What is known of a choice; the other two are whether a time limit left something out."""

    found: Found
    curve_left_out: bool
    sources_left_out: bool


@dataclass(frozen=True)
class InFull:
    """A candidate as it answers rows in full: its result, its trials, and what it could have been kept as."""

    result: CandidateResult
    trials: list[TrialResult]
    reread: Reread


@dataclass(frozen=True)
class Searched:
    """What a search leaves behind.

    Attributes:
        task, folds, readouts: of the study.
        horizon: the steps over which the learning rate falls.
        fitted_rows: of the last fit.
        baselines: name → score.
        results: every candidate at its best.
        kept: candidate → its trials at the steps at which it was best.
        judged: candidate → everything it could have been kept as.
        prompts: candidate → (fold, seed) → the prompt that answered, and what it was mixed from.
        source_answers: of the best source untouched, where that was a candidate.
        pace: of this machine.
    """

    task: StudyTask
    folds: Sequence[Fold]
    readouts: Sequence[Readout]
    horizon: int
    fitted_rows: int
    baselines: dict[str, Score]
    results: tuple[CandidateResult, ...]
    kept: Mapping[int, Sequence[TrialResult]]
    judged: Mapping[int, Sequence[Judged]]
    prompts: Mapping[int, Mapping[tuple[int, int], tuple[Tensor, Mixed | None]]]
    source_answers: SourceAnswers | None
    pace: Pace

    def in_full(self, number: int) -> InFull:
        """Return a candidate as its prompts answer rows in full, which it has read shortened."""
        result, labels = self.results[number], self.task.labels
        trials = answered_trials(self.task.in_full, self.prompts_of(number), self.kept[number], self.folds)
        every = judge_readouts(trials, self.readouts, labels)
        judged = best_readout(every)
        found = result_of(result.candidate, result.state, result.steps, judged, trials, self.folds)
        return InFull(found, trials, Reread(judge_readouts(self.kept[number], self.readouts, labels), every))

    def prompts_of(self, number: int) -> Tensor:
        """Return the prompts that a candidate's trials were scored with, [T, P, H] or [T, D, P, H]."""
        trials = self.kept[number]
        if self.results[number].candidate.is_source:
            answers = self.source_answers or answers_of_best_source(self.task, self.folds)
            return answers.prompts[[trial.fold for trial in trials]]
        return torch.stack([self.prompts[number][trial.fold, trial.seed][0] for trial in trials])

    def without(self, choice: int, trials: Sequence[TrialResult], deadline: float | None) -> dict[str, Without] | None:
        """Return what the chosen candidate answers without each of its sources; None where there is no time for it."""
        task, candidate = self.task.in_full, self.results[choice].candidate
        every = [self.prompts[choice][trial.fold, trial.seed][1] for trial in trials] if candidate.is_mixed else []
        mixed = [each for each in every if each is not None]
        seconds = self.pace.answering_s(candidate.m * len(trials) * len(task.labels)) + self._last_s(choice)
        if deadline is not None and mixed and time.monotonic() + seconds > deadline:
            return None
        return without_each_source(task, self.folds, candidate, trials, mixed)

    def _last_s(self, choice: int) -> float:
        """Return how many seconds the last fit of a candidate takes, at least."""
        return self.pace.final_fit_s(self.results[choice].steps, self.fitted_rows)

    def weighed(self, choice: int, trials: Sequence[TrialResult], progress: Progress) -> Weighed | None:
        """Return the chosen candidate with the rows without labels weighed in; None where there are none."""
        pool = self.task.pool
        if pool is None or not len(pool) or not any(readout.weight for readout in self.readouts):
            return None
        progress("unlabelled", 0, 1)
        folds = [self.folds[trial.fold] for trial in trials]
        pooled = with_pool(self.task.in_full, pool, self.prompts_of(choice), trials, folds, MASS)
        return weigh_pool(trials, pooled, self.readouts, self.task.labels, self.task.distinct)

    def best_source(self) -> np.ndarray | None:
        """Return the class that the best source of each row's fold answers, untouched, [rows]; None without any."""
        if not len(self.task.sources):
            return None
        searched = self.source_answers if self.task.whole is None else None
        answers = searched or answers_of_best_source(self.task.in_full, self.folds)
        return answers.classes(self.folds)

    def fewer(
        self,
        choice: int,
        readout: Readout,
        weighed: Weighed | None,
        parts: Sequence[Sequence[Fold]],
        deadline: float | None,
        progress: Progress,
    ) -> list[np.ndarray] | None:
        """Return whether rows are right, [rows] for each part, when the chosen candidate is trained on it.

        None where it would not be done before the final fit has to begin.
        """
        task, chosen, trials = self.task, self.results[choice], sum(map(len, parts))
        if deadline is not None:
            seen = 0 if weighed is None or not weighed.mass or task.pool is None else len(task.pool)  # by the last fit
            deadline -= self._last_s(choice) + self.pace.answering_s(seen)
            if parts and time.monotonic() + self.pace.training_s(trials, chosen.steps) > deadline:
                return None
        readout, mass = (readout, 0.0) if weighed is None else (weighed.judged.readout, weighed.mass)
        return right_with_fewer_rows(
            task, chosen.candidate, readout, chosen.steps, self.horizon, parts, deadline, progress, mass
        )


def judge_choice(
    searched: Searched, stopped_early: bool, curve: Sequence[float], deadline: float | None, progress: Progress
) -> JudgedChoice:
    """Return the choice among what was searched, and all that is answered only now that it is known.

    Args:
        searched: what the search has left.
        stopped_early: whether the time limit ended it; then nothing is trained for a learning curve.
        curve: shares of a fold's training rows on which the chosen candidate is trained again.
        deadline: `time.monotonic()` at which the task is to be saved.
        progress: told that this stage began.
    """
    task, results, kept = searched.task.in_full, list(searched.results), dict(searched.kept)
    choice, reason = choose(results, task is not searched.task)
    progress("judging", 0, 1)
    reread = None
    if task is not searched.task:
        alone = best_alone(results)
        for number in {choice} if alone is None else {choice, alone}:
            in_full = searched.in_full(number)
            results[number], kept[number] = in_full.result, in_full.trials
            reread = in_full.reread if number == choice else reread
    trials, candidate = kept[choice], results[choice].candidate
    weighed = searched.weighed(choice, trials, progress)
    without = searched.without(choice, trials, deadline)
    parts = () if stopped_early else parts_of(searched.folds, task.labels, curve, task.seed)
    right = searched.fewer(choice, results[choice].readout, weighed, parts, deadline, progress)
    found = Found(
        labels=task.labels,
        classes=task.classes,
        vectors=task.vectors,
        folds=searched.folds,
        results=tuple(results),
        kept=kept,
        judged=searched.judged,
        choice=choice,
        reason=reason,
        baselines=searched.baselines,
        best_source=None if candidate.is_source else searched.best_source(),
        without=without or {},
        fewer=list(zip(map(mean_rows, parts), right or (), strict=False)),
        seed=task.seed,
        distinct=task.distinct,
        weighed=weighed,
        reread=reread,
    )
    return JudgedChoice(found, bool(curve) and (stopped_early or right is None), without is None)
