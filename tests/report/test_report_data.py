"""A report's numbers are those of the onboarding, and its texts those of the rows."""

import json
import shutil
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onboarding_samples import TEXTS, small_onboarding, write_csv

from crosspt_cli.evidence.intervals import Estimate, wilson
from crosspt_cli.evidence.promise import find_promise
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.foundation.plain_json import finite
from crosspt_cli.foundation.records import plain
from crosspt_cli.onboarding import report_record
from crosspt_cli.onboarding.record import read_study
from crosspt_cli.onboarding.report_record import RowRecord, read_report_files
from crosspt_cli.registry import Registry
from crosspt_cli.report.held_out_numbers import (
    HARDEST,
    class_numbers,
    confused_pairs,
    confusion_of,
    hard_row,
    hard_rows,
    reliability,
)
from crosspt_cli.report.page import report_page
from crosspt_cli.report.report_data import make_report
from crosspt_cli.report.report_values import report_dict
from crosspt_cli.report.row_texts import read_row_texts

SAVED = Path(__file__).parents[1] / "cases" / "saved"
"""A task of version 0.1.0, and what `crosspt report --json` printed of it then."""


@pytest.fixture
def csv(bare, tmp_path):
    """A file, onboarded as `reviews`."""
    path = write_csv(tmp_path / "reviews.csv")
    small_onboarding(path, bare)
    return path


def test_the_numbers_are_those_of_the_onboarding(full, onboarded):
    """And of the record beside the task, to its digits."""
    report, study = make_report("reviews", full), onboarded.study
    record = json.loads(full.load_task("reviews").files["study.json"])
    chosen = record["candidates"][record["choice"]]
    assert (report.score.mean, report.score.se) == (chosen["mean"], chosen["se"])
    assert report.score.mean == pytest.approx(study.chosen.score.mean, abs=1e-4)
    assert report.corrected.accuracy == Estimate(record["corrected"], *record["interval"])
    assert (report.verdict.sentence, report.sharing.sentence, report.reason) == (
        study.verdict.sentence, study.sharing.sentence, study.reason,
    )  # fmt: skip
    assert list(report.verdict.methods) == list(study.verdict.methods)
    assert [str(each.candidate) for each in report.candidates] == [str(each.candidate) for each in study.candidates]
    assert [(each.candidate.m, each.candidate.lr_ratio, each.score.mean) for each in report.candidates] == [
        (each["m"], each["lr_ratio"], each["mean"]) for each in record["candidates"]
    ]
    assert report.choice == study.choice
    assert report.attention == pytest.approx(
        {name: share for name, share in onboarded.fitted.shares.items() if share}, abs=1e-5
    )
    assert report.calibration.confidence == record["calibration"]["confidence"]
    assert sum(report.trials.values()) == len(study.trials)


def test_a_score_and_its_correction_are_not_mixed_up(full):
    """On a small task they may be equal, and nobody would see it."""
    stored = full.load_task("reviews")
    record = json.loads(stored.files["study.json"]) | {"corrected": 0.4321, "interval": [0.1234, 0.5678]}
    record["calibration"] |= {"confidence": 0.61, "confidence_before": 0.99}
    files = stored.files | {"study.json": json.dumps(record)}
    full.save_task("reviews", stored.document, stored.arrays, files, True)
    report = make_report("reviews", full)
    assert report.corrected.accuracy == Estimate(0.4321, 0.1234, 0.5678)
    assert report.score.mean == record["candidates"][record["choice"]]["mean"]
    assert (report.calibration.confidence, report.calibration.confidence_before) == (0.61, 0.99)


def test_a_task_that_an_earlier_version_saved_has_the_report_that_it_had(home, tmp_path, monkeypatch):
    """Key by key, as that version printed it: people keep tasks for years, and scripts read them."""
    (home / "tasks").mkdir(parents=True)
    shutil.copytree(SAVED / "task", home / "tasks" / "saved")
    monkeypatch.chdir(tmp_path)
    printed = report_dict(make_report("saved", Registry.open(home)))
    assert printed.pop("unlabelled") is None  # what reports did not have then
    assert printed.pop("held_out_rows") == printed["rows"]
    assert printed.pop("shortened") is False
    assert {each.pop("method") for each in printed["candidates"]} == {"mixture"}
    assert json.dumps(printed, indent=1) + "\n" == (SAVED / "report.json").read_text(encoding="utf-8")


