"""Onboarding with rows without labels: what is told, what is kept, and what is not."""

import csv

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding, write_csv

from crosspt_cli.answering.predict import Predictor
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.report.page import report_page
from crosspt_cli.report.report_data import make_report
from crosspt_cli.report.report_values import report_dict
from crosspt_cli.report.summary import choice_lines, onboarded_dict

SECRET = "a sentence that nobody must find in the registry"


@pytest.fixture
def others(tmp_path):
    """Return a file of sixty rows without labels, like the labelled ones."""
    path = tmp_path / "others.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text"])
        writer.writerows([f"{TEXTS[number % len(TEXTS)]} Number {number}."] for number in range(60))
        writer.writerow([SECRET])
    return path


def test_what_rows_without_labels_are_worth_is_told_everywhere(full, reviews, others):
    """Summary, JSON, report and page say the same sentence, and the number in it is the one that was measured."""
    done = small_onboarding(reviews, full, name="with", unlabelled=[others])
    pool = done.study.pool
    assert pool.rows + pool.unusual == pool.possible == 61
    assert dict(choice_lines(done))["unlabelled"] == pool.sentence
    assert onboarded_dict(done)["unlabelled"]["sentence"] == pool.sentence
    report = make_report("with", full)
    assert report.pool.sentence == report_dict(report)["unlabelled"]["sentence"] == pool.sentence
    assert pool.sentence in report_page(report)


def test_no_text_of_a_row_without_a_label_is_kept(full, reviews, others):
    """Only how many there were, and a digest by which one can tell later which."""
    done = small_onboarding(reviews, full, name="with", unlabelled=[others])
    assert not any(SECRET.encode() in file.read_bytes() for file in done.path.iterdir())
    kept = load_fitted("with", full).unlabelled
    assert (kept is None) == (done.study.pool.mass == 0)
    assert kept is None or (kept.rows, kept.possible, len(kept.digest)) == (done.study.pool.rows, 61, 16)


def test_the_saved_prototypes_are_those_that_have_seen_them(full, reviews, others, monkeypatch):
    """Where held-out rows do not object, answers change; the prompt does not."""
    from crosspt_cli.evidence import with_pool

    monkeypatch.setattr(with_pool, "LIKELY", 1 - 1e-12)
    without = small_onboarding(reviews, full, name="without", readout="both")
    done = small_onboarding(reviews, full, name="with", readout="both", unlabelled=[others])
    assert done.study.pool.mass == with_pool.MASS
    assert np.array_equal(done.fitted.prompt, without.fitted.prompt)
    ours, theirs = done.fitted.prototypes, without.fitted.prototypes
    assert not np.allclose(ours.plain.directions, theirs.plain.directions)
    again = load_fitted("with", full).prototypes
    assert np.array_equal(again.prompted.offsets, ours.prompted.offsets)
    assert Predictor.open("with", full, "cpu", "fp32").predict(TEXTS[:2])


def test_rows_with_a_blank_label_count_unless_they_are_to_be_ignored(full, tmp_path):
    """They stand in the labelled file, and are told."""
    path = write_csv(tmp_path / "some.csv")
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(f'"{text} Again {number}.",\n' for number, text in enumerate(TEXTS[:12]))
    done = small_onboarding(path, full, name="with")
    assert done.study.pool.possible == 12
    assert any(notice.kind == "blank-label" for notice in done.notices)
    ignored = small_onboarding(path, full, name="without", ignore_unlabelled=True)
    assert ignored.study.pool is None
    assert "--ignore-unlabelled" in ignored.fitted.command


def test_a_plan_counts_them_too(full, reviews, others):
    """Nothing is trained on them, and what they take is part of the whole."""
    plan = plan_onboarding(
        reviews, "label", name="with", unlabelled=[others], backbone="tiny", device="cpu", registry=full
    )
    assert any("others.csv" in notice.text for notice in plan.notices)
