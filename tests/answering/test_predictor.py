"""A fitted task answers the same before and after it was saved, and whoever stands beside a row."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.answering.given_texts import rows_of
from crosspt_cli.answering.predict import Prediction, Predictor, predict
from crosspt_cli.core.read import sentence_vectors
from crosspt_cli.evidence.readout import Readout, log_softmax
from crosspt_cli.evidence.unusual import Familiar, distances
from crosspt_cli.foundation.errors import DataError, IntegrityError, NotFound, OptionError
from crosspt_cli.onboarding.fitted import load_fitted, save_fitted
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.registry import Registry
from crosspt_cli.tasks import InputEncoder

ROWS = [("Great value.",), ("It broke.",), ("A long story. " * 60,), ("x",), ("Would I buy it again? No, never!",)]
WITHIN = {"fp32": 1e-4, "bf16": 0.02}


def test_answers_are_the_same_before_and_after_saving(full, onboarded, backbone):
    """What was scored is what is used."""
    before = Predictor(onboarded.fitted, backbone).predict(ROWS)
    assert Predictor.open("reviews", full, "cpu", "fp32").predict(ROWS) == before


@pytest.mark.parametrize("dtype", WITHIN)
def test_a_row_gets_the_same_answer_whatever_its_neighbours(dtype, full):
    """To the tolerance that `predict` states: alone, among others, in another order, beside a very long one."""
    opened = Predictor.open("reviews", full, "cpu", dtype)

    def predicted(rows: list[tuple[str, ...]]) -> list[Prediction]:
        """Return answers of a predictor that remembers none."""
        return Predictor(opened.fitted, opened.backbone).predict(rows)

    among, turned = predicted(ROWS), predicted(ROWS[::-1])[::-1]
    for number, row in enumerate(ROWS):
        alone = predicted([row])[0]
        for other in (turned[number], among[number]):
            assert other.shares == pytest.approx(alone.shares, abs=WITHIN[dtype])


def test_equal_rows_get_equal_answers_and_are_read_once(onboarded, backbone, monkeypatch):
    """Within a file and from one call to the next, in whatever company; blank ones keep their place."""
    read = []
    tokens = InputEncoder.tokens
    monkeypatch.setattr(InputEncoder, "tokens", lambda self, row: read.append(row) or tokens(self, row))
    predictor = Predictor(onboarded.fitted, backbone)
    found = predictor.predict(["Great value.", "", "It broke.", "Great value."])
    assert read == [("Great value.",), ("It broke.",)]
    assert found[3] == replace(found[0], row=3) and found[1].blank
    assert predictor.predict(["A long story. " * 60, "It broke."])[1] == replace(found[2], row=1)
    assert len(read) == 3


def test_no_more_than_the_latest_rows_are_remembered(onboarded, backbone, monkeypatch):
    """However many rows a file has, in however many windows they are answered."""
    plain = Predictor(onboarded.fitted, backbone).predict(ROWS)
    monkeypatch.setattr("crosspt_cli.answering.predict.WINDOW", 2)
    monkeypatch.setattr("crosspt_cli.answering.predict.MOST_KEPT", 3)
    predictor = Predictor(onboarded.fitted, backbone)
    assert [each.shares for each in predictor.predict(ROWS)] == [pytest.approx(each.shares, abs=1e-4) for each in plain]
    assert list(predictor.latest) == ROWS[-3:]


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
    wanted = log_softmax(5 * (pair.prompted.similarity(behind) + pair.plain.similarity(alone)))
    np.testing.assert_allclose(predictor.scores(ROWS)[1], wanted, atol=1e-4)


def test_predict_takes_plain_texts(full):
    """The one-liner of the README."""
    by_text, by_row = predict("reviews", [TEXTS[0]]), predict("reviews", [(TEXTS[0],)])
    assert by_text == by_row
    assert by_text[0].label in ("positive", "negative")
    assert predict("reviews", []) == []


def test_one_text_is_one_row(full):
    """A string given for a list would be answered letter by letter."""
    assert predict("reviews", TEXTS[0]) == predict("reviews", [TEXTS[0]])
    assert len(predict("reviews", "")) == 1


def test_rows_without_text_get_no_label_and_keep_their_place(full, onboarded, backbone):
    """Exports have blanks, and pandas gives None or NaN for them; a confident label there would be made up."""
    predictor = Predictor(onboarded.fitted, backbone)
    found = predictor.predict(["", TEXTS[0], None, float("nan"), " \t", (TEXTS[1],), (None,)])
    assert [each.row for each in found] == list(range(7))
    assert [each.blank for each in found] == [True, False, True, True, True, False, True]
    nothing = Prediction(row=0, label=None, confidence=0.0, unusual=True, shares={}, nats={})
    assert found[0] == nothing
    alone = predictor.predict([TEXTS[0], TEXTS[1]])
    assert [found[1].shares, found[5].shares] == [pytest.approx(each.shares, abs=1e-4) for each in alone]
    assert predictor.predict([None, ""]) == [nothing, replace(nothing, row=1)]


NO_TEXTS = {
    "a number": ([5], "row 0: has '5', a value of type int, where a text is meant.\n"),
    "a dictionary": (
        ["a", {"text": "b"}],
        "row 1: has \"{'text': 'b'}\", a value of type dict, where a text is meant.\n",
    ),
}


@pytest.mark.parametrize("case", NO_TEXTS)
def test_what_is_no_text_is_refused(case, full):
    """Answering its Python form would look like an answer."""
    given, message = NO_TEXTS[case]
    with pytest.raises(DataError) as caught:
        predict("reviews", given)
    assert str(caught.value) == f"{message}Give a string, or None for a missing text."


def test_half_a_character_is_refused_with_its_row(full):
    """The tokenizer's own complaint is a TypeError about its inputs."""
    with pytest.raises(DataError) as caught:
        predict("reviews", ["a", "b \ud83d"])
    assert str(caught.value) == (
        "row 1: has half a character (\\ud83d), which no encoding can write.\n"
        "Write the whole character, or leave it out."
    )


