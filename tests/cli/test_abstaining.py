"""`crosspt predict` that leaves out what it is not sure of, says so everywhere, and tells what it has never seen."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from crosspt_cli.answering.predict import Predictor
from crosspt_cli.cli.conversation import converse
from crosspt_cli.cli.tally import Tally
from crosspt_cli.evidence.outcome import HeldOutAnswers
from crosspt_cli.evidence.unusual import Familiar
from crosspt_cli.onboarding.fitted import load_fitted, save_fitted
from crosspt_cli.registry import Registry

TASK = ("predict", "--task", "reviews")
TEXTS = ("it was good indeed", "it was bad indeed", "Otters swim.")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def change(**parts) -> None:
    """Save the task `reviews` with other parts."""
    registry = Registry.open()
    stored = registry.load_task("reviews")
    files = {name: raw for name, raw in stored.files.items() if name != "template.yaml"}
    save_fitted(replace(load_fitted("reviews", registry), **parts), files, registry, replace=True)


@pytest.fixture
def sure(call, fitted) -> list[float]:
    """The confidences of `TEXTS`, which differ."""
    return [float(row["confidence"]) for row in rows(call(*TASK, *asked()).out)]


def asked() -> list[str]:
    return [word for text in TEXTS for word in ("--text", text)]


def test_rows_that_are_not_sure_enough_have_an_empty_label(call, fitted, sure):
    """And keep their confidence and shares, for whoever looks at them by hand."""
    limit = sorted(sure)[1]
    done = call(*TASK, *asked(), "--abstain-below", limit - 1e-6, "--proba", "-q")
    found = rows(done.out)
    assert [row["label"] == "" for row in found] == [confidence < limit for confidence in sure]
    assert [float(row["confidence"]) for row in found] == sure
    assert all(float(row["p_neg"]) + float(row["p_pos"]) == pytest.approx(1, abs=1e-5) for row in found)


def test_the_summary_counts_them(call, fitted, tmp_path):
    """In the terminal as well as beside a file."""
    change(familiar=Familiar(load_fitted("reviews").familiar.means, 2.0))
    path, out = tmp_path / "new.csv", tmp_path / "out.csv"
    path.write_text("text\n" + "it was good indeed\n" * 3)
    said = "3 rows, 0 of them answered; 3 below 100.0 % confidence are not.\n"
    assert call(*TASK, path, "--abstain-below", 1).err == f"{path}: {said}"
    assert call(*TASK, path, "--abstain-below", 1, "-o", out).err == f"{out}: {said}"
    assert call(*TASK, path, "--abstain-below", 1, "-q").err == ""
    assert call(*TASK, path, "--abstain-below", 0).err == ""


def test_json_has_null_for_a_label_and_the_counts(call, fitted, tmp_path):
    """In a record per row and in one object alike."""
    change(familiar=Familiar(load_fitted("reviews").familiar.means, 2.0))
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "it was good indeed"}\n')
    record = json.loads(call(*TASK, path, "--abstain-below", 1, "-q").out)
    assert (record["label"], list(record)) == (None, ["text", "label", "confidence", "unusual"])
    found = json.loads(call(*TASK, path, "--abstain-below", 1, "--json").out)
    assert [each["label"] for each in found["predictions"]] == [None]
    assert (found["abstain_below"], found["abstained"]) == (1.0, 1)
    out = tmp_path / "out.jsonl"
    assert json.loads(call(*TASK, path, "--abstain-below", 1, "-o", out, "--json").out)["abstained"] == 1


def test_people_read_that_there_is_no_answer(call, fitted, monkeypatch):
    """An empty place in a line of text looks like a mistake."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    line = call(*TASK, "--text", TEXTS[0], "--abstain-below", 1, "-q").out
    assert line.startswith("(no answer)  ") and line.endswith(f" %  {TEXTS[0]}\n")


