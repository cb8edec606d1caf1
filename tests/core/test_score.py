"""Readout and prototypes: what becomes of the model's numbers before a person sees them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosspt_cli.core.score import Prototypes, Readout, log_softmax, prototypes, unit

SCORES = arrays(np.float64, (4, 3), elements=st.floats(-30, 30))


@given(SCORES, SCORES, st.floats(0, 30), st.booleans(), st.sampled_from([0.35, 0.5, 2.0, 4.0]))
def test_the_temperature_changes_confidences_and_never_the_answer(nats, cosines, weight, words, heat):
    """Calibration must not cost accuracy."""
    plain, heated = (Readout(weight, words, t).log_shares(nats, np.zeros(3), cosines) for t in (1.0, heat))
    np.testing.assert_allclose(np.exp(heated).sum(1), 1)
    best = plain.max(1)
    answer = heated.argmax(1)
    np.testing.assert_allclose(plain[np.arange(4), answer], best, atol=1e-9)
    sharper = np.exp(heated).max(1) - np.exp(plain).max(1)
    assert (sharper >= -1e-9).all() if heat < 1 else (sharper <= 1e-9).all()


def test_a_score_is_label_words_less_leaning_plus_weighted_cosine():
    """Written out once, with every part in it."""
    nats, leaning = np.array([[-0.5, -1.0]]), np.array([0.4, -0.2])
    cosines = np.array([[0.1, 0.3]])
    shares = Readout(10.0, temperature=2.0).log_shares(nats, leaning, cosines)
    wanted = np.array([(-0.5 - 0.4 + 1.0) / 2, (-1.0 + 0.2 + 3.0) / 2])
    np.testing.assert_allclose(shares[0], wanted - np.log(np.exp(wanted).sum()))


def test_the_leaning_is_taken_off():
    """A prompt that always says the first class answers by what is beyond that."""
    nats = np.log(np.array([[0.9, 0.1], [0.7, 0.3]]))
    leaning = np.log(np.array([0.8, 0.2])) - np.log(0.5)
    assert Readout(0.0).log_shares(nats, np.zeros(2), np.zeros((2, 2))).argmax(1).tolist() == [0, 0]
    assert Readout(0.0).log_shares(nats, leaning, np.zeros((2, 2))).argmax(1).tolist() == [0, 1]


def test_prototypes_alone_ignore_label_words():
    """--readout prototypes."""
    nats, cosines = np.array([[0.0, -50.0]]), np.array([[0.1, 0.2]])
    alone = Readout(10.0, words=False)
    assert alone.log_shares(nats, np.array([9.0, 0.0]), cosines).argmax() == 1
    assert Readout(0.0).log_shares(nats, np.zeros(2), cosines).argmax() == 0


def test_a_prototype_is_the_class_mean_seen_from_the_mean_of_the_means():
    """Vectors of one encoder share a large part that says nothing; a frequent class must not pull the centre."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(9, 5)).astype(np.float32) + 100
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2])
    found = prototypes(vectors, labels, 3)
    means = np.stack([vectors[labels == c].mean(0) for c in range(3)])
    np.testing.assert_allclose(found.centre, means.mean(0), rtol=1e-5)
    direction = means - means.mean(0)
    np.testing.assert_allclose(found.means, direction / np.linalg.norm(direction, axis=1)[:, None], atol=1e-4)
    assert found.means.dtype == np.float32


def test_a_cosine_is_one_at_the_prototype_and_minus_one_opposite():
    """Whatever the length of the vector."""
    known = Prototypes(np.array([1.0, 1.0]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    cosines = known.cosines(np.array([[8.0, 1.0], [0.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_allclose(cosines, [[1, 0], [-1, 0], [0, 0]])


def test_a_zero_vector_stays_zero():
    """One class, or a text at the centre, must not become NaN."""
    assert unit(np.zeros((1, 3))).tolist() == [[0, 0, 0]]


@given(arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)))
def test_log_probabilities_are_finite_and_sum_to_one(scores):
    """Far-apart scores come from large weights on long label words."""
    shares = log_softmax(scores)
    assert np.isfinite(shares).all()
    assert np.exp(shares).sum(1) == pytest.approx(1)
