"""How much of the answer comes from label words and how much from prototypes: chosen on held-out rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crosspt_cli.evidence.outcome import CandidateResult, score_of
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, Fold, State, TrialResult
from crosspt_cli.foundation.errors import Argument, OptionError

WEIGHTS = {0.0: 0.002, 3.0: 0.003, 10.0: 0.015, 30.0: 0.48, 100.0: 0.45, 300.0: 0.05}
"""Nats per unit of similarity → how probable it is, before a row is seen, that it is the best: decision 14."""
TEMPERATURES = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
"""Up to 16: with a large weight on prototypes scores are dozens of nats apart, and would seem overconfident."""
READOUTS = {
    "auto": tuple(Readout(weight) for weight in WEIGHTS),
    "label-words": (Readout(0.0),),
    "prototypes": (Readout(10.0, words=False),),
    "both": tuple(Readout(weight) for weight in WEIGHTS if weight),
}


def find_readouts(name: str) -> tuple[Readout, ...]:
    """Return the readouts to choose among.

    Raises:
        OptionError: there is no such name.
    """
    if name not in READOUTS:
        raise OptionError(Argument("readout"), f"is {name!r}, but must be one of {', '.join(READOUTS)}.")
    return READOUTS[name]


@dataclass(frozen=True)
class Judged:
    """A readout and, per row and averaged over seeds, the true class's log-likelihood and whether it won, float32.

    `log_prior` is what speaks for the readout among the others before any row does, in nats.
    """

    readout: Readout
    log_likelihood: np.ndarray
    correct: np.ndarray
    log_prior: float = 0.0

    @property
    def utility(self) -> np.ndarray:
        """Log-likelihood in nats plus 1 where right, [rows]: smooth with few rows, and about what people count.

        Each row bears its part of the prior, so that an improbable readout has to earn its place among the candidates
        as it has to among the readouts of one.
        """
        return self.log_likelihood.astype(np.float64) + self.correct + self.log_prior / len(self.correct)


def judge_readouts(trials: Sequence[TrialResult], options: Sequence[Readout], labels: np.ndarray) -> tuple[Judged, ...]:
    """Return every option at every temperature, judged over all held-out rows.

    Args:
        trials: one candidate's, over all folds and seeds.
        options: what to choose among.
        labels: of all the task's rows, [rows] int64.
    """
    probable = sum(WEIGHTS[weight] for weight in {option.weight for option in options})
    judged = []
    for option in options:
        log_prior, correct = math.log(WEIGHTS[option.weight] / probable), None
        for temperature in TEMPERATURES:
            found = _judge(trials, replace(option, temperature=temperature), labels, log_prior)
            # a temperature changes no answer: of a study with many rows these are kept once, not a dozen times
            found = found if correct is None else replace(found, correct=correct)
            correct = found.correct
            judged.append(found)
    return tuple(judged)


def best_readout(judged: Sequence[Judged]) -> Judged:
    """Return the readout of the largest utility; the earlier wins a tie."""
    return max(judged, key=lambda each: each.utility.sum())


def correct_by_seed(trials: Sequence[TrialResult], readout: Readout, labels: np.ndarray) -> np.ndarray:
    """Return whether each row was right with each seed, [rows, seeds] of 0 and 1.

    Args:
        trials: one candidate's, over all folds and seeds.
        readout: what the answers are made with.
        labels: of all the task's rows, [rows] int64.
    """
    seeds = sorted({trial.seed for trial in trials})
    correct = np.zeros((len(labels), len(seeds)))
    for trial in trials:
        at = trial.held_out
        answers = readout.log_shares(trial.nats, trial.bias, trial.similarity).argmax(1)
        correct[at, seeds.index(trial.seed)] = answers == labels[at]
    return correct


def _judge(trials: Sequence[TrialResult], readout: Readout, labels: np.ndarray, log_prior: float) -> Judged:
    likelihood, correct, seeds = (np.zeros(len(labels)) for _ in range(3))
    for trial in trials:
        at, true = trial.held_out, labels[trial.held_out]
        shares = readout.log_shares(trial.nats, trial.bias, trial.similarity)
        likelihood[at] += shares[np.arange(len(at)), true]
        correct[at] += shares.argmax(1) == true
        seeds[at] += 1
    return Judged(readout, (likelihood / seeds).astype(np.float32), (correct / seeds).astype(np.float32), log_prior)


def result_of(
    candidate: Candidate, state: State, steps: int, judged: Judged, trials: Sequence[TrialResult], folds: Sequence[Fold]
) -> CandidateResult:
    """Return a candidate's result with the readout that was judged best.

    Args:
        candidate: that was tried.
        state: how it ended.
        steps: at which its trials were scored.
        judged: the readout, and what it makes of every row.
        trials: over all folds and seeds.
        folds: of the study.
    """
    per_fold = tuple(float(judged.correct[fold.held_out].mean(dtype=float)) for fold in folds)
    score = score_of(judged.correct.astype(float), per_fold, float(judged.log_likelihood.mean()))
    return CandidateResult(
        candidate, state, steps, judged.readout, score, words_share(trials, judged.readout), judged.utility
    )


def words_share(trials: Sequence[TrialResult], readout: Readout) -> float:
    """Return how much of what sets the classes apart comes from label words, 0 to 1; the rest from prototypes.

    Measured as the spread over the classes (standard deviation, averaged over held-out rows) of either part.
    """
    if not readout.words or not readout.weight:
        return float(readout.words)
    words = np.mean([(trial.nats - trial.bias).std(1).mean() for trial in trials])
    means = np.mean([readout.weight * trial.similarity.std(1).mean() for trial in trials])
    return float(words / (words + means))
