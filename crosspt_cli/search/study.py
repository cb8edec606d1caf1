"""Run the study: all trials as one population, halved at every rung, and a choice at the end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from crosspt_cli.core.score import Readout
from crosspt_cli.foundation.errors import BudgetSpent, TrainingError
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.baselines import baseline_scores
from crosspt_cli.search.candidates import Candidate
from crosspt_cli.search.choice import choose
from crosspt_cli.search.corrected import corrected_score
from crosspt_cli.search.final import NAN_HINT
from crosspt_cli.search.folds import Fold
from crosspt_cli.search.outcome import CandidateResult, Corrected, Score, StudyResult, Suspect, TrialResult, Verdict
from crosspt_cli.search.plan import Rung, count_trial_steps
from crosspt_cli.search.readouts import (
    HeldOutRows,
    Judged,
    best_readout,
    correct_by_seed,
    held_out_rows,
    judge_readouts,
    words_share,
)
from crosspt_cli.search.suspects import find_suspects, held_out_shares
from crosspt_cli.search.trials import StudyTask, Trial, make_population
from crosspt_cli.search.verdict import make_verdict, simpler_methods


def run_study(
    task: StudyTask,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    seeds: int,
    rungs: Sequence[Rung],
    readouts: Sequence[Readout],
    deadline: float | None = None,
    progress: Progress = no_progress,
) -> StudyResult:
    """Return every trial's held-out predictions and the candidate chosen on them.

    The best candidate without sources goes through all rungs, because it is what the choice is compared with, and
    because prompts that start from nothing need more steps to show what they can do.

    Args:
        task: rows, label words, sources.
        candidates: what to choose among.
        folds: the same for all.
        seeds: how often each candidate is trained on each fold.
        rungs: when to score and how many to keep.
        readouts: what to choose among once candidates have answered.
        deadline: `time.monotonic()` at which training stops.
        progress: told of finished trial-steps.

    Raises:
        BudgetSpent: the deadline came before any candidate was scored.
        TrainingError: every trial failed.
    """
    began = time.monotonic()
    rows = held_out_rows(task.vectors, task.labels, folds)
    study = _Study(task, candidates, folds, seeds, rungs, readouts, rows)
    finished = study.run(deadline, progress)
    results = study.results()
    if all(result.state == "failed" for result in results):
        raise TrainingError("study", f"all {len(study.latest)} trials failed: the loss became nan.", NAN_HINT)
    choice, reason = choose(results)
    baselines = baseline_scores(task.plain, task.vectors, task.labels, folds)
    return StudyResult(
        choice=choice,
        reason=reason,
        candidates=results,
        trials=tuple(study.latest.values()),
        ranks=task.untouched.ranks(task.labels, np.arange(len(task.labels))),
        baselines=baselines,
        corrected=study.corrected(),
        verdict=study.verdict(choice, baselines),
        folds=len(folds),
        stopped_early=not finished,
        seconds=time.monotonic() - began,
        suspects=study.suspects(choice),
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
        rows: HeldOutRows,
    ) -> None:
        self.task, self.candidates, self.folds, self.rungs = task, candidates, folds, rungs
        self.readouts, self.rows = readouts, rows
        self.trials = [Trial(c, f, s) for c in range(len(candidates)) for f in range(len(folds)) for s in range(seeds)]
        self.planned = count_trial_steps(tuple(rungs), len(candidates), len(folds) * seeds)
        self.population = make_population(task, candidates, self.trials, folds, rungs[-1].steps)
        self.latest: dict[Trial, TrialResult] = {}
        self.best: dict[int, CandidateResult] = {}
        self.kept: dict[int, list[TrialResult]] = {}
        self.judged: dict[int, list[Judged]] = {number: [] for number in range(len(candidates))}

    def run(self, deadline: float | None, progress: Progress) -> bool:
        """Train and prune through all rungs; return False if the deadline ended it."""
        done = 0
        for rung in self.rungs:
            while self.population.optimiser.steps < rung.steps:
                if deadline is not None and time.monotonic() > deadline:
                    return self._stop()
                self.population.step()
                done += len(self.trials)
                progress("searching", done, self.planned, f"{self._alive()} of {len(self.candidates)} candidates")
            self._score()
            if rung is not self.rungs[-1]:
                self._prune(rung.keep)
        return True

    def results(self) -> tuple[CandidateResult, ...]:
        """Return every candidate at its best."""
        return tuple(self.best[number] for number in range(len(self.candidates)))

    def corrected(self) -> Corrected:
        """Return the score of the chosen candidate without the luck of steps, readout and candidate being chosen."""
        usable = [number for number, result in self.best.items() if result.state != "failed"]
        candidates = [self.candidates[number] for number in usable]
        return corrected_score(
            candidates, [self.judged[number] for number in usable], stream(self.task.seed, "corrected")
        )

    def verdict(self, choice: int, baselines: Mapping[str, Score]) -> Verdict:
        """Return the chosen candidate beside simpler methods on the same folds."""
        simpler = simpler_methods(self.task, self.folds, self.rows, self.results(), self.kept, choice)
        chosen = correct_by_seed(self.kept[choice], self.best[choice].readout, self.rows)
        return make_verdict(baselines, simpler, chosen, self.folds, stream(self.task.seed, "verdict"))

    def suspects(self, choice: int) -> tuple[Suspect, ...]:
        """Return the rows whose label the chosen candidate's held-out predictions speak clearly against."""
        shares = held_out_shares(self.kept[choice], self.best[choice].readout, self.rows)
        return find_suspects(shares, self.task.labels)

    def _stop(self) -> bool:
        if self.population.optimiser.steps == 0:
            raise BudgetSpent("--max-time", "the time was up before the first training step.", "Allow more time.")
        if not self.best:
            self._score()
        return False

    def _alive(self) -> int:
        return len({trial.candidate for trial in self.trials})

    def _score(self) -> None:
        """Score every living trial on its held-out rows and keep each candidate's best state so far."""
        held_out = [self.folds[trial.fold].held_out for trial in self.trials]
        nats, leaning = self.population.held_out_nats(held_out), self.population.leaning()
        with torch.no_grad():
            shares = self.population.bank.shares().cpu().numpy()
        failed, losses = self.population.failed(), self.population.losses.tolist()
        for t, trial in enumerate(self.trials):
            allowed = self.population.bank.allowed[t].cpu().numpy()
            self.latest[trial] = TrialResult(
                trial.candidate, trial.fold, trial.seed, "failed" if failed[t] else "complete",
                self.population.optimiser.steps, losses[t], held_out[t], nats[t], leaning[t], shares[t][allowed],
            )  # fmt: skip
        for number in {trial.candidate for trial in self.trials}:
            self._judge(number)

    def _judge(self, number: int) -> None:
        trials = [self.latest[trial] for trial in self.trials if trial.candidate == number]
        before = self.best.get(number)
        usable = [trial for trial in trials if trial.state != "failed"]
        if len(usable) < len(trials) and before:
            return
        every = judge_readouts(usable or trials, self.readouts, self.rows)
        self.judged[number].extend(every)
        judged = best_readout(every)
        if before and before.utility.mean() >= judged.utility.mean():
            return
        self.kept[number] = usable or trials
        per_fold = tuple(float(judged.correct[fold.held_out].mean()) for fold in self.folds)
        self.best[number] = CandidateResult(
            candidate=self.candidates[number],
            state="complete" if len(usable) == len(trials) else "failed",
            steps=trials[0].steps,
            readout=judged.readout,
            score=Score(judged.correct, per_fold, float(judged.log_likelihood.mean())),
            words_share=words_share(usable or trials, judged.readout, self.rows),
            utility=judged.utility,
        )

    def _prune(self, keep: int) -> None:
        """Go on with the `keep` best candidates that train a private prompt, the best without sources among them.

        Attention over a few sources settles within the first rung: those candidates are complete after it.
        """
        alive = {trial.candidate for trial in self.trials}
        trained = [n for n in alive if self.candidates[n].lr_ratio > 0 and self.best[n].state != "failed"]
        ranked = sorted(trained, key=lambda number: -self.best[number].utility.mean())
        kept = ranked[:keep]
        alone = [number for number in ranked if self.candidates[number].m == 0][:1]
        if alone and alone[0] not in kept:
            kept = kept[: keep - 1] + alone
        self._mark_pruned(set(ranked) - set(kept))
        going_on = [t for t, trial in enumerate(self.trials) if trial.candidate in kept]
        if 0 < len(going_on) < len(self.trials):
            self.population.keep(going_on)
            self.trials = [self.trials[t] for t in going_on]

    def _mark_pruned(self, candidates: set[int]) -> None:
        for number in candidates:
            self.best[number] = replace(self.best[number], state="pruned")
        for trial in self.trials:
            if trial.candidate in candidates and self.latest[trial].state == "complete":
                self.latest[trial] = replace(self.latest[trial], state="pruned")
