"""What a task knows of its own answers: kept at onboarding, used at prediction, missing in old tasks without harm."""

from dataclasses import replace

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.core import train
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.onboarding import predict as predicting
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.predict import Predictor, predict
from crosspt_cli.registry import verify
from crosspt_cli.search.outcome import HeldOutAnswers

ROWS = [(text,) for text in TEXTS[:6]]


@pytest.fixture
def old(full):
    """The task `reviews` as the version before saved it."""
    stored = full.load_task("reviews")
    document = {key: value for key, value in stored.document.items() if key not in ("held_out", "familiar")}
    arrays = {
        key: value for key, value in stored.arrays.items() if not key.startswith("held_out") and key != "familiar"
    }
    full.save_task("reviews", document, arrays, stored.files, True)
    return full


def test_what_is_kept_is_of_the_answers_that_predict_gives(onboarded):
    """The same readout, the score that is shown, one row each."""
    kept, study = onboarded.fitted.held_out, onboarded.study
    assert onboarded.fitted.readout == study.calibration.readout
    assert np.array_equal(kept.correct, study.chosen.score.correct)
    assert kept.luck == pytest.approx(max(0, study.chosen.score.mean - study.corrected.mean) * len(TEXTS))
    assert ((kept.confidence >= 0.5) & (kept.confidence <= 1)).all()


def test_a_task_of_the_version_before_answers_as_it_did(old, onboarded, backbone):
    """It has no held-out answers and no distances, and loses nothing by it."""
    fitted = load_fitted("reviews", old)
    assert (fitted.held_out, fitted.familiar) == (None, None)
    before = Predictor(onboarded.fitted, backbone).predict(ROWS)
    after = Predictor(fitted, backbone).predict(ROWS)
    assert [answer.shares for answer in after] == [answer.shares for answer in before]
    assert {answer.unusual for answer in after} == {None}
    assert verify(old) == ()


def test_a_row_below_the_limit_has_no_label_and_keeps_the_rest(onboarded, backbone):
    """Every one of them, at a limit between two."""
    predictor = Predictor(onboarded.fitted, backbone)
    plain = predictor.predict(ROWS)
    limit = float(np.median([answer.confidence for answer in plain]))
    for answer, before in zip(predictor.predict(ROWS, limit), plain, strict=True):
        assert answer.label == (before.label if before.confidence >= limit else None)
        assert (answer.shares, answer.confidence) == (before.shares, before.confidence)


def test_a_promise_in_python_is_that_of_the_command(onboarded, backbone, full, monkeypatch):
    """`Predictor.promise` gives the limit that `predict` takes."""
    confidence = np.linspace(0.999, 0.4, 100).astype(np.float32)
    kept = HeldOutAnswers(confidence, (confidence > 0.6).astype(np.float32), 0.0)
    fitted = replace(onboarded.fitted, held_out=kept)
    predictor = Predictor(fitted, backbone)
    promise = predictor.promise(0.9)
    assert 0.5 < promise.threshold < 0.62
    monkeypatch.setattr(predicting, "load_fitted", lambda *_: fitted)
    texts = [text for (text,) in ROWS]
    found = predict("reviews", texts, full, target_accuracy=0.9)
    assert [answer.label is None for answer in found] == [
        answer.confidence < promise.threshold for answer in predict("reviews", texts, full)
    ]
    with pytest.raises(OptionError) as caught:
        predict("reviews", texts, full, abstain_below=0.5, target_accuracy=0.9)
    assert str(caught.value) == "--target-accuracy: was given beside --abstain-below.\nLeave one of them out."


def test_unusual_costs_no_second_look_at_the_text(bare, reviews, backbone, monkeypatch):
    """With prototypes the vectors are there already; with label words alone nothing is read, and nothing said."""
    looks = []
    monkeypatch.setattr(predicting, "sentence_vectors", lambda *_: looks.append(1) or train.sentence_vectors(*_))
    both = small_onboarding(reviews, bare, readout="both").fitted
    assert {answer.unusual for answer in Predictor(both, backbone).predict(ROWS)} <= {True, False}
    assert len(looks) == 1
    words = small_onboarding(reviews, bare, readout="label-words", name="words").fitted
    assert words.familiar is None
    assert {answer.unusual for answer in Predictor(words, backbone).predict(ROWS)} == {None}
    assert len(looks) == 1
