"""A temperature that makes confidences mean what they say, and that a handful of rows cannot lead astray."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_samples import trial_result

from crosspt_cli.evidence.calibration import HOTTEST, calibrate, fit_temperature, held_out_log_shares
from crosspt_cli.evidence.readout import Readout, log_softmax
from crosspt_cli.evidence.trial import Fold

WORDS = Readout(0.0)


def honest(rows: int, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return class log-probabilities [rows, C] and labels drawn from them: no temperature could mend them."""
    random = np.random.default_rng(seed)
    log_shares = log_softmax(2 * random.normal(size=(rows, classes)))
    labels = np.array([random.choice(classes, p=np.exp(row)) for row in log_shares])
    return log_shares, labels


def halves(rows: int) -> tuple[Fold, Fold]:
    """Return two folds, the first half of the rows held out and then the second."""
    first, second = np.arange(rows // 2), np.arange(rows // 2, rows)
    return Fold(second, first), Fold(first, second)


def trials_of(nats: np.ndarray, folds, seed: int = 0):
    """Return the trials of one candidate that said `nats` [rows, C]."""
    return [trial_result(0, fold.held_out, nats[fold.held_out], place, seed) for place, fold in enumerate(folds)]


@pytest.mark.parametrize("heat", [0.5, 1.0, 3.0, 16.0, 60.0])
def test_the_temperature_that_was_put_in_is_found(heat):
    """Scores of a model that is too sure, or not sure enough, by a known factor."""
    log_shares, labels = honest(3000)
    assert fit_temperature(heat * log_shares[None], labels) == pytest.approx(heat, rel=0.08)


@pytest.mark.parametrize("rows", [8, 16, 60])
def test_a_few_rows_all_right_do_not_make_answers_certain(rows):
    """The likeliest temperature would be zero, and every confidence 100 %."""
    sure = np.abs(np.random.default_rng(rows).normal(2, 1, rows))
    log_shares = log_softmax(np.stack([sure / 2, -sure / 2], 1))[None]
    heat = fit_temperature(log_shares, np.zeros(rows, int))
    assert heat > 1.5 / HOTTEST
    confidence = np.exp(log_softmax(log_shares / heat)).max(-1).mean()
    assert confidence < (rows + 1) / (rows + 2)


@pytest.mark.parametrize("apart", [1, 8, 30, 100, 300])
@pytest.mark.parametrize("rows", [8, 48])
def test_the_best_temperature_is_never_at_the_end_of_what_is_tried(rows, apart):
    """Scores are dozens of nats apart with a large weight on prototypes; a search that ends at 8 left them too sure."""
    random = np.random.default_rng(rows + apart)
    scores = apart * random.normal(size=(rows, 3))
    labels = np.where(random.random(rows) < 0.7, scores.argmax(1), random.integers(3, size=rows))
    log_shares = log_softmax(scores)[None]
    heat = fit_temperature(log_shares, labels)
    assert 2 / HOTTEST < heat < HOTTEST / 2
    assert improbable(log_shares, labels, heat) <= min(
        improbable(log_shares, labels, other) for other in np.geomspace(1 / HOTTEST, HOTTEST, 400)
    )
    if apart >= 100:
        assert heat > 16  # the end of the grid on which candidates are compared


def improbable(log_shares, labels, heat: float) -> float:
    """Written out: the prior, and the likelihood with one row more that is like all and belongs to every class."""
    heated = log_softmax(log_shares / heat)[0]
    return np.log(heat) ** 2 / 2 - heated[np.arange(len(labels)), labels].sum() - heated.mean()


@given(st.integers(0, 1000))
def test_eight_rows_by_chance_do_not_move_it_far(seed):
    """They are drawn from honest probabilities, so anything but 1 is overfitting."""
    log_shares, labels = honest(8, seed=seed)
    assert 0.45 < fit_temperature(log_shares[None], labels) < 4


def test_it_changes_no_answer():
    """Every score that was found for the readout holds for the calibrated one."""
    log_shares, labels = honest(40)
    folds = halves(40)
    made = calibrate(trials_of(3 * log_shares, folds), WORDS, labels, folds, 0.0)
    assert made.temperature > 1.5
    assert np.array_equal(made.answers.correct, log_shares.argmax(1) == labels)


def test_the_grids_temperature_has_no_say():
    """It made candidates comparable; what is fitted starts from the scores as they are."""
    log_shares, labels = honest(40)
    folds = halves(40)
    made = [
        calibrate(trials_of(log_shares, folds), Readout(0.0, True, heat), labels, folds, 0.0) for heat in (0.35, 4.0)
    ]
    assert made[0].temperature == made[1].temperature
    assert made[0].confidence_before == made[1].confidence_before


def test_what_is_said_of_a_row_is_by_a_temperature_of_other_folds():
    """Fitted on the same rows it would always look right, however few there are."""
    log_shares, labels = honest(40)
    scores = np.concatenate([4 * log_shares[:20], 0.5 * log_shares[20:]])
    folds = halves(40)
    made = calibrate(trials_of(scores, folds), WORDS, labels, folds, 0.0)
    scores = held_out_log_shares(trials_of(scores, folds), WORDS, 40)[0]
    nested = np.empty_like(scores)
    for fold in folds:
        other = fit_temperature(scores[None, fold.train], labels[fold.train])
        nested[fold.held_out] = log_softmax(scores[fold.held_out] / other)
    assert made.confidence == pytest.approx(np.exp(nested).max(1).mean())
    assert made.log_likelihood == pytest.approx(nested[np.arange(40), labels].mean())
    assert made.log_likelihood_before == pytest.approx(scores[np.arange(40), labels].mean())


def test_calibration_brings_confidence_to_accuracy():
    """The line of the report: on average as sure as right."""
    log_shares, labels = honest(400)
    folds = halves(400)
    made = calibrate(trials_of(3 * log_shares, folds), WORDS, labels, folds, 0.0)
    accuracy = (log_shares.argmax(1) == labels).mean()
    assert made.confidence_before - accuracy > 0.1
    assert made.confidence == pytest.approx(accuracy, abs=0.03)


def test_a_row_counts_once_whatever_the_number_of_seeds():
    """Else a thorough search would trust as few rows twice as much."""
    log_shares, labels = honest(12)
    folds = halves(12)
    one = trials_of(3 * log_shares, folds)
    twice = one + trials_of(3 * log_shares, folds, seed=1)
    heats = [calibrate(trials, WORDS, labels, folds, 0.0).temperature for trials in (one, twice)]
    assert heats[1] == pytest.approx(heats[0], rel=1e-6)


def test_the_answers_kept_are_the_first_seeds_in_the_order_of_the_rows():
    """The final fit has one seed too; an average of two would be another, better method."""
    log_shares, labels = honest(12)
    folds = halves(12)
    trials = trials_of(log_shares, folds) + trials_of(log_shares[:, ::-1], folds, seed=1)
    made = calibrate(trials[::-1], WORDS, labels, folds, 0.25)
    wanted = log_softmax(log_shares / made.temperature)
    np.testing.assert_allclose(made.answers.confidence, np.exp(wanted.max(1)), rtol=1e-5)
    assert np.array_equal(made.answers.correct, log_shares.argmax(1) == labels)
    assert made.answers.luck == 0.25
    np.testing.assert_allclose(made.shares[0], np.exp(wanted), rtol=1e-5)
    np.testing.assert_allclose(made.shares[1], np.exp(wanted)[:, ::-1], rtol=1e-5)
