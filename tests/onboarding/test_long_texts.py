"""Onboarding of long texts: candidates read them shortened, which is told; all else reads what fits the input."""

import pytest
from onboarding_samples import TEXTS, small_onboarding, write_csv

from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.reading import prepare
from crosspt_cli.report.page import report_page
from crosspt_cli.report.report_data import make_report

TOLD = (
    "Texts are long: while candidates are compared, up to 20 tokens of each are read, from its front and its end. "
    "The choice is scored, and its prompt trained, on up to 256."
)


@pytest.fixture
def long(tmp_path, monkeypatch):
    """Return a file of texts that are ten times as long as the others."""
    monkeypatch.setattr(prepare, "SEARCH_TOKENS", 20)
    monkeypatch.setattr("crosspt_cli.onboarding.work.SEARCH_TOKENS", 20)
    return write_csv(tmp_path / "long.csv", [" ".join([text] * 10) for text in TEXTS])


def test_long_texts_are_shortened_while_candidates_are_compared(full, long):
    """It is told, in the sentence why one was chosen as well; the report has the score on whole texts."""
    done = small_onboarding(long, full, name="long")
    assert TOLD in done.notes
    assert "read shortened" in done.study.reason
    report = make_report("long", full)
    assert report.score.mean == done.study.chosen.score.mean
    assert "read shortened" in report_page(report)


def test_short_texts_are_read_as_they_are(full, reviews):
    """Reading them twice would cost more than it spares."""
    done = small_onboarding(reviews, full, name="short")
    assert not any("Texts are long" in note for note in done.notes)
    assert "shortened" not in done.study.reason


def test_a_plan_tells_of_long_texts_too(full, long):
    """Before anything is trained."""
    asked = {"registry": full, "backbone": "tiny", "device": "cpu", "dtype": "fp32", "budget": "quick"}
    assert TOLD in plan_onboarding(long, "label", **asked).notes
