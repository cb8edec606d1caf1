"""A fitted task answers the same before and after it was saved, and whoever stands beside a row."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.core.score import Readout, log_softmax
from crosspt_cli.core.train import sentence_vectors
from crosspt_cli.foundation.errors import IntegrityError, NotFound, OptionError
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.predict import Predictor, predict

ROWS = [("Great value.",), ("It broke.",), ("A long story. " * 60,), ("x",), ("Would I buy it again? No, never!",)]
WITHIN = {"fp32": 1e-4, "bf16": 0.02}


def test_answers_are_the_same_before_and_after_saving(full, onboarded, backbone):
    """What was scored is what is used."""
    before = Predictor(onboarded.fitted, backbone).predict(ROWS)
    assert Predictor.open("reviews", full, "cpu", "fp32").predict(ROWS) == before


@pytest.mark.parametrize("dtype", WITHIN)
def test_a_row_gets_the_same_answer_whatever_its_neighbours(dtype, full):
    """To the tolerance that `predict` states: alone, among others, in another order, beside a very long one."""
    predictor = Predictor.open("reviews", full, "cpu", dtype)
    among = predictor.predict(ROWS * 3)
    for number, row in enumerate(ROWS):
        alone = predictor.predict([row])[0]
        turned = predictor.predict(ROWS[::-1])[len(ROWS) - 1 - number]
        for other in (turned, *among[number :: len(ROWS)]):
            assert other.shares == pytest.approx(alone.shares, abs=WITHIN[dtype])


@pytest.mark.parametrize("readout", [Readout(0.0), Readout(10.0, words=False), Readout(10.0, temperature=0.5)])
def test_a_prediction_is_made_of_its_parts(readout, full, onboarded, backbone):
    """Shares sum to 1, the label has the largest, and nats are those of the label words alone."""
    predictor = Predictor(replace(onboarded.fitted, readout=readout), backbone)
    found = predictor.predict(ROWS)
    assert [prediction.row for prediction in found] == list(range(len(ROWS)))
    for prediction in found:
        assert sum(prediction.shares.values()) == pytest.approx(1, abs=1e-5)
        assert prediction.confidence == max(prediction.shares.values()) == prediction.shares[prediction.label]
        assert sum(map(np.exp, prediction.nats.values())) == pytest.approx(1, abs=1e-5)
    plain = Predictor(replace(onboarded.fitted, readout=Readout(0.0)), backbone).predict(ROWS)
    assert [prediction.nats for prediction in found] == [prediction.nats for prediction in plain]


def test_a_text_is_compared_with_prototypes_by_both_ways_of_reading_it(onboarded, backbone):
    """Behind the prompt and without it, against scores written out."""
    fitted = replace(onboarded.fitted, readout=Readout(10.0, words=False))
    predictor, pair = Predictor(fitted, backbone), fitted.prototypes
    alone = sentence_vectors(backbone, predictor.encode(ROWS), 1000)
    behind = predictor.read(ROWS).vectors
    assert not np.allclose(alone, behind, atol=1e-2)
    wanted = log_softmax(5 * (pair.prompted.nearness(behind) + pair.plain.nearness(alone)))
    np.testing.assert_allclose(predictor.scores(ROWS)[1], wanted, atol=1e-4)


def test_predict_takes_plain_texts(full):
    """The one-liner of the README."""
    by_text, by_row = predict("reviews", [TEXTS[0]]), predict("reviews", [(TEXTS[0],)])
    assert by_text == by_row
    assert by_text[0].label in ("positive", "negative")
    assert predict("reviews", []) == []


def test_a_row_with_another_number_of_texts_is_refused(full, onboarded, backbone):
    """A pair for a task of single texts."""
    with pytest.raises(OptionError) as caught:
        Predictor(onboarded.fitted, backbone).predict([("a",), ("a", "b")])
    assert str(caught.value) == "row 1: has 2 texts, and task 'reviews' takes 1.\nGive it text."


def test_a_changed_backbone_is_refused(bare, reviews, tmp_path, tiny_backbone):
    """The prompt would run, and mean nothing."""
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_backbone, tmp_path / "mine")
    small_onboarding(reviews, bare, backbone=str(folder))
    Predictor.open("reviews", bare, "cpu", "fp32")
    weights = load_file(folder / "model.safetensors")
    weights["shared.weight"][5] += 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError) as caught:
        Predictor.open("reviews", bare, "cpu", "fp32")
    assert str(caught.value) == (
        f"task 'reviews': was fitted on another backbone than {folder} is now (fingerprints differ).\n"
        f"Restore that backbone, or onboard the task again with --replace --backbone {folder}."
    )


def test_a_backbone_that_is_gone_is_named(full, home):
    """Deleted, or never copied along."""
    shutil.rmtree(home / "backbones" / "tiny")
    with pytest.raises(NotFound) as caught:
        Predictor.open("reviews", full)
    assert str(caught.value) == (
        "backbone 'tiny': is no backbone of the registry, no folder and no hub id.\nKnown: mini, mini-fast."
    )


def test_a_task_that_is_not_there_is_named_with_the_nearest(full):
    """Typing errors."""
    with pytest.raises(NotFound) as caught:
        predict("reviws", ["a"])
    assert str(caught.value) == (
        "registry: no task named 'reviws'; the nearest is 'reviews'.\n'crosspt registry list' shows all 1."
    )


def test_a_document_without_a_part_is_refused(full):
    """A task written by hand, or by something else."""
    stored = full.load_task("reviews")
    document = {key: value for key, value in stored.document.items() if key != "classes"}
    entry = full.save_task("odd", document, stored.arrays, stored.files, False)
    with pytest.raises(IntegrityError) as caught:
        load_fitted("odd", full)
    assert str(caught.value) == (
        f"{entry.path}: is not a task this crosspt can read (KeyError: 'classes').\nOnboard it again with --replace."
    )


def test_a_predictor_does_not_change_with_use(full, onboarded, backbone):
    """The thousandth answer is the first."""
    predictor = Predictor(onboarded.fitted, backbone)
    first = predictor.predict(ROWS)
    predictor.predict([(text,) for text in TEXTS])
    assert predictor.predict(ROWS) == first
    assert not any(tensor.requires_grad for tensor in backbone.t5.tensors())


def test_the_registrys_backbone_opens_by_name_and_by_folder_alike(full, home):
    """The fingerprint is of what is in it, not of where it lies."""
    named = open_backbone("tiny", full, "cpu", "fp32")
    assert open_backbone(str(home / "backbones" / "tiny"), full, "cpu", "fp32").fingerprint == named.fingerprint
