"""Whether something simpler than the chosen candidate would do, on the same folds and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crosspt_cli.core.score import Readout, prototypes
from crosspt_cli.search.baselines import ENCODER, MOST_FREQUENT, TFIDF
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.folds import Fold
from crosspt_cli.search.intervals import paired, points
from crosspt_cli.search.outcome import CandidateResult, Comparison, Score, TrialResult, Verdict
from crosspt_cli.search.readouts import correct_by_seed
from crosspt_cli.search.trials import StudyTask

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


def simpler_methods(
    task: StudyTask,
    folds: Sequence[Fold],
    results: Sequence[CandidateResult],
    kept: Mapping[int, Sequence[TrialResult]],
    choice: int,
) -> dict[str, np.ndarray]:
    """Return whether parts of the method, by themselves, are right: name → [rows, seeds or 1] of 0 and 1.

    What the chosen candidate is already, is left out: label words alone where it reads nothing else, and so on.

    Args:
        task: of the study.
        folds: of the study.
        results: every candidate at its best.
        kept: candidate → its trials at the steps at which it was best.
        choice: the chosen candidate.
    """
    candidate, readout = results[choice].candidate, results[choice].readout
    alone = best_alone(results)
    found = {}
    if readout.words:
        found[PROTOTYPES] = _right(nearest_class(task, folds), task.labels)
    if len(task.sources) and not candidate.is_source:  # else it is the same prompt read by label words alone
        found[SOURCE] = _source_is_right(task, folds, results, kept)
    if readout.weight:
        found[LABEL_WORDS] = correct_by_seed(kept[choice], Readout(0.0), task.labels)
    if candidate.m and alone is not None:
        found[ALONE] = correct_by_seed(kept[alone], results[alone].readout, task.labels)
    return found


def _source_is_right(
    task: StudyTask,
    folds: Sequence[Fold],
    results: Sequence[CandidateResult],
    kept: Mapping[int, Sequence[TrialResult]],
) -> np.ndarray:
    untouched = next((n for n, result in enumerate(results) if result.candidate.is_source), None)
    if untouched is not None:  # its answers are known
        return correct_by_seed(kept[untouched], Readout(0.0), task.labels)
    return _right(answers_of_best_source(task, folds).classes(folds), task.labels)


def best_alone(results: Sequence[CandidateResult]) -> int | None:
    """Return the best candidate without sources, by what candidates are compared on; None where all of them failed."""
    alone = [n for n, result in enumerate(results) if result.candidate.m == 0 and result.state != "failed"]
    return max(alone, key=lambda n: results[n].utility.mean(), default=None)


def nearest_class(task: StudyTask, folds: Sequence[Fold]) -> np.ndarray:
    """Return the class whose mean is nearest to each row's vector without any prompt, [rows] int64.

    The means are of the rows of the other folds.
    """
    found = np.zeros(len(task.labels), np.int64)
    for fold in folds:
        means = prototypes(task.vectors[fold.train], task.labels[fold.train], len(task.tree.path_node))
        found[fold.held_out] = means.nearness(task.vectors[fold.held_out]).argmax(1)
    return found


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


def interval_of(difference: np.ndarray, distinct: float) -> tuple[float, float]:
    """Return the 90 % interval of the mean of a difference between two methods, [rows, seeds] of -1, 0 and 1.

    A row counts once, and near-copies of others not at all: `distinct` is the share of the rows that speak for
    themselves. Where there are several seeds it is the interval that holds those of all of them: what is so with
    one seed and otherwise with another is not known.
    """
    more, less = (distinct * (sign * difference > 0).sum(0) for sign in (1, -1))
    rows = distinct * len(difference)
    ends = (paired(float(each), float(other), rows) for each, other in zip(more, less, strict=True))
    lows, highs = zip(*ends, strict=True)
    return min(lows), max(highs)


def _right(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return (answers == labels).astype(float)[:, None]


def _score(correct: np.ndarray, folds: Sequence[Fold]) -> Score:
    of_row = correct.mean(1)
    return Score(of_row, tuple(float(of_row[fold.held_out].mean()) for fold in folds), float("nan"))


def _compare(score: Score, difference: np.ndarray, luck: float, distinct: float) -> Comparison:
    """Return a method's comparison from its difference [rows, seeds]."""
    low, high = interval_of(difference, distinct)
    return Comparison(score, float(difference.mean()), low, min(1.0, high + luck))


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
    return f"{points(beside.difference)} points, 90 % interval {points(beside.low)} to {points(beside.high)}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