def test_an_accuracy_is_promised_from_held_out_rows(call, fitted, sure):
    """The threshold, what stands behind it, and what became of the rows."""
    limit = sorted(sure)[1] - 1e-6
    confidence = np.array([0.999] * 20 + [limit] * 40 + [0.1] * 60, np.float32)
    change(held_out=HeldOutAnswers(confidence, (confidence > 0.2).astype(np.float32), 0.0))
    change(familiar=Familiar(load_fitted("reviews").familiar.means, 2.0))
    done = call(*TASK, *asked(), "--target-accuracy", 0.9)
    assert [row["label"] == "" for row in rows(done.out)] == [confidence < limit for confidence in sure]
    assert done.err == (
        f"--target-accuracy 0.9: answers of {100 * limit:.1f} % confidence or more are given; "
        "of 120 held-out rows 60 are as sure, 60 of them right.\n"
        f"--text: 3 rows, 2 of them answered; 1 below {100 * limit:.1f} % confidence are not.\n"
    )
    found = json.loads(call(*TASK, *asked(), "--target-accuracy", 0.9, "--json").out)
    threshold = float(np.float32(limit))
    assert found["promise"] == {"target": 0.9, "threshold": threshold, "rows": 120, "accepted": 60, "right": 60}
    assert (found["abstain_below"], found["abstained"]) == (threshold, 1)


def test_too_few_held_out_rows_promise_nothing(call, fitted):
    """Eight rows: the real case of a first try; it must not be answered as if nothing had been asked."""
    done = call(*TASK, "--text", "a", "--target-accuracy", 0.95)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("--target-accuracy: 0.95 cannot be promised by 8 held-out rows: it takes ")
    assert done.err.endswith("or choose a threshold yourself with --abstain-below.\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--abstain-below", "0.5", "--target-accuracy", "0.9"),
            "--target-accuracy: was given beside a confidence to abstain below.\nLeave one of them out.\n",
        ),
        (("--abstain-below", "1.5"), "--abstain-below: is 1.5, but must lie between 0 and 1.\n"),
        (("--abstain-below", "nan"), "--abstain-below: is nan, but must lie between 0 and 1.\n"),
        (("--target-accuracy", "1"), "--target-accuracy: is 1, but must lie between 0 and 1.\n"),
    ],
)
def test_what_has_no_meaning_is_refused(call, fitted, words, message):
    """Before the backbone is loaded."""
    done = call(*TASK, "--text", "a", *words)
    assert (done.code, done.err) == (2, message)


@pytest.mark.parametrize(("limit", "word", "count"), [(-1.0, "true", 3), (3.0, "false", 0)])
def test_unusual_texts_are_marked_and_counted(call, fitted, tmp_path, limit, word, count):
    """Every text lies beyond a distance of -1, and none beyond 3."""
    change(familiar=Familiar(load_fitted("reviews").familiar.means, limit))
    done = call(*TASK, *asked())
    assert [row["unusual"] for row in rows(done.out)] == [word] * 3
    said = "--text: 3 rows answered; 3 unlike anything seen in onboarding.\n"
    assert done.err == (said if count else "")
    found = json.loads(call(*TASK, *asked(), "--json").out)
    assert [each["unusual"] for each in found["predictions"]] == [bool(count)] * 3
    assert found["unusual"] == count
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "a"}\n')
    assert json.loads(call(*TASK, path, "-q").out)["unusual"] is bool(count)


def test_people_read_that_a_text_is_unusual(call, fitted, monkeypatch):
    """Beside the confidence it qualifies."""
    change(familiar=Familiar(load_fitted("reviews").familiar.means, -1.0))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert call(*TASK, "--text", "a", "-q").out.endswith(" %  unusual  a\n")


def test_texts_too_long_to_be_read_to_the_end_are_counted(call, fitted):
    """An answer to the first page of a letter is one that its sender should know of."""
    long = "it was good " * 200
    done = call(*TASK, "--text", "it was good", "--text", long, "--text", long)
    assert done.err.endswith("; 2 too long to be read to the end (--windows reads more).\n")
    assert "too long" not in call(*TASK, "--text", "it was good", "--text", long, "--windows").err
    found = json.loads(call(*TASK, "--text", "it was good", "--text", long, "--json").out)
    assert found["cut"] == 1


def test_a_conversation_says_that_a_text_was_too_long(fitted, monkeypatch, capsys):
    """What is pasted into a terminal is longer than most; asked for quiet, it says nothing."""
    long = "it was good " * 200
    for windows, quiet, said in ((False, False, True), (True, False, False), (False, True, False)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"it was good\n{long}\n"))
        converse(Predictor.open("reviews", device="cpu", dtype="fp32", windows=windows), Tally(0.0, None), False, quiet)
        told = "It is too long to be read to the end (--windows reads more)."
        assert capsys.readouterr().err.count(told) == said