def test_what_is_read_back_is_what_was_written(full, onboarded):
    """Rounded once, and never again: a report and what add-task printed show the same digits."""
    study, made = read_study(full.load_task("reviews")), onboarded.study
    pairs = zip(study.candidates, made.candidates, strict=True)
    candidates = tuple(replace(again, utility=was.utility) for again, was in pairs)  # of rows nothing is in the record
    assert finite(plain(replace(study, candidates=candidates))) == finite(plain(made))
    assert study.readout.temperature == pytest.approx(onboarded.study.readout.temperature, abs=1e-4)


def test_a_record_that_cannot_be_read_is_refused_with_the_place_and_what_to_type(full, onboarded):
    """Written by hand, or by a version to come."""
    stored = full.load_task("reviews")
    record = json.loads(stored.files["study.json"])
    record["candidates"][1]["steps"] = "many"
    files = stored.files | {"study.json": json.dumps(record)}
    full.save_task("reviews", stored.document, stored.arrays, files, True)
    with pytest.raises(IntegrityError) as caught:
        make_report("reviews", full)
    assert str(caught.value) == (
        "task 'reviews': keeps what this crosspt cannot read: study.json.candidates[1].steps is 'many', but must be a "
        f"whole number.\nOnboard it again: {onboarded.fitted.command} --name reviews --replace"
    )


def test_a_task_of_before_verdicts_had_three_outcomes_still_has_a_report(full):
    """Its stored intervals could be single points, so nothing of it is known to be as good, and the page says why."""
    stored = full.load_task("reviews")
    record = json.loads(stored.files["study.json"])
    for name in ("why", "out_of_bag", "all_rows"):
        del record[name]
    del record["learning_curve"]["hopeful"]
    record["verdict"]["sentence"] = "Always answering the most frequent class is as good here."
    for number, method in enumerate(record["verdict"]["methods"].values()):
        del method["outcome"]
        method["interval"] = [-0.5, -0.1] if number else [0.0, 0.0]
    files = stored.files | {"study.json": json.dumps(record)}
    full.save_task("reviews", stored.document, stored.arrays, files, True)
    report = make_report("reviews", full)
    outcomes = [each.outcome for each in report.verdict.methods.values()]
    assert outcomes == ["cannot tell"] + ["worse"] * (len(outcomes) - 1)
    assert report.verdict.sentence == (
        "An earlier crosspt onboarded this task, and took methods for as good of which the rows cannot tell. Onboard "
        "it again for a verdict."
    )
    assert report.corrected.why == "the best of many looks better than it is"
    assert "An earlier crosspt" in report_page(report)


def test_the_confusion_matrix_has_the_accuracy_that_is_shown(full, onboarded):
    """Two numbers for one thing would be believed neither."""
    report = make_report("reviews", full)
    counts = np.array(report.confusion)
    assert counts.sum() == report.rows == len(TEXTS)
    assert np.trace(counts) / report.rows == pytest.approx(onboarded.study.chosen.score.mean)
    assert [each.rows for each in report.classes] == [12, 12]
    assert sum(each.rows for each in report.bins) == len(TEXTS)
    right = sum(each.accuracy.value * each.rows for each in report.bins)
    assert right == pytest.approx(np.trace(counts), abs=0.01)


def test_how_it_was_made_is_kept(full, onboarded):
    """What somebody needs who wants the same again."""
    origin = make_report("reviews", full).origin
    assert origin.command == onboarded.fitted.command
    assert (origin.seed, origin.made.budget, origin.made.device, origin.made.dtype) == (0, "quick", "cpu", "float32")
    assert 0 < origin.made.seconds <= onboarded.seconds
    assert origin.made.peak_memory_mb == onboarded.peak_memory_mb
    assert set(origin.made.versions) == {"python", "torch", "transformers", "scikit-learn", "numpy"}


def test_what_is_kept_of_rows_is_where_they_are_and_what_was_answered(full, onboarded):
    """No texts; the probabilities are those that `--target-accuracy` builds on."""
    stored = full.load_task("reviews")
    _, rows = read_report_files(stored)
    assert rows.line == tuple(range(2, len(TEXTS) + 2))
    assert rows.label.tolist() == [1, 0] * 12
    np.testing.assert_allclose(rows.shares[0].max(1), stored.arrays["held_out_confidence"], rtol=1e-6)
    assert np.array_equal(rows.shares[0].argmax(1) == rows.label, stored.arrays["held_out_correct"])
    assert TEXTS[0] not in stored.files["report.json"].decode()


