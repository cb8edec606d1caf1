"""Folds and batches: who is trained on what."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.folds import batches, count_folds, divisible, stratified_folds

FOLDS = st.integers(2, 5)


@settings(deadline=None)  # the first example imports scikit-learn
@given(
    FOLDS.flatmap(lambda k: st.tuples(st.just(k), st.lists(st.integers(k, 9), min_size=2, max_size=6))), st.integers()
)
def test_every_row_is_held_out_once_and_every_class_in_its_share(drawn, seed):
    """The honest estimate stands on this: no row is scored by a trial that saw it."""
    count, sizes = drawn
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    folds = stratified_folds(labels, count, seed)
    assert len(folds) == count
    assert sorted(np.concatenate([fold.held_out for fold in folds])) == list(range(len(labels)))
    for fold in folds:
        assert sorted([*fold.train, *fold.held_out]) == list(range(len(labels)))
        assert (np.diff(fold.train) > 0).all()
        held = np.bincount(labels[fold.held_out], minlength=len(sizes))
        assert (np.abs(held - np.array(sizes) / count) < 1).all()
        assert set(labels[fold.train]) == set(range(len(sizes)))


def test_folds_depend_on_the_seed_and_nothing_else():
    """The same for every candidate, every baseline and every run."""
    labels = np.arange(40) % 4
    one, same, other = (stratified_folds(labels, 4, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a.held_out, b.held_out) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a.held_out, b.held_out) for a, b in zip(one, other, strict=True))


def test_a_class_with_fewer_rows_than_folds_is_refused():
    """A fold without a class in training would score what nobody could know."""
    with pytest.raises(ValueError, match="the rarest class has 2 rows, but 3 folds need at least 3"):
        stratified_folds(np.array([0, 0, 0, 1, 1]), 3, 0)


def held_out_of(folds):
    return [fold.held_out.tolist() for fold in folds]


def test_where_every_row_is_by_itself_folds_are_what_they_are_without_groups():
    """Recorded scores stay comparable, to the last digit."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(3), (9, 5, 7)))
    for groups in (np.arange(21), np.arange(21)[::-1], [f"row {number}" for number in range(21)]):
        assert held_out_of(stratified_folds(labels, 4, 1, groups)) == held_out_of(stratified_folds(labels, 4, 1))


@settings(deadline=None)
@given(
    FOLDS.flatmap(lambda k: st.tuples(st.just(k), st.lists(st.integers(k, 9), min_size=2, max_size=5))),
    st.integers(0, 99), st.integers(1, 40),
)  # fmt: skip
def test_groups_stay_whole_and_every_class_is_trained_in_every_fold(drawn, seed, most):
    """A copy in training knows the held-out row's label, and a fold without a class cannot know it."""
    count, sizes = drawn
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    groups = random.integers(0, most, len(labels))
    folds = stratified_folds(labels, count, seed, groups)
    assert sorted(np.concatenate([fold.held_out for fold in folds])) == list(range(len(labels)))
    assert 2 <= len(folds) <= count and all(len(fold.held_out) for fold in folds)
    for fold in folds:
        assert sorted([*fold.train, *fold.held_out]) == list(range(len(labels)))
        assert set(labels[fold.train]) == set(range(len(sizes)))
    again = stratified_folds(labels, count, seed, groups + 7)
    assert held_out_of(again) == held_out_of(folds)


def test_large_groups_are_shared_out_with_their_classes():
    """Four copies of each of 24 texts: whole in one fold, and as many of a class in each."""
    labels, groups = np.repeat(np.arange(24) % 3, 4), np.repeat(np.arange(24), 4)
    folds = stratified_folds(labels, 4, 0, groups)
    for fold in folds:
        assert not set(groups[fold.held_out]) & set(groups[fold.train])
        assert np.bincount(labels[fold.held_out]).tolist() == [8, 8, 8]


def test_a_class_of_copies_is_divided_and_the_others_are_not():
    """Nobody can learn a class of which every row is held out."""
    labels, groups = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([5, 5, 5, 6, 6, 7, 7])
    assert divisible(labels, groups).tolist() == [0, 1, 2, 3, 3, 5, 5]


def test_few_groups_make_few_folds():
    """A fold without a held-out row would have no score."""
    labels, groups = np.array([0, 1] * 4), np.repeat([0, 1, 2], (4, 2, 2))
    assert [len(fold.held_out) for fold in stratified_folds(labels, 4, 0, groups)] == [4, 2, 2]


def nearest_label_right(vectors, labels, folds):
    """Return how often the held-out row's nearest training row has its label."""
    right = [
        labels[fold.train][(vectors[fold.held_out] @ vectors[fold.train].T).argmax(1)] == labels[fold.held_out]
        for fold in folds
    ]
    return float(np.concatenate(right).mean())


def test_labels_drawn_by_lot_are_answered_by_chance_although_every_text_has_copies():
    """With a copy in training the score of noise is 100 %."""
    scores, without = [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        labels, groups = np.repeat(random.permutation(np.arange(24) % 2), 4), np.repeat(np.arange(24), 4)
        vectors = random.normal(size=(24, 64))[groups] + random.normal(0, 0.05, (96, 64))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        scores.append(nearest_label_right(vectors, labels, stratified_folds(labels, 4, seed, groups)))
        without.append(nearest_label_right(vectors, labels, stratified_folds(labels, 4, seed)))
    # 24 texts are 24 draws of 1/2; folds of even classes pull it a little below
    assert 0.38 < np.mean(scores) < 0.54
    assert np.mean(without) > 0.9


@given(st.integers(1, 20), st.integers(1, 12), st.integers(1, 9))
def test_batches_are_passes_over_the_training_rows_without_gaps(rows, steps, size):
    """Every row is seen as often as any other, to one; a batch is never short."""
    train = np.arange(100, 100 + 2 * rows, 2)
    drawn = batches(train, steps, size, stream(0, "order"))
    assert drawn.shape == (steps, size)
    flat = drawn.ravel()
    for start in range(0, len(flat), rows):
        one_pass = flat[start : start + rows]
        assert len(set(one_pass)) == len(one_pass)
        assert set(one_pass) <= set(train)


def test_a_longer_run_begins_with_the_same_batches():
    """Steps can be chosen afterwards."""
    train = np.arange(7)
    short, long = (batches(train, steps, 4, stream(0, "order", 1, 2)) for steps in (3, 9))
    assert np.array_equal(long[:3], short)


def test_tasks_of_few_rows_have_more_folds_and_never_more_than_rows():
    """Four rows of a class make four even folds, and leave three to train on in each."""
    assert [count_folds(3, fewest) for fewest in (2, 3, 4, 8, 11, 12, 100)] == [2, 3, 4, 4, 4, 3, 3]
    assert [count_folds(5, fewest) for fewest in (2, 4, 8, 100)] == [2, 4, 5, 5]
