"""Rows without labels: what they add to class prototypes, and what they must leave alone."""

import numpy as np
import pytest

from crosspt_cli.evidence.pooled import (
    BLOCK,
    MOST_ROWS,
    SMOOTHING,
    Pooled,
    Reading,
    Unlabelled,
    pooled_prototypes,
    sample_rows,
)
from crosspt_cli.evidence.prototypes import SharedRows, prototypes

WIDTH = 24


def texts(random: np.random.Generator, labels: np.ndarray, apart: float = 2.0) -> np.ndarray:
    """Vectors of two classes, `apart` standard deviations from each other, far from the origin as an encoder's are."""
    vectors = random.normal(size=(len(labels), WIDTH)) + 10
    vectors[:, 0] += apart * labels
    return vectors.astype(np.float32)


def learned(
    labels: np.ndarray, pool: np.ndarray, mass: float, seed: int = 0, apart: float = 2.0
) -> tuple[Pooled, np.ndarray, np.ndarray]:
    """Return what is learned from labelled rows and a pool of these classes, by one reading, and new rows [200, H]."""
    random, asked = np.random.default_rng(seed), np.arange(200) % 2
    reading = Reading(texts(random, labels, apart), Unlabelled.of(texts(random, pool, apart)))
    return pooled_prototypes([reading], labels, 2, mass), texts(random, asked, apart), asked


@pytest.mark.parametrize(("rows", "mass"), [(0, 1.0), (50, 0.0)])
def test_without_a_pool_or_its_weight_prototypes_are_those_of_the_labelled_rows(rows, mass):
    """A task without unlabelled rows must not change by a digit, and nor must one that leaves them out."""
    random, labels = np.random.default_rng(0), np.arange(8) % 2
    vectors = texts(random, labels)
    found = pooled_prototypes([Reading(vectors, Unlabelled.of(texts(random, np.arange(rows) % 2)))], labels, 2, mass)
    wanted = prototypes(vectors, labels, 2)
    np.testing.assert_array_equal(found.prototypes[0].directions, wanted.directions)
    np.testing.assert_array_equal(found.prototypes[0].offsets, wanted.offsets)
    assert found.shares.shape == (rows, 2)


def test_rows_whose_class_is_certain_count_as_labelled_ones():
    """Summed up or row by row: the means, the spread and what a mean of few rows is off are the same."""
    random, labels = np.random.default_rng(1), np.arange(30) % 3 % 2  # 20 rows against 10
    vectors = texts(random, labels)
    rows = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float64)[6:]
    shares = np.eye(2)[labels[6:]]
    shared = SharedRows(shares.sum(0), (shares**2).sum(0), shares.T @ rows, rows.T @ rows)
    found, wanted = prototypes(vectors[:6], labels[:6], 2, shared), prototypes(vectors, labels, 2)
    np.testing.assert_allclose(found.directions, wanted.directions, atol=1e-5)
    offsets = [float(each.offsets[1] - each.offsets[0]) for each in (found, wanted)]
    assert offsets[0] == pytest.approx(offsets[1], abs=0.01)  # a row's distance is measured on other rows


def test_unlabelled_rows_make_few_labels_worth_more():
    """The reason for all this: two labels per class tell where the classes are only roughly."""
    labels, right = np.array([0, 0, 1, 1]), {0.0: [], 2.0: []}
    for seed in range(12):
        for mass, scores in right.items():
            found, asked, truth = learned(labels, np.arange(400) % 2, mass, seed)
            scores.append((found.prototypes[0].similarity(asked).argmax(1) == truth).mean())
    assert np.mean(right[2.0]) > np.mean(right[0.0]) + 0.05


def test_few_unlabelled_rows_weigh_little_whatever_they_should_weigh():
    """Ten rows whose classes are guessed must not outvote a hundred whose classes are known."""
    labels, pool = np.arange(100) % 2, np.arange(10) % 2
    one, many = (learned(labels, pool, mass)[0].prototypes[0] for mass in (0.02, 8.0))
    np.testing.assert_array_equal(many.directions, one.directions)


