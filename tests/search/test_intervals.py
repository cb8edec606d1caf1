"""Intervals of fractions that were counted on few rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from crosspt_cli.search.intervals import CONFIDENCE, wilson


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilsons_interval_holds_the_fraction_and_narrows_with_rows(right, more):
    """It is what every interval of a class stands on."""
    rows = right + more
    low, high = wilson(right / rows, rows)
    assert 0 <= low <= right / rows + 1e-12
    assert right / rows - 1e-12 <= high <= 1
    wider = wilson(right / rows, rows / 2)
    assert high - low < wider[1] - wider[0]


@pytest.mark.parametrize(("right", "rows"), [(15, 20), (0, 8), (8, 8), (31, 64)])
def test_wilsons_interval_is_scipys(right, rows):
    """Written by others from the same paper."""
    theirs = binomtest(right, rows).proportion_ci(CONFIDENCE, "wilson")
    assert wilson(right / rows, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
