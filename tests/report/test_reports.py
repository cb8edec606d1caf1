"""Finished work as text and JSON."""

from __future__ import annotations

import doctest
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crosspt_cli.data import Notice
from crosspt_cli.evidence.forecast import CurvePoint, Growth, LearningCurve
from crosspt_cli.evidence.intervals import Estimate
from crosspt_cli.evidence.outcome import (
    Calibration,
    CandidateResult,
    Comparison,
    Corrected,
    HeldOutAnswers,
    Sharing,
    SourceWorth,
    StudyResult,
    Verdict,
    score_of,
)
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.plain_json import finite
from crosspt_cli.report import numbers
from crosspt_cli.report.render import onboarded_text
from crosspt_cli.report.summary import onboarded_dict, readout_text, words_text
from crosspt_cli.tasks import TaskSpec, Verbalizer, load_template


def scored(candidate: Candidate, right: int, state: str = "complete") -> CandidateResult:
    """A candidate that gets the first `right` of 16 rows right."""
    correct = np.array([1.0] * right + [0.0] * (16 - right))
    score = score_of(correct, (correct[:8].mean(), correct[8:].mean()), -0.5)
    return CandidateResult(candidate, state, 90, Readout(10.0), score, 0.75, correct - 0.5)


@pytest.fixture
def done():
    """A finished onboarding with everything a report shows, nothing trained."""
    from crosspt_cli.onboarding.fitted import FittedTask
    from crosspt_cli.onboarding.onboard import Onboarded

    mixed, alone = Candidate(("sst2", "imdb"), 0.1), Candidate((), 1.0)
    flat = score_of(np.array([1.0, 0.0] * 8), (0.5, 0.5), float("nan"))
    names = ("most frequent class", "TF-IDF + logistic regression", "encoder + logistic regression")
    comparisons = {name: Comparison(flat, Estimate(-0.375, -0.5625, -0.1875), "worse") for name in names}
    near = scored(alone, 12).score
    comparisons["private prompt only (M = 0)"] = Comparison(near, Estimate(-0.125, -0.25, 0.02), "cannot tell")
    held_out = HeldOutAnswers(np.full(16, 0.9, np.float32), np.ones(16, np.float32), 0.5)
    study = StudyResult(
        choice=0,
        reason="Of 3 candidates it is the best by what counts.",
        candidates=(scored(mixed, 14), scored(alone, 12, "pruned"), scored(Candidate((), 0.5), 10, "pruned")),
        trials=(),
        ranks=(),
        baselines=dict.fromkeys(names, flat),
        corrected=Corrected(
            Estimate(0.8437, 0.6512, 0.9378), 0.8205, 0.8451, 15.2, "the best of many looks better than it is"
        ),
        verdict=Verdict(comparisons, None, "These 16 rows cannot tell."),
        sharing=Sharing(
            SourceWorth(Estimate(0.125, 0.0, 0.25)),
            {"imdb": SourceWorth(Estimate(0.0625, 0.01, 0.12))},
            "Sharing is worth +12.5 points.",
        ),
        calibration=Calibration(
            2.25,
            0.981,
            0.8604,
            -0.71,
            -0.32,
            np.full((1, 16, 2), 0.5),
            held_out,
        ),
        curve=LearningCurve(
            "Twice the rows should bring +3.1 points.",
            (CurvePoint(4.0, 0.75, 0.11), CurvePoint(8.0, 0.875, 0.085)),
            0.15,
            -0.2,
            0.05,
            Growth(16, 0.15, -0.2, 0.05).forecasts(),
            1,
        ),
        folds=2,
        stopped_early=False,
        seconds=12.0,
    )
    verbalizer = Verbalizer(("neg", "positive"), ("negative", "positive"), ((1,), (2,)))
    blank = np.zeros((2, 2), np.float32)
    fitted = FittedTask(
        name="reviews", backbone="mini", fingerprint="f", text_columns=("title", "body"), label_column="y",
        spec=TaskSpec(load_template("sentiment"), verbalizer), candidate=mixed, steps=90,
        shares={"sst2": 0.3, "imdb": 0.5, "private": 0.2}, source_digests={}, prompt_layer=0,
        prompt=blank, own={"private": blank},
        bias=blank[0], prototypes=SimpleNamespace(), readout=Readout(10.0),
        held_out=held_out, familiar=SimpleNamespace(),
        rows=16, seed=0, command="crosspt add-task reviews.csv --label-col y", row_digests=(),
    )  # fmt: skip
    return Onboarded(
        task="reviews", path=Path("/home/me/tasks/reviews"), fitted=fitted, study=study,
        notices=(Notice("blank-text", (3,), "one row."),), notes=("A note.",), reason="'sentiment': it knows them.",
        budget="quick", device="cpu", dtype="float32", seconds=75.0, peak_memory_mb=912.4,
    )  # fmt: skip


