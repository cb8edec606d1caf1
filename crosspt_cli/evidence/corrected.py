"""What to expect of the chosen candidate: its score without the luck of having been chosen, and with all rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from crosspt_cli.evidence.choice import pick
from crosspt_cli.evidence.forecast import USUAL
from crosspt_cli.evidence.intervals import wilson
from crosspt_cli.evidence.judge import Judged
from crosspt_cli.evidence.outcome import Corrected
from crosspt_cli.evidence.trial import Candidate

BOOTSTRAPS = 400
USUAL_SKILL = 0.6
"""How far tasks usually come of the way from guessing to all right.

Source: `bench/honesty.py`, its comparison of shrinkages; docs/decisions/0021-a-few-rows-count-with-what-is-usual.md.
"""
USUAL_ROWS = 2.0
"""What is usual counts as much as so many rows."""
FEW = "few rows count together with what tasks usually reach"


def corrected_score(
    candidates: Sequence[Candidate],
    judged: Sequence[Sequence[Judged]],
    classes: int,
    doublings: float,
    random: np.random.Generator,
    distinct: float = 1.0,
    changed: tuple[Sequence[Judged], Sequence[Judged]] | None = None,
) -> Corrected:
    """Return the accuracy to expect of what was chosen, corrected for choosing the best of many.

    The whole choice is made again on rows drawn with replacement: for each candidate the steps, readout and
    temperature, then the candidate, by the same rule. What was chosen is scored on the rows that were not drawn. Those
    answers come from prompts that a fold's rows trained; the last fit has all rows, and is better by what other tasks
    gain from so many more. A handful of rows says little, so it counts together with what tasks usually reach.

    Args:
        candidates: those that did not fail.
        judged: per candidate everything it could have been kept as: all steps at which it was scored, all readouts and
            temperatures.
        classes: of the task.
        doublings: of a fold's training rows to all rows, log2 of their ratio.
        random: draws the rows.
        distinct: share of the rows that speak for themselves; near-copies of others do not.
        changed: what the chosen candidate could have been kept as when it was chosen, and afterwards, when it read rows
            in full and rows without labels were there; what is best of either is chosen again as well, and what the
            later gained on rows left out is added.

    Source:
        Tsamardinos, Greasidou and Borboudakis 2018, BBC-CV, whose interval is from percentiles of these scores; ours
        is Wilson's, for the rows that they are worth. Shao and Wu 1989 for the variance: scores on r rows of n vary
        more than one on all n would, by the factor (n - r) / r, which is 1.7 for the rows that a bootstrap leaves out.
        Morris 1983, Parametric empirical Bayes inference, for moving towards what is usual.
    """
    utility = [np.stack([each.utility for each in of_one], dtype=np.float32, casting="same_kind") for of_one in judged]
    correct = [np.stack([each.correct for each in of_one]) for of_one in judged]
    rows = utility[0].shape[1]
    draws = random.integers(rows, size=(BOOTSTRAPS, rows))
    scored = _out_of_bag(candidates, utility, correct, draws)
    if changed is not None:
        scored[:, 0] += _gained(*changed, draws)
    out_of_bag, spread = float(scored[:, 0].mean()), float(scored[:, 0].var())
    left_out = float(scored[:, 1].mean())
    worth = _rows_worth(out_of_bag, spread * left_out / (1 - left_out), distinct * rows)
    all_rows = 1 - (1 - out_of_bag) * math.exp(USUAL * doublings)
    mean = towards_usual(all_rows, worth, classes)
    return Corrected(wilson(mean, worth), out_of_bag, all_rows, worth)


def towards_usual(accuracy: float, rows: float, classes: int) -> float:
    """Return the mean of an accuracy that `rows` rows speak for and what tasks of so many classes usually reach."""
    usual = 1 / classes + USUAL_SKILL * (1 - 1 / classes)
    return (rows * accuracy + USUAL_ROWS * usual) / (rows + USUAL_ROWS)


def why_other(raw: float, corrected: Corrected) -> str:
    """Return why the corrected accuracy is not the raw one on held-out rows: what moves it most in that direction.

    Empty where both are the same whole percentage.
    """
    mean = corrected.accuracy.value
    if round(100 * mean) == round(100 * raw):
        return ""
    choice = corrected.out_of_bag - raw, "the best of many looks better than it is", "choices on other rows do better"
    rows = corrected.all_rows - corrected.out_of_bag, "", "the folds had fewer rows to train on"
    usual = mean - corrected.all_rows, f"{FEW}, which is less", f"{FEW}, which is more"
    up = mean > raw
    _, lower, higher = (max if up else min)(choice, rows, usual)
    return higher if up else lower


def _out_of_bag(
    candidates: Sequence[Candidate],
    utility: Sequence[np.ndarray],
    correct: Sequence[np.ndarray],
    draws: np.ndarray,
) -> np.ndarray:
    """Return for each bootstrap the accuracy on the rows left out and their share, [bootstraps, 2].

    A bootstrap that drew every row of a small task is left away: nothing remains to score on.

    Args:
        candidates: as many as below.
        utility: per candidate [configurations, rows].
        correct: per candidate [configurations, rows].
        draws: [bootstraps, rows] int64, the rows drawn.
    """
    counts = np.stack([np.bincount(drawn, minlength=draws.shape[1]) for drawn in draws])  # [bootstraps, rows]
    kept = [(counts.astype(float) @ of_one.T).argmax(1) for of_one in utility]  # each [bootstraps]
    scored = []
    for number in np.flatnonzero((counts == 0).any(1)):
        at = [of_one[number] for of_one in kept]
        in_bag = np.stack([of_one[place][draws[number]] for of_one, place in zip(utility, at, strict=True)])
        _, choice = pick(in_bag, candidates)
        left_out = counts[number] == 0
        scored.append((correct[choice][at[choice]][left_out].mean(), left_out.mean()))
    return np.array(scored)


def _gained(before: Sequence[Judged], after: Sequence[Judged], draws: np.ndarray) -> np.ndarray:
    """Return for each bootstrap with rows left out by how much these are more often right afterwards.

    Args:
        before, after: everything the chosen candidate could have been kept as when it was chosen, and afterwards.
        draws: [bootstraps, rows] int64, the rows drawn.
    """
    counts = np.stack([np.bincount(drawn, minlength=draws.shape[1]) for drawn in draws])
    used = np.flatnonzero((counts == 0).any(1))
    then, now = (_right_left_out(judged, counts[used]) for judged in (before, after))
    return now - then


def _right_left_out(judged: Sequence[Judged], counts: np.ndarray) -> np.ndarray:
    """Return for each bootstrap how often rows left out are right as what is best on those drawn has them.

    Args:
        judged: everything a candidate could have been kept as.
        counts: [bootstraps, rows], how often each row was drawn.
    """
    utility = np.stack([each.utility for each in judged])  # [configurations, rows]
    correct = np.stack([each.correct for each in judged]).astype(float)
    best = (counts.astype(float) @ utility.T).argmax(1)
    return np.array([correct[place][drawn == 0].mean() for place, drawn in zip(best, counts, strict=True)])


def _rows_worth(mean: float, variance: float, rows: float) -> float:
    """Return how many rows measured by themselves would leave `mean` as uncertain as `variance` says that it is.

    Percentiles of out-of-bag scores would be coarse with few rows, and a single point where all are right. Wilson's
    interval has neither fault; what it needs is a number of rows. The rows are worth less than their number where the
    choice wavers, and never more.

    Args:
        mean: accuracy.
        variance: of `mean`, over other rows of the same number.
        rows: of the task.

    Source:
        Korn and Graubard 1998 for an effective number of rows that is at most the number there is.
    """
    return min(rows, mean * (1 - mean) / variance) if variance > 0 else rows
