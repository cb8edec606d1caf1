"""What a task knows of its own answers: kept at onboarding, used at prediction."""

from dataclasses import replace

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.answering import predict as predicting
from crosspt_cli.answering.predict import Predictor, predict
from crosspt_cli.core import train
from crosspt_cli.evidence.outcome import HeldOutAnswers
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.onboarding.fitted import load_fitted

ROWS = [(text,) for text in TEXTS[:6]]


def test_what_is_kept_is_of_the_answers_that_predict_gives(onboarded):
    """The same readout, the score that is shown, one row each."""
    kept, study = onboarded.fitted.held_out, onboarded.study
    assert onboarded.fitted.readout == study.readout
    assert study.readout.temperature == study.calibration.temperature
    assert np.array_equal(kept.correct, study.chosen.score.correct)
    assert kept.luck == pytest.approx(max(0, study.chosen.score.mean - study.corrected.out_of_bag) * len(TEXTS))
    assert ((kept.confidence >= 0.5) & (kept.confidence <= 1)).all()


@pytest.mark.parametrize("lacking", ["prompted_prototypes", "plain_prototypes"])
def test_a_task_of_an_earlier_kind_is_refused_with_what_to_do(full, lacking):
    """Its texts were read once, with the prompt or without: the readout is that of texts that are read twice."""
    stored = full.load_task("reviews")
    arrays = {key: value for key, value in stored.arrays.items() if key != lacking}
    full.save_task("reviews", stored.document, arrays, stored.files, True)
    with pytest.raises(IntegrityError) as caught:
        load_fitted("reviews", full)
    assert "is not a task this crosspt can read" in caught.value.problem
    assert caught.value.hint == "Onboard it again with --replace."


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
    problem = "was given beside a confidence to abstain below.\nLeave one of them out."
    assert str(caught.value) == f"target_accuracy: {problem}"


def test_one_pass_says_what_is_unusual_whatever_the_readout(bare, reviews, backbone, monkeypatch):
    """Label words, similarity and distance come from the same look at the text."""
    looks = []
    monkeypatch.setattr(predicting, "answer_rows", lambda *_: looks.append(1) or train.answer_rows(*_))
    for readout in ("both", "label-words"):
        fitted = small_onboarding(reviews, bare, readout=readout, name=readout).fitted
        assert {answer.unusual for answer in Predictor(fitted, backbone).predict(ROWS)} <= {True, False}
    assert len(looks) == 2