def test_what_can_be_promised_is_what_predict_would_promise(full, onboarded):
    """Threshold and refusal alike."""
    for target in make_report("reviews", full).targets:
        try:
            promise = find_promise(onboarded.fitted.held_out, target.accuracy)
        except OptionError:
            assert target.threshold is None
        else:
            assert target.threshold == pytest.approx(promise.threshold, abs=1e-4)


def test_rows_have_their_texts_while_the_file_is_what_it_was(bare, csv):
    """By line, and the hardest first."""
    report = make_report("reviews", bare)
    assert report.texts_missing == ()
    assert len(report.hardest) == HARDEST
    for row in report.hardest:
        assert (row.file, row.texts) == (str(csv), (TEXTS[row.line - 2],))
    shares = [row.given_share for row in report.hardest]
    assert shares == sorted(shares)


def test_a_file_that_is_gone_leaves_lines_and_a_sentence(bare, csv):
    """The task still knows which rows they were."""
    before = make_report("reviews", bare).hardest
    csv.unlink()
    report = make_report("reviews", bare)
    assert report.hardest == tuple(replace(row, texts=None) for row in before)
    assert report.texts_missing == (
        f"{csv} is not there any more, or cannot be read: its rows are shown without texts.",
    )


CHANGED = {
    "a row on top": (lambda lines: [lines[0], "New,positive", *lines[1:]], 24),
    "one text changed": (lambda lines: [*lines[:5], "Another text,positive", *lines[6:]], 1),
    "the last row gone": (lambda lines: lines[:-1], 1),
    "another column": (lambda lines: ["words,label", *lines[1:]], 24),
}


@pytest.mark.parametrize("how", CHANGED)
def test_texts_of_a_file_that_was_changed_are_not_shown(how, bare, csv):
    """A text beside another row's numbers would be worse than none."""
    change, count = CHANGED[how]
    csv.write_text("\n".join(change(csv.read_text().splitlines())) + "\n")
    report = make_report("reviews", bare)
    assert {row.texts for row in report.hardest} == {None}
    problem = f"{count} of the 24 rows that the task has from it are not where they were"
    assert report.texts_missing == (f"{csv} was changed, {problem}: its rows are shown without texts.",)


def test_of_two_files_only_the_changed_one_loses_its_texts(bare, tmp_path):
    """The other is what it was."""
    first, second = write_csv(tmp_path / "first.csv", TEXTS[:16]), write_csv(tmp_path / "second.csv", TEXTS[16:])
    small_onboarding([first, second], bare)
    first.unlink()
    report = make_report("first", bare)
    for row in report.hardest:
        assert row.texts == (None if row.file == str(first) else (TEXTS[16 + row.line - 2],))
    assert len(report.texts_missing) == 1


