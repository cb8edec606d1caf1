"""Rows that are probably labelled wrongly: few, sure, and never because a class is hard."""

import numpy as np
import pytest

from crosspt_cli.evidence.outcome import Suspect
from crosspt_cli.evidence.suspects import find_suspects

CLEAN = [[0.9, 0.1]] * 8 + [[0.1, 0.9]] * 8
LABELS = np.repeat([0, 1], 8)


def with_row(shares, row=3):
    """Return clean shares with another row 3."""
    changed = np.array(CLEAN)
    changed[row] = shares
    return changed


def test_a_row_of_which_the_model_is_sure_otherwise_is_suspect():
    """That is what somebody should look at."""
    assert find_suspects(with_row([0.02, 0.98]), LABELS) == (Suspect(3, 0, 1, 0.02, 0.98),)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.3, 0.7], [0.06, 0.94], [0.9, 0.1]])
def test_a_row_in_doubt_is_not(shares):
    """A hint that is often wrong is soon not read."""
    assert find_suspects(with_row(shares), LABELS) == ()


def test_a_class_that_is_answered_too_easily_needs_more():
    """Where 0.95 is what every row of a class gets, others get 0.93 by accident."""
    shares = np.array([[0.95, 0.05]] * 8 + [[0.001, 0.999]] * 8)
    shares[3] = [0.03, 0.97]
    assert find_suspects(shares, LABELS) == ()
    shares[3] = [0.0005, 0.9995]
    assert [each.row for each in find_suspects(shares, LABELS)] == [3]


def test_the_surest_comes_first():
    """The report shows the first few only."""
    shares = with_row([0.04, 0.96])
    shares[12] = [0.99, 0.01]
    assert [(each.row, each.given, each.likely) for each in find_suspects(shares, LABELS)] == [(12, 1, 0), (3, 0, 1)]
