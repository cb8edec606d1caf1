"""Probabilities that can be taken at their word: one temperature, fitted to the chosen candidate's held-out answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from crosspt_cli.evidence.outcome import Calibration, HeldOutAnswers
from crosspt_cli.evidence.readout import Readout, log_softmax
from crosspt_cli.evidence.trial import Fold, TrialResult

HOTTEST = 1024.0  # far beyond any that was found, so that none is cut off; the coldest is one over it
STEPS = 29  # at which the bounded minimiser is told where to look: half a logarithm apart, as near as two minima are
SPREAD = 1.0  # standard deviation of log temperature around 0, before any row was seen


def calibrate(
    trials: Sequence[TrialResult], readout: Readout, labels: np.ndarray, folds: Sequence[Fold], luck: float
) -> Calibration:
    """Return the temperature of the chosen candidate's readout, and what it does to held-out rows.

    The temperature changes confidences and never an answer, so every score stays what it was.

    Args:
        trials: the chosen candidate's, over all folds and seeds.
        readout: the one chosen with it; its own temperature, from a coarse grid, made candidates comparable.
        labels: of all the task's rows, [rows] int64.
        folds: of the study.
        luck: how many of the rows are right by the luck of the choice.

    Source:
        Guo et al. 2017, On calibration of modern neural networks, for the temperature; `fit_temperature` for ours.
    """
    log_shares = held_out_log_shares(trials, replace(readout, temperature=1.0), len(labels))
    temperature = fit_temperature(log_shares, labels)
    nested = np.empty_like(log_shares)
    for fold in folds:
        other = fit_temperature(log_shares[:, fold.train], labels[fold.train])
        nested[:, fold.held_out] = log_softmax(log_shares[:, fold.held_out] / other)
    shares = np.exp(log_softmax(log_shares / temperature))
    return Calibration(
        temperature=temperature,
        confidence_before=_confidence(log_shares),
        confidence=_confidence(nested),
        log_likelihood_before=float(_true(log_shares, labels).mean()),
        log_likelihood=float(_true(nested, labels).mean()),
        answers=HeldOutAnswers(
            confidence=shares[0].max(1).astype(np.float32),
            correct=(shares[0].argmax(1) == labels).astype(np.float32),
            luck=luck,
        ),
        shares=shares,
    )


def held_out_log_shares(trials: Sequence[TrialResult], readout: Readout, rows: int) -> np.ndarray:
    """Return every row's class log-probabilities by the trials that it was held out of, [seeds, rows, C].

    Args:
        trials: one candidate's, over all folds and seeds.
        readout: what the answers are made with.
        rows: how many the task has.
    """
    seeds = sorted({trial.seed for trial in trials})
    found = np.zeros((len(seeds), rows, trials[0].nats.shape[1]))
    for trial in trials:
        at = trial.held_out
        found[seeds.index(trial.seed), at] = readout.log_shares(trial.nats, trial.bias, trial.similarity)
    return found


def fit_temperature(log_shares: np.ndarray, labels: np.ndarray) -> float:
    """Return the most probable temperature: the likeliest, held back by what a few rows cannot know.

    With eight rows all right the likeliest would be zero. Two things hold it back: a normal prior on the logarithm,
    around no change, and one row more that is like all of them and belongs to every class alike.

    Args:
        log_shares: [seeds, rows, C]; a row counts once, whatever the number of seeds.
        labels: [rows].

    Source:
        Platt 1999, Probabilistic outputs for support vector machines, for targets that are not quite 0 and 1.
    """
    from scipy.optimize import minimize_scalar

    def improbable(log_temperature: float) -> float:
        heated = log_softmax(log_shares / math.exp(log_temperature))
        return log_temperature**2 / (2 * SPREAD**2) - float(_true(heated, labels).mean(0).sum() + heated.mean())

    places = np.linspace(-math.log(HOTTEST), math.log(HOTTEST), STEPS)
    nearest = min(range(1, STEPS - 1), key=lambda place: improbable(float(places[place])))
    found = minimize_scalar(improbable, bounds=(places[nearest - 1], places[nearest + 1]), method="bounded")
    return math.exp(found.x)


def _true(log_shares: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the true class's log-probability, [seeds, rows]."""
    return log_shares[:, np.arange(len(labels)), labels]


def _confidence(log_shares: np.ndarray) -> float:
    return float(np.exp(log_shares.max(-1)).mean())