def test_names_start_from_the_folder_where_the_command_was_given(bare, csv, tmp_path, monkeypatch):
    """A report is made from anywhere."""
    monkeypatch.chdir(tmp_path)
    small_onboarding("reviews.csv", bare, replace=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    report = make_report("reviews", bare)
    assert report.texts_missing == () and report.hardest[0].file == "reviews.csv"


def test_a_folder_or_version_that_cannot_be_told_loses_no_training(bare, tmp_path, monkeypatch):
    """Both are found out at the very end."""

    def gone(*_):
        raise FileNotFoundError

    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    path = write_csv(tmp_path / "reviews.csv")
    monkeypatch.setattr(report_record.os, "getcwd", gone)
    monkeypatch.setattr(report_record.metadata, "version", unknown)
    small_onboarding(path, bare)
    monkeypatch.undo()
    report = make_report("reviews", bare)
    assert report.texts_missing == ()
    assert report.origin.made.versions["torch"] == "unknown"


def test_long_texts_are_cut(bare, tmp_path):
    """Ten of them are to fit on a page."""
    path = write_csv(tmp_path / "long.csv", [f"{text} {'more ' * 100}" for text in TEXTS])
    small_onboarding(path, bare)
    for row in make_report("long", bare).hardest:
        assert 290 <= len(row.texts[0]) <= 300 and row.texts[0].endswith("…")


def test_a_task_of_before_is_refused_with_the_command_to_type(full, onboarded):
    """Held-out answers cannot be found afterwards."""
    stored = full.load_task("reviews")
    files = {name: raw for name, raw in stored.files.items() if not name.startswith("report.")}
    full.save_task("reviews", stored.document, stored.arrays, files, True)
    with pytest.raises(IntegrityError) as caught:
        make_report("reviews", full)
    assert str(caught.value) == (
        "task 'reviews': keeps nothing that a report could be made of: an earlier crosspt onboarded it.\n"
        f"Onboard it again: {onboarded.fitted.command} --name reviews --replace"
    )


def rows_of(shares, labels, suspects=()) -> RowRecord:
    """Rows with these held-out probabilities [seeds, rows, C]."""
    count = len(labels)
    return RowRecord(
        None, ("a.csv",), (0,) * count, tuple(range(2, count + 2)),
        np.array(labels), np.array(shares, np.float32), dict(suspects),
    )  # fmt: skip


def test_nothing_is_fetched_for_the_texts_of_a_hub_data_set(onboarded, monkeypatch):
    """A report is made without a network."""
    monkeypatch.setattr("crosspt_cli.report.row_texts.read_table", lambda path: pytest.fail(f"{path} was read"))
    rows = replace(rows_of([[[0.9, 0.1]]], [0]), files=("hf:imdb",))
    found = read_row_texts(rows, onboarded.fitted, [0])
    assert found.texts == {}
    assert found.missing == (
        "hf:imdb is a hub data set, and nothing is fetched for a report: its rows are shown without texts.",
    )


def test_seeds_are_averaged_and_not_counted_twice():
    """Two looks at a row are one row."""
    rows = rows_of([[[0.9, 0.1], [0.2, 0.8]], [[0.4, 0.6], [0.1, 0.9]]], [0, 1])
    counts = confusion_of(rows)
    assert counts.tolist() == [[0.5, 0.5], [0.0, 1.0]]
    first, second = class_numbers(counts, ("a", "b"), ("a", "b"))
    assert (first.rows, first.recall.value, first.precision.value) == (1, 0.5, 1.0)
    assert (second.answers, second.precision.value) == (1.5, 0.6667)
    assert (first.recall.low, first.recall.high) == tuple(round(end, 4) for end in wilson(0.5, 1).ends)
    assert [each.rows for each in reliability(rows)] == [1, 1]
    assert [each.accuracy.value for each in reliability(rows)] == [0.5, 1.0]


def test_a_class_that_is_never_answered_has_no_precision():
    """Nothing divided by nothing."""
    rows = rows_of([[[0.9, 0.1], [0.7, 0.3]]], [0, 1])
    _, never = class_numbers(confusion_of(rows), ("a", "b"), ("a", "b"))
    assert (never.recall.value, never.answers, never.precision) == (0.0, 0.0, None)


def test_the_pairs_most_often_confused_come_first():
    """Right answers are no pair, and neither is what never happened."""
    counts = np.array([[5, 1, 0], [3, 9, 0], [0, 2, 4]], float)
    found = [(each.given, each.answered, each.rows) for each in confused_pairs(counts, ("a", "b", "c"))]
    assert found == [("b", "a", 3.0), ("c", "b", 2.0), ("a", "b", 1.0)]


def test_suspects_are_shown_beyond_the_hardest_and_marked():
    """Of a hundred hard rows those that may be mistakes are what a person must see."""
    given = np.linspace(0.001, 0.5, 100)
    rows = rows_of([np.stack([given, 1 - given], 1)], [0] * 100, {3: 1, 42: 1})
    found = hard_rows(rows)
    assert found == [*range(HARDEST), 42]
    row = hard_row(rows, 42, ("a", "b"), None)
    assert (row.suspect, row.line, row.given, row.likely) == (True, 44, "a", "b")
    assert not hard_row(rows, 2, ("a", "b"), None).suspect


@given(st.integers(1, 300))
def test_groups_hold_every_row_once_and_differ_by_one_at_most(count):
    """However many rows there are, a few groups, and none of a single row beside one of many."""
    random = np.random.default_rng(count)
    shares = random.dirichlet([1.0, 1.0], size=(1, count))
    found = reliability(rows_of(shares, random.integers(2, size=count))) if count > 1 else ()
    sizes = [each.rows for each in found]
    assert sum(sizes) == (count if count > 1 else 0)
    assert not sizes or (2 <= len(sizes) <= 5 and max(sizes) - min(sizes) <= 1)
    confidences = [each.confidence for each in found]
    assert confidences == sorted(confidences)