def test_the_prior_is_that_of_the_pool_a_tenth_of_it_even():
    """People's files are uneven where their labelled rows are not."""
    labels, pool = np.arange(32) % 2, (np.arange(400) % 10 == 0).astype(int)  # one in ten
    found, _, _ = learned(labels, pool, 1.0, apart=4.0)
    assert np.exp(found.log_prior).sum() == pytest.approx(1)
    assert np.exp(found.log_prior[1]) == pytest.approx(0.1 + SMOOTHING * 0.4, abs=0.06)
    np.testing.assert_allclose(found.shares.sum(1), 1, atol=1e-5)


def test_both_readings_share_rows_out_together():
    """A reading that says nothing learns from the one that does."""
    random, labels, pool = np.random.default_rng(2), np.arange(8) % 2, np.arange(300) % 2
    clear = Reading(texts(random, labels, 4.0), Unlabelled.of(texts(random, pool, 4.0)))
    vague = Reading(texts(random, labels, 1.5), Unlabelled.of(texts(random, pool, 1.5)))
    asked = texts(random, pool, 1.5)
    alone = pooled_prototypes([vague], labels, 2, 4.0).prototypes[0]
    beside = pooled_prototypes([vague, clear], labels, 2, 4.0).prototypes[0]
    scores = [(each.similarity(asked).argmax(1) == pool).mean() for each in (alone, beside)]
    assert scores[1] > scores[0] + 0.02


def test_one_labelled_row_per_class_is_enough():
    """A fold may leave no more than that."""
    found, asked, truth = learned(np.arange(2), np.arange(200) % 2, 1.0)
    similarity = found.prototypes[0].similarity(asked)
    assert np.isfinite(similarity).all()
    assert (similarity.argmax(1) == truth).mean() > 0.5


def test_a_pool_of_one_class_leaves_the_other_alive():
    """Nothing of the pool is nearest to it; its labelled rows still stand for it."""
    found, asked, truth = learned(np.arange(16) % 2, np.zeros(300, int), 1.0)
    assert np.isfinite(found.log_prior).all()
    answers = found.prototypes[0].similarity(asked).argmax(1)
    assert (answers[truth == 1] == 1).mean() > 0.6


def test_rows_are_summed_up_alike_whether_they_fit_one_block_or_not():
    """Memory stays flat with many rows; the sums must not notice."""
    labels, pool = np.arange(8) % 2, np.arange(BLOCK // 2 + 10) % 2
    random = np.random.default_rng(3)
    known, unknown = texts(random, labels), texts(random, pool)
    once, twice = (
        pooled_prototypes([Reading(known, Unlabelled.of(np.concatenate([unknown] * times)))], labels, 2, 1.0)
        for times in (1, 2)
    )
    np.testing.assert_allclose(twice.log_prior, once.log_prior, atol=1e-3)
    np.testing.assert_allclose(twice.prototypes[0].directions, once.prototypes[0].directions, atol=5e-3)


def test_vectors_that_are_all_the_same_say_nothing():
    """Texts that look alike once they are cut: rounding must not be blown up to an answer."""
    same = np.ones((8, 5), np.float32)
    found = pooled_prototypes([Reading(same, Unlabelled.of(same))], np.arange(8) % 2, 2, 1.0)
    assert not found.prototypes[0].directions.any()
    np.testing.assert_allclose(found.shares, 0.5)


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (3, 3), (MOST_ROWS + 5, MOST_ROWS)])
def test_of_very_many_rows_some_are_drawn(count, kept):
    """Reading them takes far longer than learning from them; none is drawn twice."""
    places = sample_rows(count, np.random.default_rng(0))
    assert len(np.unique(places)) == len(places) == kept
    assert (np.diff(places) > 0).all()
