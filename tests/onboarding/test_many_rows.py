"""Onboarding of many rows: candidates are compared on a sample, which is told, and the prompt learns from all."""

import csv

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.answering.predict import Predictor
from crosspt_cli.data.identity import row_digest
from crosspt_cli.onboarding import work
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.report.page import report_page
from crosspt_cli.report.report_data import make_report
from crosspt_cli.report.summary import choice_lines
from crosspt_cli.search.folds import sample_rows

ROWS, SEARCHED = 60, 24
TOLD = "Candidates are compared on 24 of the 60 rows, and so is every score; the prompt is then trained on all of them."


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Return a file of sixty rows, of which a search takes twenty-four."""
    monkeypatch.setattr(work, "SEARCH_ROWS", SEARCHED)
    path = tmp_path / "many.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "label"])
        for number in range(ROWS):
            label = ("positive", "negative")[number % 2]
            writer.writerow([f"{TEXTS[number % len(TEXTS)]} Number {number} is {label}.", label])
    return path


def test_a_sample_keeps_every_class_and_its_share():
    """Of a rare one as many rows as folds need."""
    labels = np.repeat([0, 1, 2], [700, 290, 10])
    rows = sample_rows(labels, 100, 5, np.random.default_rng(0))
    assert np.bincount(labels[rows]).tolist() == [70, 29, 5]
    assert (np.diff(rows) > 0).all()
    assert sample_rows(labels, 1_000, 5, np.random.default_rng(0)).tolist() == list(range(1_000))
    assert not np.array_equal(rows, sample_rows(labels, 100, 5, np.random.default_rng(1)))


def test_many_rows_are_compared_on_a_sample_and_fitted_on_all(full, many):
    """It is told; the task has learned from all rows, and its report is of those that were held out."""
    done = small_onboarding(many, full, name="many")
    assert TOLD in done.notes
    fitted = load_fitted("many", full)
    assert fitted.rows == ROWS == len(fitted.labelled.labels)
    assert len(done.study.chosen.score.correct) == SEARCHED == len(fitted.held_out.correct)
    with many.open(encoding="utf-8") as handle:
        every = {row_digest((row["text"],)) for row in csv.DictReader(handle)}
    assert set(fitted.row_digests) == every and len(fitted.row_digests) == ROWS
    assert dict(choice_lines(done))["sample"] == "all scores are of 24 of the 60 rows"
    assert Predictor.open("many", full, "cpu", "fp32").predict(TEXTS[:2])


def test_a_report_of_many_rows_names_the_rows_that_were_held_out(full, many):
    """Each hard row is found in the file by its line, with the text that it has there."""
    small_onboarding(many, full, name="many")
    report = make_report("many", full)
    assert (report.rows, report.held_out) == (ROWS, SEARCHED)
    assert "60 rows (scores are of 24 of them), 2 classes" in report_page(report)
    assert "24 rows in " in report_page(report)
    lines = many.read_text(encoding="utf-8").splitlines()
    assert report.hardest
    for row in report.hardest:
        text, label = lines[row.line - 1].rsplit(",", 1)
        assert (row.texts, row.given) == ((text.strip('"'),), label)


def test_a_plan_counts_the_sample(full, many, monkeypatch):
    """What would take long is the search, and that is of the sample."""
    asked = {"registry": full, "backbone": "tiny", "device": "cpu", "dtype": "fp32", "budget": "quick"}
    sampled = plan_onboarding(many, "label", **asked)
    monkeypatch.setattr(work, "SEARCH_ROWS", ROWS)
    every = plan_onboarding(many, "label", **asked)
    assert TOLD in sampled.notes and TOLD not in every.notes
    assert sampled.rows == every.rows == ROWS
    assert sampled.steps <= every.steps
