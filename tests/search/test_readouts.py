"""Readouts are chosen on held-out rows, and nothing of a row leaks into its own score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_samples import trial_result

from crosspt_cli.core.score import Readout, prototypes
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.search.folds import stratified_folds
from crosspt_cli.search.readouts import (
    READOUTS,
    TEMPERATURES,
    HeldOutRows,
    best_readout,
    correct_by_seed,
    find_readouts,
    held_out_rows,
    judge_readouts,
)

LABELS = np.arange(24) % 3
FOLDS = stratified_folds(LABELS, 4, 0)
VECTORS = np.random.default_rng(0).normal(size=(24, 6)).astype(np.float32)
NO_NEARNESS = np.zeros((4, 2), np.float32)


def test_a_row_is_compared_with_class_means_of_the_other_folds():
    """Against means written out, fold by fold."""
    nearness = held_out_rows(VECTORS, LABELS, FOLDS).nearness
    for fold in FOLDS:
        means = prototypes(VECTORS[fold.train], LABELS[fold.train], 3)
        np.testing.assert_allclose(nearness[fold.held_out], means.nearness(VECTORS[fold.held_out]), rtol=1e-6)


@given(st.sampled_from(range(4)), st.permutations(range(6)))
def test_labels_of_held_out_rows_do_not_leak_into_their_nearness(number, order):
    """Shuffled labels within a fold leave that fold's nearness as they were, to the last bit."""
    held_out = FOLDS[number].held_out
    shuffled = LABELS.copy()
    shuffled[held_out] = shuffled[held_out][list(order)]
    before = held_out_rows(VECTORS, LABELS, FOLDS).nearness
    after = held_out_rows(VECTORS, shuffled, FOLDS).nearness
    assert np.array_equal(before[held_out], after[held_out])


def test_a_vector_held_out_does_not_pull_the_mean_it_is_compared_with():
    """An outlier would be its own class mean's best friend."""
    moved = VECTORS.copy()
    row = FOLDS[0].held_out[0]
    moved[row] *= 1000
    others = FOLDS[0].held_out[1:]
    before, after = (held_out_rows(vectors, LABELS, FOLDS).nearness for vectors in (VECTORS, moved))
    assert np.array_equal(before[others], after[others])
    assert not np.array_equal(before[FOLDS[1].held_out], after[FOLDS[1].held_out])


def test_the_weight_that_helps_held_out_rows_is_chosen():
    """Label words that know nothing, nearness that know all."""
    labels = np.array([0, 1, 0, 1])
    nearness = np.where(labels[:, None] == [0, 1], 0.3, -0.3).astype(np.float32)
    trials = [trial_result(0, [0, 1, 2, 3], np.log(np.full((4, 2), 0.5)))]
    judged = best_readout(judge_readouts(trials, READOUTS["auto"], HeldOutRows(labels, nearness)))
    assert judged.readout.weight > 0
    assert judged.correct.tolist() == [1, 1, 1, 1]
    against = best_readout(judge_readouts(trials, READOUTS["auto"], HeldOutRows(labels, -nearness)))
    assert against.readout.weight == 0


def test_prototypes_that_add_nothing_are_left_out():
    """0 is in the grid, and wins a tie."""
    labels = np.array([0, 1, 0, 1])
    nats = np.log(np.where(labels[:, None] == [0, 1], 0.9, 0.1))
    judged = best_readout(
        judge_readouts([trial_result(0, range(4), nats)], READOUTS["auto"], HeldOutRows(labels, NO_NEARNESS))
    )
    assert judged.readout == Readout(0.0, temperature=min(TEMPERATURES))


def test_the_temperature_is_raised_for_a_model_too_sure_of_itself():
    """Confidence that is wrong as often as right costs log-likelihood; the answers stay."""
    labels = np.array([0, 1, 0, 1])
    nats = np.array([[0.0, -8.0], [-8.0, 0.0], [0.0, -8.0], [0.0, -8.0]])
    judged = best_readout(
        judge_readouts([trial_result(0, range(4), nats)], READOUTS["label-words"], HeldOutRows(labels, NO_NEARNESS))
    )
    assert judged.readout.temperature > 2
    assert judged.correct.tolist() == [1, 1, 1, 0]


def test_utility_is_log_likelihood_plus_one_where_right_averaged_over_seeds():
    """Two seeds, one of them right: half a point, and the mean of both log-likelihoods."""
    labels = np.array([0, 1])
    sure, wrong = np.log([[0.8, 0.2]]), np.log([[0.4, 0.6]])
    trials = [
        trial_result(0, [0], sure, seed=0),
        trial_result(0, [0], wrong, seed=1),
        trial_result(0, [1], wrong, fold=1, seed=0),
        trial_result(0, [1], wrong, fold=1, seed=1),
    ]
    rows = HeldOutRows(labels, NO_NEARNESS[:2])
    judged = best_readout(judge_readouts(trials, (Readout(0.0),), rows))
    heat = judged.readout.temperature

    def log_share(pair, true):
        heated = np.asarray(pair) ** (1 / heat)
        return np.log(heated[true] / heated.sum())

    wanted = [(log_share([0.8, 0.2], 0) + log_share([0.4, 0.6], 0)) / 2, log_share([0.4, 0.6], 1)]
    np.testing.assert_allclose(judged.log_likelihood, wanted, rtol=1e-5)
    assert judged.correct.tolist() == [0.5, 1.0]
    np.testing.assert_allclose(judged.utility, judged.log_likelihood + judged.correct)
    assert correct_by_seed(trials, judged.readout, rows).tolist() == [[1, 0], [1, 1]]


def test_each_trials_own_leaning_is_taken_off():
    """Folds lean differently."""
    labels = np.array([0, 1])
    trials = [
        trial_result(0, [0], [[-2.0, -0.1]], leaning=[-3.0, 0.0]),
        trial_result(0, [1], [[-0.1, -2.0]], fold=1, leaning=[3.0, 0.0]),
    ]
    judged = best_readout(judge_readouts(trials, (Readout(0.0),), HeldOutRows(labels, NO_NEARNESS[:2])))
    assert judged.correct.tolist() == [1, 1]


def test_the_forced_readouts_are_what_their_names_say():
    """--readout."""
    assert all(readout.words and readout.weight == 0 for readout in find_readouts("label-words"))
    assert all(not readout.words and readout.weight > 0 for readout in find_readouts("prototypes"))
    assert all(readout.words and readout.weight > 0 for readout in find_readouts("both"))
    assert Readout(0.0) in find_readouts("auto")
    with pytest.raises(OptionError) as caught:
        find_readouts("words")
    assert str(caught.value) == "--readout: is 'words', but must be one of auto, label-words, prototypes, both."
