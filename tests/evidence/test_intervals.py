"""Intervals of fractions that were counted on few rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from crosspt_cli.evidence.intervals import CONFIDENCE, paired, wilson


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilsons_interval_holds_the_fraction_and_narrows_with_rows(right, more):
    """It is what every interval of a class stands on."""
    rows = right + more
    found = wilson(right / rows, rows)
    assert found.value == right / rows
    assert 0 <= found.low <= found.value <= found.high <= 1
    wider = wilson(right / rows, rows / 2)
    assert found.high - found.low < wider.high - wider.low


@pytest.mark.parametrize(("right", "rows"), [(15, 20), (0, 8), (8, 8), (31, 64)])
def test_wilsons_interval_is_scipys(right, rows):
    """Written by others from the same paper."""
    theirs = binomtest(right, rows).proportion_ci(CONFIDENCE, "wilson")
    assert wilson(right / rows, rows).ends == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(st.integers(1, 2000))
def test_where_all_are_right_the_upper_end_is_one(rows):
    """A last digit less, and a class that is always right seemed to be below the mean."""
    assert wilson(1.0, rows).high == 1.0
    assert wilson(0.0, rows).low == 0.0


@pytest.mark.parametrize("rows", [8, 16, 32, 100])
def test_rows_on_which_two_methods_agree_leave_a_difference_open(rows):
    """Known by hand without a row that differs: z² over rows + z²; a bootstrap would give a single point."""
    z = 1.6448536
    assert paired(0, 0, rows).ends == pytest.approx((-(z**2) / (rows + z**2), z**2 / (rows + z**2)), abs=1e-6)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_the_interval_of_a_difference_holds_it_and_turns_with_its_sign(more, less, agreed):
    """Which of the two is called the first must not matter."""
    rows = more + less + agreed + 1
    found = paired(more, less, rows)
    assert found.value == (more - less) / rows
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert paired(less, more, rows).ends == pytest.approx((-found.high, -found.low), abs=1e-9)


@pytest.mark.parametrize("rows", [8, 16, 32, 96])
@pytest.mark.parametrize("shares", [(0.1, 0.1), (0.05, 0.15), (0.2, 0.2), (0.0, 0.1)])
def test_nine_of_ten_paired_intervals_hold_the_truth(rows, shares):
    """Where few rows differ, a few more do."""
    random = np.random.default_rng(rows)
    counts = random.multinomial(rows, [*shares, 1 - sum(shares)], size=400)
    ends = np.array([paired(more, less, rows).ends for more, less, _ in counts])
    truth = shares[0] - shares[1]
    assert ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean() >= 0.86
