"""Readout and prototypes: what becomes of the model's numbers before a person sees them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosspt_cli.evidence.prototypes import Spread, paired_prototypes, prototypes, unit
from crosspt_cli.evidence.readout import Readout, log_softmax

SCORES = arrays(np.float64, (4, 3), elements=st.floats(-30, 30))


@given(SCORES, SCORES, st.floats(0, 30), st.booleans(), st.sampled_from([0.35, 0.5, 2.0, 4.0]))
def test_the_temperature_changes_confidences_and_never_the_answer(nats, similarity, weight, words, heat):
    """Calibration must not cost accuracy."""
    plain, heated = (Readout(weight, words, t).log_shares(nats, np.zeros(3), similarity) for t in (1.0, heat))
    np.testing.assert_allclose(np.exp(heated).sum(1), 1)
    best = plain.max(1)
    answer = heated.argmax(1)
    np.testing.assert_allclose(plain[np.arange(4), answer], best, atol=1e-9)
    sharper = np.exp(heated).max(1) - np.exp(plain).max(1)
    assert (sharper >= -1e-9).all() if heat < 1 else (sharper <= 1e-9).all()


def test_a_score_is_label_words_less_bias_plus_weighted_cosine():
    """Written out once, with every part in it."""
    nats, bias = np.array([[-0.5, -1.0]]), np.array([0.4, -0.2])
    similarity = np.array([[0.1, 0.3]])
    shares = Readout(10.0, temperature=2.0).log_shares(nats, bias, similarity)
    wanted = np.array([(-0.5 - 0.4 + 1.0) / 2, (-1.0 + 0.2 + 3.0) / 2])
    np.testing.assert_allclose(shares[0], wanted - np.log(np.exp(wanted).sum()))


def test_the_bias_is_taken_off():
    """A prompt that always says the first class answers by what is beyond that."""
    nats = np.log(np.array([[0.9, 0.1], [0.7, 0.3]]))
    bias = np.log(np.array([0.8, 0.2])) - np.log(0.5)
    assert Readout(0.0).log_shares(nats, np.zeros(2), np.zeros((2, 2))).argmax(1).tolist() == [0, 0]
    assert Readout(0.0).log_shares(nats, bias, np.zeros((2, 2))).argmax(1).tolist() == [0, 1]


def test_prototypes_alone_ignore_label_words():
    """--readout prototypes."""
    nats, similarity = np.array([[0.0, -50.0]]), np.array([[0.1, 0.2]])
    alone = Readout(10.0, words=False)
    assert alone.log_shares(nats, np.array([9.0, 0.0]), similarity).argmax() == 1
    assert Readout(0.0).log_shares(nats, np.zeros(2), similarity).argmax() == 0


def clouds(random: np.random.Generator, rows: int, noise: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that differ in the first dimension only, all far from the origin, as encoder vectors are."""
    labels = np.arange(rows) % 2
    vectors = random.normal(size=(rows, len(noise))) * noise + 100
    vectors[:, 0] += labels * 2
    return vectors.astype(np.float32), labels


def test_rows_are_nearest_to_the_mean_of_their_own_class():
    """Vectors of one encoder share a large part that says nothing."""
    random = np.random.default_rng(0)
    found = prototypes(*clouds(random, 12, [0.1, 0.1, 0.1]), 2)
    vectors, labels = clouds(random, 200, [0.1, 0.1, 0.1])
    assert found.directions.dtype == found.offsets.dtype == np.float32
    assert (found.similarity(vectors).argmax(1) == labels).mean() > 0.98


def test_directions_in_which_a_class_differs_within_itself_count_less():
    """A dimension of noise moves the plain means apart by chance; the spread within classes says not to trust it."""
    vectors, labels = clouds(np.random.default_rng(1), 16, [0.2, 8.0] + [0.2] * 60)
    means = np.stack([vectors[labels == c].mean(0) for c in (0, 1)])
    apart = np.abs(means[1] - means[0])
    weight = np.abs(np.diff(prototypes(vectors, labels, 2).directions, axis=0)[0])
    assert weight[1] / weight[0] < 0.3 * apart[1] / apart[0]


def test_a_frequent_class_does_not_pull_the_line_to_itself():
    """Half way between two means is half way, however many rows either has."""
    vectors = np.array([[1, 0], [0, 1]], np.float32)[[0] * 9 + [1]]
    found = prototypes(vectors, np.array([0] * 9 + [1]), 2)
    middle = found.similarity(np.array([[1.0, 1.0]]))
    np.testing.assert_allclose(middle[0, 0], middle[0, 1], atol=1e-6)


