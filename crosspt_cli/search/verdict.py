"""Whether something simpler than the chosen candidate would do, on the same folds and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crosspt_cli.core.score import Readout, prototypes
from crosspt_cli.search.baselines import ENCODER, MOST_FREQUENT, TFIDF
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.folds import Fold
from crosspt_cli.search.intervals import points
from crosspt_cli.search.outcome import CandidateResult, Comparison, Score, TrialResult, Verdict
from crosspt_cli.search.readouts import correct_by_seed
from crosspt_cli.search.trials import StudyTask

PROTOTYPES = "class means, no prompt"
SOURCE = "best source prompt, untouched"
LABEL_WORDS = "label words alone"
ALONE = "private prompt only (M = 0)"
SUBJECTS = {
    MOST_FREQUENT: "Always answering the most frequent class is",
    TFIDF: "Logistic regression on TF-IDF is",
    PROTOTYPES: "The nearest class mean of the encoder's own vectors is",
    ENCODER: "Logistic regression on the same encoder is",
    SOURCE: "The best source prompt, untouched, is",
    LABEL_WORDS: "The same prompt read by label words alone is",
    ALONE: "A private prompt without sources is",
}
"""Method → how the sentence about it begins; the simplest method first."""
BOOTSTRAPS = 1000
LOW, HIGH = 0.05, 0.95  # the ends of a 90 % interval


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
    is_the_source = candidate.is_source and not readout.weight
    alone = best_alone(results)
    found = {}
    if readout.words:
        found[PROTOTYPES] = _right(nearest_class(task, folds), task.labels)
    if len(task.sources) and not is_the_source:
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
    random: np.random.Generator,
) -> Verdict:
    """Return every simpler method beside the chosen candidate, and whether one of them is as good.

    Rows and seeds are drawn with replacement, each by itself, and the same for all methods.

    Args:
        baselines: name → score.
        simpler: from `simpler_methods`.
        chosen: whether the chosen candidate is right, [rows, seeds] of 0 and 1.
        folds: of the study.
        random: draws rows and seeds.

    Source:
        Owen and Eckles 2012 for drawing rows and seeds by themselves; intervals are percentiles.
    """
    scores = {**baselines, **{name: _score(correct, folds) for name, correct in simpler.items()}}
    correct = {**{name: score.correct[:, None] for name, score in baselines.items()}, **simpler}
    rows, seeds = draw_rows_and_seeds(chosen.shape, random)
    methods = {name: _compare(scores[name], correct[name] - chosen, rows, seeds) for name in SUBJECTS if name in scores}
    simplest = next((name for name, comparison in methods.items() if comparison.as_good), None)
    return Verdict(methods, simplest, _sentence(simplest, methods))


def draw_rows_and_seeds(shape: tuple[int, ...], random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rows [bootstraps, rows] and seeds [bootstraps, seeds] drawn with replacement, each by itself."""
    rows, seeds = (random.integers(count, size=(BOOTSTRAPS, count)) for count in shape)
    return rows, seeds


def interval_of(difference: np.ndarray, rows: np.ndarray, seeds: np.ndarray) -> tuple[float, float]:
    """Return the 90 % interval of the mean of a difference [rows, seeds] over the rows and seeds drawn."""
    drawn = difference[rows[:, :, None], seeds[:, None, :]].mean((1, 2))
    low, high = np.quantile(drawn, (LOW, HIGH))
    return float(low), float(high)


def _right(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return (answers == labels).astype(float)[:, None]


def _score(correct: np.ndarray, folds: Sequence[Fold]) -> Score:
    of_row = correct.mean(1)
    return Score(of_row, tuple(float(of_row[fold.held_out].mean()) for fold in folds), float("nan"))


def _compare(score: Score, difference: np.ndarray, rows: np.ndarray, seeds: np.ndarray) -> Comparison:
    """Return a method's comparison from its difference [rows, seeds] and the rows and seeds drawn [bootstraps, ..]."""
    return Comparison(score, float(difference.mean()), *interval_of(difference, rows, seeds))


def _sentence(simplest: str | None, methods: Mapping[str, Comparison]) -> str:
    if simplest is None:
        return "No simpler method is as good here."
    beside = methods[simplest]
    interval = f"90 % interval {points(beside.low)} to {points(beside.high)}"
    return f"{SUBJECTS[simplest]} as good here ({points(beside.difference)} points, {interval})."