def test_a_task_of_two_texts_never_takes_letters_for_them(onboarded, backbone):
    """Two letters would pass for a pair."""
    pairs = replace(onboarded.fitted, text_columns=("first", "second"))
    for given in ("ab", ["ab"]):
        with pytest.raises(OptionError) as caught:
            Predictor(pairs, backbone).predict(given)
        assert str(caught.value) == "row 0: has 1 text, and task 'reviews' takes 2.\nGive it first, second."


ODD = ("🙂🙂🙂", "你好，我想退货", "A" * 200, "a" * 50, "...", "ha " * 12)


def test_what_cannot_be_read_is_unusual_in_every_task(onboarded, backbone):
    """Even where the task's rows lie so far apart that no vector is beyond the limit."""
    wide = replace(onboarded.fitted, familiar=replace(onboarded.fitted.familiar, limit=3.0))
    found = Predictor(wide, backbone).predict([*ODD, *TEXTS])
    assert [each.unusual for each in found] == [True] * len(ODD) + [False] * len(TEXTS)


def test_a_task_saved_by_an_older_version_loads_and_compares_as_it_did(full, onboarded, backbone):
    """Its limit is one of vectors behind the prompt."""
    predictor = Predictor(onboarded.fitted, backbone)
    behind = predictor.read(TEXTS).vectors
    old = Familiar(behind[:2] / np.linalg.norm(behind[:2], axis=1, keepdims=True), 0.01, prompted=True)
    save_fitted(replace(onboarded.fitted, familiar=old), {}, full, replace=True)
    stored = full.load_task("reviews")
    assert "familiar" in stored.arrays and "familiar_plain" not in stored.arrays
    opened = Predictor.open("reviews", full, "cpu", "fp32")
    assert opened.fitted.familiar.prompted
    assert [each.unusual for each in opened.predict(TEXTS)] == (distances(old.means, behind) > 0.01).tolist()


def test_a_task_is_read_once(full, monkeypatch):
    """A task replaced between two readings would pair one's threshold with the other's answers."""
    read = []
    load = Registry.load_task
    monkeypatch.setattr(Registry, "load_task", lambda self, name: read.append(name) or load(self, name))
    predict("reviews", TEXTS[0])
    assert read == ["reviews"]


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


def test_a_long_text_is_read_in_windows_to_its_end(onboarded, backbone):
    """What is averaged are the readings of its parts; short texts are answered as ever."""
    long = " ".join(f"{text} Number {n}." for n in range(8) for text in TEXTS)
    predictor, plain = Predictor(onboarded.fitted, backbone, windows=True), Predictor(onboarded.fitted, backbone)
    windows, lost = predictor.encoder.windows(predictor.encoder.tokens((long,)))
    assert len(windows) > 2 and lost == 0
    assert [token for ids in windows for token in ids[:-1]] == predictor.encoder.tokens((long,))[0]
    short, found = predictor.predict([TEXTS[0], long])
    assert not found.cut and plain.predict([long])[0].cut
    parts = predictor._read_ids(windows)
    wanted = dict(zip(found.nats, parts.nats.mean(0).tolist(), strict=True))
    assert found.nats == pytest.approx(wanted, abs=1e-4)
    assert short.shares == pytest.approx(plain.predict([TEXTS[0]])[0].shares, abs=1e-4)


def test_a_predictor_does_not_change_with_use(onboarded, backbone, monkeypatch):
    """The thousandth answer is the first, also where it is not remembered."""
    monkeypatch.setattr("crosspt_cli.answering.predict.MOST_KEPT", 0)
    predictor = Predictor(onboarded.fitted, backbone)
    first = predictor.predict(ROWS)
    predictor.predict([(text,) for text in TEXTS])
    assert predictor.predict(ROWS) == first
    assert not any(tensor.requires_grad for tensor in backbone.t5.tensors())


def test_the_registrys_backbone_opens_by_name_and_by_folder_alike(full, home):
    """The fingerprint is of what is in it, not of where it lies."""
    named = open_backbone("tiny", full, "cpu", "fp32")
    assert open_backbone(str(home / "backbones" / "tiny"), full, "cpu", "fp32").fingerprint == named.fingerprint


class Frame:
    """A table that, as a DataFrame does, names its columns when it is iterated."""

    columns = ("text",)

    def __iter__(self):
        return iter(self.columns)


@pytest.mark.parametrize("given", [None, 5, b"late", {"text": "It is late"}, {"It is late"}, Frame()])
def test_what_is_no_list_of_texts_is_refused(given):
    """A dict and a table gave an answer to the names of their columns, and a set one in no order."""
    with pytest.raises(OptionError) as refused:
        rows_of(given, ["text"], "reviews")

    assert str(refused.value) == (
        f"texts: is of type {type(given).__name__}, where one text or a list of texts is meant.\n"
        "Pass the texts of a column as a list, in the order of the rows."
    )
