"""Onboarding by another method than the mixture: found, trained, saved, and answering as it did."""

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.answering.predict import Predictor
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.methods import METHODS, MIXTURE
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.registry.documents import FORMAT_VERSION, LAYERED_FORMAT


def format_of(registry, task: str) -> int:
    """Return the format version in a task's file."""
    (entry,) = [entry for entry in registry.tasks() if entry.name == task]
    return entry.task.format_version


def test_a_task_of_prompts_at_every_layer_is_saved_and_answers(full, reviews):
    """All its candidates are of that method, and the prompt that is read again is the one that was trained."""
    done = small_onboarding(reviews, full, name="deep", method="layers")
    assert {each.candidate.method for each in done.study.candidates} == {"layers"}
    assert done.fitted.prompt.shape == (2, 4, 32)
    assert done.fitted.own == {}
    assert dict(done.fitted.shares) == {"private": 1.0}
    again = load_fitted("deep", full)
    assert np.array_equal(again.prompt, done.fitted.prompt)
    assert again.candidate == done.fitted.candidate
    assert "--method layers" in again.command
    answers = Predictor.open("deep", full, "cpu", "fp32").predict(TEXTS[:4])
    assert [answer.label for answer in answers]
    assert np.isfinite([answer.confidence for answer in answers]).all()


OTHERS = [name for name in METHODS if name not in (MIXTURE, "layers")]


@pytest.mark.parametrize("name", OTHERS)
def test_a_task_of_any_method_is_saved_and_answers(full, reviews, name):
    """Its candidates use as many sources as the method may, and its prompt is one of [P, H] that any version reads."""
    done = small_onboarding(reviews, full, name="other", method=name)
    tried = [each.candidate for each in done.study.candidates if each.candidate.lr_ratio]
    assert {(each.method, each.m) for each in tried} == {(name, 0), (name, min(2, METHODS[name].most_sources))}
    again = load_fitted("other", full)
    assert again.prompt.shape == (4, 32)
    assert np.array_equal(again.prompt, done.fitted.prompt)
    assert again.candidate == done.fitted.candidate
    assert dict(again.shares).keys() == {*again.candidate.shared, "private"}
    assert sum(again.shares.values()) == pytest.approx(1, abs=1e-5)
    assert format_of(full, "other") == FORMAT_VERSION
    answers = Predictor.open("other", full, "cpu", "fp32").predict(TEXTS[:4])
    assert np.isfinite([answer.confidence for answer in answers]).all()


def test_only_what_an_older_crosspt_cannot_read_gets_a_newer_format(full, reviews):
    """A mixture stays readable for whoever has not upgraded."""
    small_onboarding(reviews, full, name="deep", method="layers")
    assert (format_of(full, "reviews"), format_of(full, "deep")) == (FORMAT_VERSION, LAYERED_FORMAT)


def test_a_task_that_names_no_method_is_a_mixture(full, monkeypatch):
    """As they were saved before there was another one."""
    from crosspt_cli.onboarding import fitted

    known = load_fitted("reviews", full)
    document = fitted.to_document(known)
    del document["chosen"]["method"], document["chosen"]["arrays"]
    stored = full.load_task("reviews")
    old = type(stored)(**{**vars(stored), "document": document})
    assert fitted.read_fitted(old).candidate.method == MIXTURE
    assert np.array_equal(fitted.read_fitted(old).own["private"], known.own["private"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "lora"}, "method: is 'lora', but must be one of mixture, layers, decomposed,"),
        ({"method": "layers", "ms": (0, 3)}, "ms: asks for source prompts, but the method layers mixes none."),
        (
            {"method": "transfer", "ms": (0, 3)},
            "ms: asks for 3 source prompts, but the method transfer uses at most 1.",
        ),
    ],
)
def test_what_a_method_cannot_do_is_told_before_anything_is_trained(full, reviews, settings, said):
    with pytest.raises(OptionError) as told:
        small_onboarding(reviews, full, name="deep", **settings)
    assert said in str(told.value)
