"""Rows that are probably labelled wrongly: few, sure, and never because a class is hard."""

import numpy as np
import pytest
from study_samples import trial_result

from crosspt_cli.core.score import Readout
from crosspt_cli.search.outcome import Suspect
from crosspt_cli.search.readouts import HeldOutRows
from crosspt_cli.search.suspects import find_suspects, held_out_shares

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


def test_the_surest_comes_first_and_rows_nobody_held_out_are_passed_over():
    """The report shows the first few only."""
    shares = with_row([0.04, 0.96])
    shares[12], shares[0] = [0.99, 0.01], [np.nan, np.nan]
    assert [(each.row, each.given, each.likely) for each in find_suspects(shares, LABELS)] == [(12, 1, 0), (3, 0, 1)]


def test_held_out_shares_are_those_of_the_fold_that_left_the_row_out_averaged_over_seeds():
    """A row that was trained on says nothing about its label."""
    rows = HeldOutRows(np.array([0, 1, 0]), np.zeros((3, 2), np.float32))
    certain, even = np.log([[0.8, 0.2]]), np.log([[0.5, 0.5]])
    trials = [
        trial_result(0, [0], certain, fold=0, seed=0),
        trial_result(0, [0], even, fold=0, seed=1),
        trial_result(0, [1], certain, fold=1, seed=0),
    ]
    found = held_out_shares(trials, Readout(0.0), rows)
    np.testing.assert_allclose(found[:2], [[0.65, 0.35], [0.8, 0.2]], rtol=1e-6)
    assert np.isnan(found[2]).all()
