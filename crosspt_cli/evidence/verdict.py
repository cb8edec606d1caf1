"""Whether something simpler than the chosen candidate would do, on the same folds and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from crosspt_cli.evidence.baselines import ENCODER, MOST_FREQUENT, TFIDF
from crosspt_cli.evidence.intervals import Estimate, paired, points
from crosspt_cli.evidence.outcome import Comparison, Score, Verdict, outcome_of, score_of
from crosspt_cli.evidence.trial import Fold

PROTOTYPES = "class means, no prompt"
SOURCE = "best source prompt, untouched"
LABEL_WORDS = "label words alone"
ALONE = "private prompt only (M = 0)"
SUBJECTS = {
    MOST_FREQUENT: "always answering the most frequent class",
    TFIDF: "logistic regression on TF-IDF",
    PROTOTYPES: "the nearest class mean of the encoder's own vectors",
    ENCODER: "logistic regression on the same encoder",
    SOURCE: "the best untouched source prompt",
    LABEL_WORDS: "the same prompt read by label words alone",
    ALONE: "a private prompt without source prompts",
}
"""Method → what a sentence calls it; the simplest method first."""


def make_verdict(
    baselines: Mapping[str, Score],
    simpler: Mapping[str, np.ndarray],
    chosen: np.ndarray,
    folds: Sequence[Fold],
    luck: float,
    distinct: float = 1.0,
) -> Verdict:
    """Return every simpler method beside the chosen candidate, and whether one of them is known to be as good.

    Args:
        baselines: name → score.
        simpler: from `simpler_methods`.
        chosen: whether the chosen candidate is right, [rows, seeds] of 0 and 1.
        folds: of the study.
        luck: how much accuracy the chosen candidate has from being the best of many on these rows, a fraction. So much
            worse a method may only seem, and the upper end of each interval allows for it.
        distinct: share of the rows that speak for themselves; near-copies of others do not.
    """
    scores = {**baselines, **{name: _score(correct, folds) for name, correct in simpler.items()}}
    correct = {**{name: score.correct[:, None] for name, score in baselines.items()}, **simpler}
    methods = {
        name: _compare(scores[name], correct[name] - chosen, luck, distinct) for name in SUBJECTS if name in scores
    }
    simplest = next((name for name, comparison in methods.items() if comparison.outcome == "as good"), None)
    return Verdict(methods, simplest, _sentence(simplest, methods, len(chosen)))


def mean_difference(difference: np.ndarray, distinct: float) -> Estimate:
    """Return the mean of a difference between two methods, [rows, seeds] of -1, 0 and 1, with its 90 % interval.

    A row counts once, and near-copies of others not at all: `distinct` is the share of the rows that speak for
    themselves. Where there are several seeds it is the interval that holds those of all of them: what is so with
    one seed and otherwise with another is not known.
    """
    more, less = (distinct * (sign * difference > 0).sum(0) for sign in (1, -1))
    rows = distinct * len(difference)
    ends = (paired(float(each), float(other), rows).ends for each, other in zip(more, less, strict=True))
    lows, highs = zip(*ends, strict=True)
    return Estimate(float(difference.mean()), min(lows), max(highs))


def _score(correct: np.ndarray, folds: Sequence[Fold]) -> Score:
    of_row = correct.mean(1)
    return score_of(of_row, tuple(float(of_row[fold.held_out].mean()) for fold in folds), float("nan"))


def _compare(score: Score, difference: np.ndarray, luck: float, distinct: float) -> Comparison:
    """Return a method's comparison from its difference [rows, seeds]."""
    found = mean_difference(difference, distinct)
    raised = replace(found, high=min(1.0, found.high + luck))
    return Comparison(score, raised, outcome_of(raised))


def _sentence(simplest: str | None, methods: Mapping[str, Comparison], rows: int) -> str:
    """Return what is as good, of what the rows cannot tell, or that all is worse."""
    open_ones = [name for name, each in methods.items() if each.outcome == "cannot tell"]
    if simplest is not None:
        known = f"{_capital(SUBJECTS[simplest])} is as good here ({_apart(methods[simplest])})."
        first = next(iter(open_ones), None)
        if first is None or list(SUBJECTS).index(first) > list(SUBJECTS).index(simplest):
            return known
        return f"{known} Whether {SUBJECTS[first]} is, these {rows:,} rows cannot tell ({_apart(methods[first])})."
    if open_ones:
        return (
            f"Whether something simpler is as good, these {rows:,} rows cannot tell: {SUBJECTS[open_ones[0]]} is "
            f"{_apart(methods[open_ones[0]])}."
        )
    return f"No simpler method is as good here: {_all_of(len(methods))} worse."


def _all_of(count: int) -> str:
    return "the only one is" if count == 1 else f"each of {count} is"


def _apart(beside: Comparison) -> str:
    found = beside.difference
    return f"{points(found.value)} points, 90 % interval {points(found.low)} to {points(found.high)}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
