"""The choice, and the sentence a person reads of it."""

from dataclasses import replace

import numpy as np
import pytest
from study_samples import candidate_result

from crosspt_cli.evidence.choice import choose
from crosspt_cli.evidence.outcome import score_of
from crosspt_cli.evidence.trial import Candidate

ONLY_ATTENTION, ALONE, FULL = Candidate(("a",), 0.0), Candidate((), 1.0), Candidate(("a", "b", "c"), 1.0)
ROWS = 40
WAVE = np.tile([1.0, -1.0], ROWS // 2)


def test_the_best_is_chosen_when_it_is_clearly_better():
    """Its lead on the rows is more than half a standard error of that lead."""
    noise = 0.5 * WAVE
    error = noise.std(ddof=1) / np.sqrt(ROWS)
    results = [candidate_result(ONLY_ATTENTION, noise - 0.55 * error), candidate_result(FULL, np.zeros(ROWS))]
    assert choose(results) == (
        1,
        "The best of 2 candidates, by how many held-out rows it got right (0.0 %) and how sure it was of the right "
        "labels. Of the others, the source prompt a, untouched got 50.0 %, but was less sure.",
    )


def test_the_simpler_is_chosen_within_half_a_standard_error():
    """A lead that the rows cannot tell from chance is not worth more moving parts."""
    noise = 0.5 * WAVE
    error = noise.std(ddof=1) / np.sqrt(ROWS)
    results = [candidate_result(FULL, np.full(ROWS, 0.9)), candidate_result(ONLY_ATTENTION, 0.9 + noise - 0.45 * error)]
    choice, reason = choose(results)
    assert choice == 1
    assert reason == (
        "The simplest of 2 candidates that is about as good as the best, by how many held-out rows it got right "
        "(100.0 %) and how sure it was of the right labels. The best, 3 source prompts (a, b, c) and a private prompt, "
        "got 100.0 %; the difference may be chance."
    )


def scored(candidate: Candidate, utility, right: int):
    """Return a candidate of this utility that gets the first rows right."""
    result = candidate_result(candidate, utility)
    return replace(result, score=score_of((np.arange(ROWS) < right).astype(float), (0.5,), -0.5))


def test_a_best_candidate_that_is_right_less_often_is_told_with_its_reason():
    """A bare 'best' of a lower accuracy than the chosen one reads as a mistake."""
    choice, reason = choose([scored(ONLY_ATTENTION, -0.05 + WAVE, 36), scored(FULL, np.zeros(ROWS), 32)])
    assert choice == 0
    assert reason.endswith(
        " The best, 3 source prompts (a, b, c) and a private prompt, got 80.0 %, surer of the right labels; the "
        "difference may be chance."
    )


def test_nothing_beside_the_chosen_needs_no_more_than_its_score():
    """It is the best by both counts."""
    slow = Candidate((), 0.5)
    _, reason = choose([scored(ALONE, np.zeros(ROWS), 36), scored(slow, np.full(ROWS, -1.0), 32)])
    assert reason.endswith(" got right (90.0 %) and how sure it was of the right labels.")
    _, reason = choose([scored(ALONE, np.zeros(ROWS), 32), scored(slow, np.full(ROWS, -1.0), 36)])
    assert reason.endswith(
        " right (80.0 %) and how sure it was of the right labels. Of the others, the same with another learning rate "
        "got 90.0 %, but was less sure."
    )


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (ALONE, "a private prompt without source prompts"),
        (ONLY_ATTENTION, "the source prompt a, untouched"),
        (Candidate(("a",), 0.5), "the source prompt a and a private prompt"),
        (FULL, "3 source prompts (a, b, c) and a private prompt"),
        (Candidate(tuple("abcdef"), 0.0), "6 source prompts (a, b, c, d and 2 more), only their shares trained"),
    ],
)
def test_a_candidate_is_said_in_words(candidate, words):
    """'M = 0 (private prompt only, lr 0.2)' means nothing to those who did not read the paper."""
    assert candidate.words == words


def test_the_comparison_is_row_by_row():
    """Rows are hard or easy for all candidates alike; that spread must not hide a steady lead."""
    hard = 5 * WAVE
    results = [candidate_result(ONLY_ATTENTION, hard - 0.05 + 0.01 * WAVE), candidate_result(FULL, hard)]
    assert choose(results)[0] == 1


def test_among_equals_the_simplest_wins_whatever_the_order():
    """Ties happen on a few dozen rows."""
    same = np.ones(ROWS)
    results = [candidate_result(candidate, same) for candidate in (FULL, ALONE, ONLY_ATTENTION)]
    assert choose(results)[0] == 2
    assert choose(results[::-1])[0] == 0
    assert choose(results[:2])[0] == 1


def test_a_failed_candidate_is_never_chosen():
    """Not even with numbers from before it failed, nor with NaN."""
    results = [
        candidate_result(ONLY_ATTENTION, np.full(ROWS, np.nan), "failed"),
        candidate_result(ALONE, np.full(ROWS, 9.0), "failed"),
        candidate_result(FULL, np.zeros(ROWS)),
    ]
    assert choose(results) == (2, "It is the only candidate that could be scored.")


def test_a_candidate_without_others_is_not_said_to_have_outlived_any():
    """That it could be scored sounds as if others had failed."""
    assert choose([candidate_result(FULL, np.zeros(ROWS))]) == (0, "It is the only candidate that was tried.")


def test_a_pruned_candidate_may_be_chosen():
    """It was best at fewer steps, or as good and simpler."""
    results = [candidate_result(ALONE, np.ones(ROWS), "pruned"), candidate_result(FULL, np.zeros(ROWS))]
    assert choose(results)[0] == 0