def test_a_class_with_few_rows_is_not_farther_off_for_it():
    """Its mean is: three rows leave it a third of a row's distance away from where it should be."""
    random = np.random.default_rng(2)
    answered = []
    for _ in range(40):
        vectors, labels = clouds(random, 120, [0.4] * 60)
        few = np.flatnonzero((labels == 0) | (np.arange(120) < 6))  # 60 rows against 3
        texts, true = clouds(random, 100, [0.4] * 60)
        answers = prototypes(vectors[few], labels[few], 2).similarity(texts).argmax(1)
        answered.append([(answers[true == c] == c).mean() for c in (0, 1)])
    of_many, of_few = np.mean(answered, 0)
    assert of_few == pytest.approx(of_many, abs=0.06)
    assert of_few > 0.75


def test_even_classes_are_told_apart_half_way():
    """As far off by chance as each other, so nothing is taken off."""
    vectors, labels = clouds(np.random.default_rng(3), 16, [0.4] * 60)
    found = prototypes(vectors, labels, 2)
    rows = unit(vectors.astype(np.float64))
    half_way = (rows[labels == 0].mean(0) + rows[labels == 1].mean(0)) / 2
    one, other = found.directions @ half_way - found.offsets
    assert one == pytest.approx(other, abs=1e-4)


@pytest.mark.parametrize("rows", [1, 5, 40])
def test_a_spread_is_undone_by_its_inverse(rows):
    """Written out, with fewer rows than dimensions and with more."""
    random = np.random.default_rng(4)
    within, asked = random.normal(size=(rows, 8)), random.normal(size=(3, 8))
    whole = 0.02 * within.T @ within + 0.7 * np.eye(8)
    np.testing.assert_allclose(Spread(within, 0.02, 0.7).undo(asked), asked @ np.linalg.inv(whole), atol=1e-12)


def test_one_row_per_class_is_enough():
    """A fold of a class with two rows leaves one to learn from, and no spread to estimate."""
    vectors = np.eye(3, dtype=np.float32)
    similarity = prototypes(vectors, np.arange(3), 3).similarity(vectors)
    assert similarity.argmax(1).tolist() == [0, 1, 2]
    assert np.isfinite(similarity).all()


def test_both_ways_of_reading_count_the_same():
    """A class that one way of reading speaks for is as near as one that the other speaks for as clearly."""
    labels, vectors = np.arange(3), np.eye(3, dtype=np.float32)
    found = paired_prototypes(vectors, vectors, labels, 3)
    first, second = vectors[[0]], vectors[[1]]
    undecided = found.similarity(first, second)[0]
    assert undecided[0] == pytest.approx(undecided[1], abs=1e-6)
    assert undecided[0] > undecided[2]
    np.testing.assert_allclose(
        found.similarity(first, first), prototypes(vectors, labels, 3).similarity(first), atol=1e-6
    )


def test_a_zero_vector_stays_zero():
    """One class, or a text at the centre, must not become NaN."""
    assert unit(np.zeros((1, 3))).tolist() == [[0, 0, 0]]


@given(arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)))
def test_log_probabilities_are_finite_and_sum_to_one(scores):
    """Far-apart scores come from large weights on long label words."""
    shares = log_softmax(scores)
    assert np.isfinite(shares).all()
    assert np.exp(shares).sum(1) == pytest.approx(1)


def test_vectors_that_are_all_the_same_are_as_near_to_one_class_as_to_another():
    """Texts that look alike once they are cut: rounding must not be blown up to an answer, nor 0 be divided by 0."""
    same = np.ones((8, 5), np.float32) + np.random.default_rng(0).uniform(-1e-7, 1e-7, (8, 5)).astype(np.float32)
    found = prototypes(same, np.arange(8) % 2, 2)
    assert not found.directions.any()
    assert found.similarity(same).tolist() == [[0.0, 0.0]] * 8


def test_a_term_of_weight_0_is_skipped():
    """Whatever is wrong with the prototypes, label words alone know nothing of it; and the other way round."""
    nats, broken = np.log(np.array([[0.9, 0.1]])), np.full((1, 2), np.nan)
    np.testing.assert_allclose(Readout(0.0).log_shares(nats, np.zeros(2), broken), nats)
    assert Readout(10.0, words=False).log_shares(broken, np.zeros(2), np.array([[0.1, 0.2]])).argmax() == 1


def test_more_rows_than_dimensions_make_the_same_prototypes():
    """Products of the dimensions are the smaller ones then; the numbers are those of the products of the rows."""
    random = np.random.default_rng(3)
    spread = Spread(random.normal(size=(30, 6)), 0.01, 0.2)
    asked = random.normal(size=(4, 6))
    by_rows = (asked - asked @ spread.rows.T @ spread._solved) / spread.even
    np.testing.assert_allclose(spread.undo(asked), by_rows, rtol=1e-9)