REPORT = """\
reviews: 16 rows, 2 classes, on the backbone mini

chosen      2 source prompts (sst2, imdb) and a private prompt
because     Of 3 candidates it is the best by what counts.
accuracy    84 %, 90 % interval 65 to 94 %; 87.5 % ± 8.5 of held-out rows right (the best of many
            looks better than it is)
verdict     These 16 rows cannot tell.
more rows   Twice the rows should bring +3.1 points.

template      'sentiment': it knows them.
label words   neg → negative, positive
time          1 min 15 s on cpu (float32), at most 912 MB
saved         /home/me/tasks/reviews

crosspt predict --task reviews --text "…" --text "…\""""

DETAILS = """\
candidate      M = 2, ratio 0.1, 90 steps
attention      imdb 50.0 %, sst2 30.0 %, private prompt 20.0 %
answers from   label words 75.0 %, prototypes 25.0 %
correction     87.5 % of held-out rows; without the luck of the choice 82.0 %; trained on all rows
               84.5 %; together with what tasks usually reach 84.4 %
calibration    mean confidence 86.0 % where 87.5 % are right, 98.1 % before calibration
sharing        Sharing is worth +12.5 points.

held-out accuracy on 2 folds             ± se   difference    90 % interval
as chosen                        87.5 % ± 8.5
private prompt only (M = 0)     75.0 % ± 11.2        −12.5    −25.0 to +2.0   cannot tell
encoder + logistic regression   50.0 % ± 12.9        −37.5   −56.2 to −18.8         worse
TF-IDF + logistic regression    50.0 % ± 12.9        −37.5   −56.2 to −18.8         worse
most frequent class             50.0 % ± 12.9        −37.5   −56.2 to −18.8         worse
"""


def test_the_report_is_these_lines_and_nothing_else(done):
    """The whole of what a person sees after a search, with the next command last."""
    assert onboarded_text(done) == REPORT


def test_the_methods_own_terms_come_with_verbose(done):
    """'M = 2, ratio 0.1' is for those who know the method; the others are spared it."""
    assert onboarded_text(done, verbose=True) == REPORT.replace("\ntemplate ", f"\n{DETAILS}\ntemplate ")
    assert "M =" not in REPORT


def test_a_prompt_of_which_no_source_has_a_share_has_no_line_about_shares(done):
    """All of it would be said to be the task's own, and where it started is told by what was chosen."""
    done = replace(
        done,
        fitted=replace(done.fitted, candidate=Candidate(("sst2",), 1.0, method="transfer"), shares={"private": 1.0}),
    )
    said = onboarded_text(done, verbose=True)
    assert "chosen      a private prompt that started at the source prompt sst2\n" in said
    assert "candidate      transfer, M = 1, lr 0.2, 90 steps\nanswers from" in said


def suspect(line: int, confidence: float = 0.97):
    """A row of two files that is probably labelled wrongly."""
    from crosspt_cli.onboarding.suspect_labels import SuspectLabel

    return SuspectLabel("b.csv", line, "neg", "positive", confidence, 0.01)


