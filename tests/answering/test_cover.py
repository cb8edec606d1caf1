"""Rows to ask about: in doubt, standing for others, and never twice the same."""

import numpy as np
import pytest

from crosspt_cli.answering.cover import choose_cover, choose_rows, disagreement, even_weights

SURE, UNSURE = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])


def apart(groups=(6, 3, 1), width=12):
    """Return vectors in groups about directions at right angles, the largest group first."""
    random = np.random.default_rng(0)
    axes = np.eye(width)[: len(groups)]
    return np.concatenate([axis + 0.1 * random.normal(size=(n, width)) for axis, n in zip(axes, groups, strict=True)])


def every(vectors):
    return np.ones(len(vectors), bool)


def other(vectors):
    """Return a rule by which no row is like another."""
    return lambda row: every(vectors)


def test_views_that_agree_do_not_disagree_however_unsure():
    """Doubt that all ways of answering share is no contradiction."""
    assert disagreement([UNSURE, UNSURE, UNSURE]) == pytest.approx(0)
    assert disagreement([SURE, SURE]) == pytest.approx(0)


def test_views_that_contradict_each_other_disagree_fully():
    """The scale is 0 to 1 whatever the number of classes."""
    assert disagreement([SURE, SURE[:, ::-1]]) == pytest.approx(1)
    assert 0 < disagreement([SURE, UNSURE])[0] < 0.5


def test_weights_give_each_class_the_same_say():
    """Of nine rows of one class and one of another the one would never be asked about."""
    shares = np.repeat([[1.0, 0.0], [0.0, 1.0]], [9, 1], axis=0)
    weights = even_weights(shares)
    assert weights.mean() == pytest.approx(1)
    assert weights[:9].sum() == pytest.approx(weights[9])


def test_each_group_is_asked_about_once_and_the_largest_first():
    """Three questions about one subject teach little."""
    vectors = apart()
    chosen = choose_cover(vectors, np.ones(10), every(vectors), 3, other(vectors))
    assert [int(np.searchsorted([6, 9, 10], row, side="right")) for row in chosen] == [0, 1, 2]


def test_preferred_rows_come_first_and_the_others_when_none_is_left():
    """A short file still gives as many rows as were asked for."""
    vectors = apart()
    preferred = np.zeros(10, bool)
    preferred[[1, 7]] = True
    chosen = choose_cover(vectors, np.ones(10), preferred, 4, other(vectors))
    assert set(chosen[:2]) == {1, 7}
    assert len(set(chosen)) == 4


def test_near_copies_of_a_chosen_row_are_not_chosen_even_when_nothing_else_is_left():
    """Labelling the same text again is work for nothing."""
    vectors = np.concatenate([np.tile(apart((1,)), (20, 1)), apart((3,))])
    copies = np.arange(23) < 20

    def unlike(row):
        return ~copies if row < 20 else np.ones(23, bool)

    chosen = choose_cover(vectors, np.ones(23), every(vectors), 10, unlike)
    assert sorted(row < 20 for row in chosen) == [False, False, False, True]


def test_the_choice_of_fewer_is_the_beginning_of_the_choice_of_more():
    """Whoever labels ten of twenty rows has labelled the ten best."""
    vectors = apart((9, 7, 5, 3))
    more = choose_cover(vectors, np.ones(24), every(vectors), 8, other(vectors))
    assert choose_cover(vectors, np.ones(24), every(vectors), 3, other(vectors)) == more[:3]


def test_rows_on_which_the_task_contradicts_itself_are_suggested_first():
    """The largest group is answered in the same way by both views, so it has nothing to teach."""
    vectors = apart((8, 5, 5))
    words = np.repeat([[0.9, 0.1]], 18, axis=0)
    means = words.copy()
    means[8:] = [0.1, 0.9]
    chosen = choose_rows([words, means], vectors, 3, other(vectors))
    assert {int(np.searchsorted([8, 13], row, side="right")) for row in chosen} == {1, 2}
    assert choose_rows([words, words], vectors, 1, other(vectors))[0] < 8
