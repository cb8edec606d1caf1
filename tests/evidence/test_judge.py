"""Readouts are chosen on held-out rows, and nothing of a row leaks into its own score."""

import numpy as np
import pytest
from study_samples import trial_result

from crosspt_cli.evidence.judge import (
    READOUTS,
    TEMPERATURES,
    WEIGHTS,
    best_readout,
    correct_by_seed,
    find_readouts,
    judge_readouts,
)
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.foundation.errors import OptionError


def test_the_weight_that_helps_held_out_rows_is_chosen():
    """Label words that know nothing, similarity that knows all, or is always wrong: a dozen rows outvote the prior."""
    labels = np.tile([0, 1], 6)
    similarity = np.where(labels[:, None] == [0, 1], 0.3, -0.3).astype(np.float32)
    knows_nothing = np.log(np.full((12, 2), 0.5))
    trials = [trial_result(0, range(12), knows_nothing, similarity=similarity)]
    judged = best_readout(judge_readouts(trials, READOUTS["auto"], labels))
    assert judged.readout.weight > 0
    assert judged.correct.all()
    misled = [trial_result(0, range(12), knows_nothing, similarity=-similarity)]
    against = best_readout(judge_readouts(misled, READOUTS["auto"], labels))
    assert against.readout.weight == 0


def test_where_rows_cannot_tell_the_usual_weight_is_taken():
    """Similarity that is the same for every class changes no answer and no confidence."""
    labels = np.array([0, 1, 0, 1])
    nats = np.log(np.where(labels[:, None] == [0, 1], 0.9, 0.1))
    judged = best_readout(judge_readouts([trial_result(0, range(4), nats)], READOUTS["auto"], labels))
    assert judged.readout == Readout(max(WEIGHTS, key=WEIGHTS.get), temperature=min(TEMPERATURES))


@pytest.mark.parametrize(("copies", "prototypes_count"), [(1, True), (20, False)])
def test_few_rows_against_the_usual_weight_are_bad_luck_and_many_are_evidence(copies, prototypes_count):
    """One row of four that similarity gets wrong and label words do not; then twenty of eighty."""
    labels = np.tile([0, 1, 0, 1], copies)
    nats = np.log(np.where(labels[:, None] == [0, 1], 0.55, 0.45))
    misled = np.tile([0, 1, 0, 0], copies)
    similarity = np.where(misled[:, None] == [0, 1], 0.02, -0.02).astype(np.float32)
    trials = [trial_result(0, range(4 * copies), nats, similarity=similarity)]
    every = judge_readouts(trials, READOUTS["auto"], labels)
    by_rows_alone = max(every, key=lambda each: (each.log_likelihood + each.correct).mean())
    assert by_rows_alone.readout.weight < 10
    assert (best_readout(every).readout.weight >= 10) == prototypes_count


def test_what_speaks_for_the_weights_is_a_probability():
    """Else it would count more or less than the rows' log-likelihoods beside it."""
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_an_improbable_weight_is_held_against_the_candidate_too():
    """Two candidates that answer alike, one by label words and one by prototypes, are told apart by what is usual."""
    labels = np.tile([0, 1], 6)
    good = np.log(np.where(labels[:, None] == [0, 1], 0.9, 0.1))
    by_words = [trial_result(0, range(12), good, similarity=-good.astype(np.float32))]
    by_prototypes = [trial_result(0, range(12), 0 * good, similarity=good.astype(np.float32) / 30)]
    words, means = (best_readout(judge_readouts(each, READOUTS["auto"], labels)) for each in (by_words, by_prototypes))
    assert words.correct.all() and means.correct.all()
    gap = (means.utility - words.utility).sum()
    rows_alone = (means.log_likelihood - words.log_likelihood).sum()
    assert gap - rows_alone == pytest.approx(np.log(WEIGHTS[means.readout.weight] / WEIGHTS[words.readout.weight]))
    assert gap > 5


@pytest.mark.parametrize("name", ["label-words", "prototypes"])
def test_where_there_is_one_readout_nothing_speaks_for_or_against_it(name):
    labels = np.tile([0, 1], 4)
    judged = judge_readouts([trial_result(0, range(8), np.log(np.full((8, 2), 0.5)))], READOUTS[name], labels)
    assert {each.log_prior for each in judged} == {0.0}


def test_the_temperature_is_raised_for_a_model_too_sure_of_itself():
    """Confidence that is wrong as often as right costs log-likelihood; the answers stay."""
    labels = np.array([0, 1, 0, 1])
    nats = np.array([[0.0, -8.0], [-8.0, 0.0], [0.0, -8.0], [0.0, -8.0]])
    judged = best_readout(judge_readouts([trial_result(0, range(4), nats)], READOUTS["label-words"], labels))
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
    judged = best_readout(judge_readouts(trials, (Readout(0.0),), labels))
    heat = judged.readout.temperature

    def log_share(pair, true):
        heated = np.asarray(pair) ** (1 / heat)
        return np.log(heated[true] / heated.sum())

    wanted = [(log_share([0.8, 0.2], 0) + log_share([0.4, 0.6], 0)) / 2, log_share([0.4, 0.6], 1)]
    np.testing.assert_allclose(judged.log_likelihood, wanted, rtol=1e-5)
    assert judged.correct.tolist() == [0.5, 1.0]
    np.testing.assert_allclose(judged.utility, judged.log_likelihood + judged.correct)
    assert correct_by_seed(trials, judged.readout, labels).tolist() == [[1, 0], [1, 1]]


def test_each_trials_own_bias_is_taken_off():
    """Folds lean differently."""
    labels = np.array([0, 1])
    trials = [
        trial_result(0, [0], [[-2.0, -0.1]], bias=[-3.0, 0.0]),
        trial_result(0, [1], [[-0.1, -2.0]], fold=1, bias=[3.0, 0.0]),
    ]
    judged = best_readout(judge_readouts(trials, (Readout(0.0),), labels))
    assert judged.correct.tolist() == [1, 1]


def test_the_forced_readouts_are_what_their_names_say():
    """--readout."""
    assert all(readout.words and readout.weight == 0 for readout in find_readouts("label-words"))
    assert all(not readout.words and readout.weight > 0 for readout in find_readouts("prototypes"))
    assert all(readout.words and readout.weight > 0 for readout in find_readouts("both"))
    assert Readout(0.0) in find_readouts("auto")
    with pytest.raises(OptionError) as caught:
        find_readouts("words")
    assert str(caught.value) == "readout: is 'words', but must be one of auto, label-words, prototypes, both."