def test_rows_that_look_mislabelled_stand_below_the_scores_with_their_place(done):
    """The person opens the file and looks; a long list would not be read."""
    object.__setattr__(done, "suspects", (suspect(7),))
    head, shown = "check labels   1 row looks mislabelled to the held-out folds:", "b.csv:7 is 'neg', looks like"
    assert onboarded_text(done) == REPORT.replace(
        "\ntemplate ", f"\n{head}\n               {shown} 'positive' (97.0 %)\n\ntemplate "
    )
    object.__setattr__(done, "suspects", tuple(suspect(line) for line in range(2, 10)))
    text = onboarded_text(done)
    assert "check labels   8 rows look mislabelled to the held-out folds:\n" in text
    assert text.count("looks like") == 5
    assert "               and 3 more; --json lists all\n" in text


def test_json_lists_every_row_that_looks_mislabelled(done):
    """And is empty, not missing, where there is none."""
    assert onboarded_dict(done)["suspects"] == []
    object.__setattr__(done, "suspects", tuple(suspect(line) for line in range(2, 10)))
    found = onboarded_dict(done)["suspects"]
    assert len(found) == 8
    assert found[0] == {
        "file": "b.csv", "line": 2, "given": "neg", "likely": "positive", "confidence": 0.97, "given_share": 0.01,
    }  # fmt: skip


def test_a_terminal_gets_colours_and_a_pipe_does_not(done, monkeypatch):
    """Escape codes in a log are noise; NO_COLOR is honoured on a terminal too."""
    from rich.console import Console

    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=100)
    assert "\x1b[1m" in onboarded_text(done, terminal)
    assert "\x1b" not in onboarded_text(done)


def test_names_with_brackets_are_text_and_not_markup(done):
    """Labels are the person's own; `[red]` must be shown as it stands."""
    object.__setattr__(done, "reason", "[red]x[/red] :smile:")
    assert "[red]x[/red] :smile:" in onboarded_text(done)


def test_json_can_be_read_back_and_has_no_nan(done):
    """NaN is no JSON, and half the parsers there are refuse it."""
    found = json.loads(json.dumps(onboarded_dict(done), allow_nan=False))
    assert found["baselines"]["most frequent class"]["log_likelihood"] is None
    assert found["chosen"] == {
        "m": 2, "sources": ["sst2", "imdb"], "method": "mixture", "lr_ratio": 0.1,
        "lr": 0.1 * 0.2, "attention_rate": 0.2, "steps": 90,
        "planned_steps": 90, "words": "2 source prompts (sst2, imdb) and a private prompt",
    }  # fmt: skip
    assert found["cv"]["mean"] == 0.875
    assert found["attention"] == {"sst2": 0.3, "imdb": 0.5, "private": 0.2}
    assert found["notices"] == [{"kind": "blank-text", "lines": [3], "text": "one row.", "files": []}]


def test_json_has_the_corrected_score_and_the_verdict(done):
    """Scripts read them as fractions; what was there before keeps its name."""
    found = onboarded_dict(done)
    assert (found["cv"]["corrected"], found["cv"]["interval"]) == (0.8437, [0.6512, 0.9378])
    assert (found["cv"]["out_of_bag"], found["cv"]["all_rows"]) == (0.8205, 0.8451)
    assert found["cv"]["why"] == "the best of many looks better than it is"
    assert found["cv"]["se"] == 0.0854
    verdict = found["verdict"]
    assert (verdict["simpler"], verdict["sentence"]) == (None, "These 16 rows cannot tell.")
    assert verdict["methods"]["private prompt only (M = 0)"] == {
        "mean": 0.75, "se": 0.1118, "per_fold": [1.0, 0.5], "log_likelihood": -0.5,
        "outcome": "cannot tell", "difference": -0.125, "interval": [-0.25, 0.02],
    }  # fmt: skip


def test_json_has_what_calibration_did(done):
    """Mean confidence and log-likelihood, before and after; the accuracy is that of `cv`."""
    assert onboarded_dict(done)["calibration"] == {
        "temperature": 2.25,
        "confidence_before": 0.981,
        "confidence": 0.8604,
        "log_likelihood_before": -0.71,
        "log_likelihood": -0.32,
    }


