"""The choice, and the sentence a person reads of it."""

import numpy as np
from study_samples import candidate_result

from crosspt_cli.search.candidates import Candidate
from crosspt_cli.search.choice import choose

ONLY_ATTENTION, ALONE, FULL = Candidate(("a",), 0.0), Candidate((), 1.0), Candidate(("a", "b", "c"), 1.0)
ROWS = 40
WAVE = np.tile([1.0, -1.0], ROWS // 2)


def test_the_best_is_chosen_when_it_is_clearly_better():
    """Its lead on the rows is more than half a standard error of that lead."""
    noise = 0.5 * WAVE
    error = noise.std(ddof=1) / np.sqrt(ROWS)
    results = [candidate_result(ONLY_ATTENTION, noise - 0.55 * error), candidate_result(FULL, np.zeros(ROWS))]
    assert choose(results) == (1, "M = 3, ratio 1 had the best held-out score of 2 candidates.")


def test_the_simpler_is_chosen_within_half_a_standard_error():
    """A lead that the rows cannot tell from chance is not worth more moving parts."""
    noise = 0.5 * WAVE
    error = noise.std(ddof=1) / np.sqrt(ROWS)
    results = [candidate_result(FULL, np.full(ROWS, 0.9)), candidate_result(ONLY_ATTENTION, 0.9 + noise - 0.45 * error)]
    choice, reason = choose(results)
    assert choice == 1
    assert reason == (
        "M = 1, source untouched is the simplest of 2 candidates within half a standard error of the best, "
        "M = 3, ratio 1 (held-out accuracy 100.0% against 100.0%, utility 0.04 apart)."
    )


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
    assert choose(results) == (2, "M = 3, ratio 1 had the best held-out score of 1 candidates.")


def test_a_pruned_candidate_may_be_chosen():
    """It was best at fewer steps, or as good and simpler."""
    results = [candidate_result(ALONE, np.ones(ROWS), "pruned"), candidate_result(FULL, np.zeros(ROWS))]
    assert choose(results)[0] == 0