def test_the_record_beside_the_task_has_them_too(done):
    """A later report shows them without searching again."""
    from crosspt_cli.onboarding.record import STUDY_FILE, study_files

    record, shown = json.loads(study_files(done.study)[STUDY_FILE]), onboarded_dict(done)
    assert record["verdict"] == shown["verdict"]
    assert record["sharing"] == shown["sharing"]
    assert record["sharing"] == {
        "sentence": "Sharing is worth +12.5 points.",
        "against_alone": {"worth": 0.125, "interval": [0.0, 0.25]},
        "sources": {"imdb": {"worth": 0.0625, "interval": [0.01, 0.12]}},
    }
    assert record["calibration"] == shown["calibration"]
    assert record["learning_curve"] == shown["learning_curve"]
    doubled = record["learning_curve"]["forecasts"][1]
    assert (doubled["rows"], doubled["gain"]) == (16, round(0.15 * (1 - np.exp(-0.2)), 4))
    assert doubled["interval"][0] < doubled["gain"] < doubled["interval"][1]
    assert (record["corrected"], record["interval"]) == (0.8437, [0.6512, 0.9378])


@pytest.mark.parametrize(
    ("words_share", "text"),
    [
        (1.0, "label words alone"),
        (0.7, "label words 70.0 %, prototypes 30.0 %"),
        (0.0, "prototypes alone (similarity to each class's mean)"),
    ],
)
def test_the_readout_is_said_in_words(words_share, text):
    """Numbers of it mean nothing by themselves."""
    assert readout_text(words_share) == text


def test_long_lists_of_classes_are_cut():
    """77 classes would push the scores off the screen."""
    names = [f"c{number}" for number in range(77)]
    assert words_text(names, names) == "c0, c1, c2, c3, c4, c5, c6, c7 and 69 more"


def test_numbers_are_written_as_their_docstrings_show():
    """The examples are the specification."""
    assert doctest.testmod(numbers).failed == 0


def test_finite_keeps_everything_but_what_json_cannot_write():
    """Infinity from a failed trial must not break a whole report."""
    assert finite({"a": (1, float("inf")), 2: [float("nan"), "x", None, True]}) == {
        "a": [1, None],
        "2": [None, "x", None, True],
    }


def test_an_accuracy_that_may_be_chance_says_so_in_its_line(done):
    """53 % of two classes looks like a little success; random labels give it as well."""
    hopeless = replace(done, study=replace(done.study, curve=replace(done.study.curve, hopeful=False)))
    chance = "it may be no better than always answering one class"
    assert chance in " ".join(onboarded_text(hopeless).split())
    assert chance not in " ".join(onboarded_text(done).split())


@pytest.mark.parametrize(
    ("seconds", "budget", "backbone", "faster"),
    [
        (
            400.0,
            "normal",
            "mini",
            "--budget quick or --backbone mini-fast or --max-time 2m, which ends the search early",
        ),
        (150.0, "quick", "mini-fast", "--max-time 2m, which ends the search early"),
        (100.0, "normal", "mini", None),
    ],
)
def test_a_plan_of_minutes_says_what_would_be_faster(seconds, budget, backbone, faster):
    """And names nothing that was chosen already."""
    from crosspt_cli.onboarding.planning import OnboardingPlan
    from crosspt_cli.report.summary import plan_lines

    plan = OnboardingPlan(
        task="t", backbone=backbone, budget=budget, rows=8, classes=("a", "b"), class_counts={"a": 4, "b": 4},
        text_columns=("text",), template="generic", reason="", label_words={"a": "a", "b": "b"}, folds=4,
        candidates=("M = 0",), trials=4, steps=240, seconds=seconds, memory_mb=900.0, device="cpu", notices=(),
        notes=(),
    )  # fmt: skip
    assert dict(plan_lines(plan)).get("faster") == faster
