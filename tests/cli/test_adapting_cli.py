"""`crosspt predict --adapt`: the file's own rows count as rows without labels, and everybody is told so."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shlex
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from crosspt_cli import predict
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.onboarding.fitted import SeenRows, load_fitted, save_fitted
from crosspt_cli.registry import Registry

TASK = ("predict", "--task", "reviews")
WORDS = ("nice", "dull", "warm", "slow", "kind", "rude", "neat", "drab", "calm", "loud", "soft", "cold")
TEXTS = [f"it was {word} today" for word in WORDS]
CALIBRATED = "the task itself is unchanged. Confidences were calibrated without these rows."


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def change(**parts) -> None:
    """Save the task `reviews` with other parts."""
    registry = Registry.open()
    stored = registry.load_task("reviews")
    files = {name: raw for name, raw in stored.files.items() if name != "template.yaml"}
    save_fitted(replace(load_fitted("reviews", registry), **parts), files, registry, replace=True)


def held(home: Path) -> dict[Path, str]:
    files = [path for path in (home / "tasks").rglob("*") if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def new(fitted, tmp_path) -> Path:
    """Twelve rows, a blank one and a copy, for a task whose prototypes count."""
    change(readout=Readout(10.0), familiar=replace(load_fitted("reviews").familiar, limit=3.0))
    path = tmp_path / "new.csv"
    path.write_text("id,text\n" + "".join(f"{number},{text}\n" for number, text in enumerate([*TEXTS, "", TEXTS[0]])))
    return path


def test_a_file_is_answered_by_a_task_adapted_to_it_and_the_task_stays(call, new, home):
    """The answers are those of Python, the columns are kept, and not a byte of the registry changes."""
    before, plain = held(home), call(*TASK, new, "-q")
    done = call(*TASK, new, "--adapt", "--proba")
    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == f"{new}: adapted to 12 different texts among 14 rows; {CALIBRATED}"
    found = rows(done.out)
    assert [list(found[0]), found[3]["id"], found[12]["label"]] == [
        ["id", "text", "label", "confidence", "p_neg", "p_pos", "unusual"], "3", "",
    ]  # fmt: skip
    wanted = predict("reviews", [*TEXTS, "", TEXTS[0]], adapt=True)
    assert [float(row["confidence"] or 0) for row in found] == pytest.approx([w.confidence for w in wanted], abs=1e-4)
    assert [row["confidence"] for row in found] != [row["confidence"] for row in rows(plain.out)]
    assert call(*TASK, new, "--adapt", "--proba").out == done.out
    assert call(*TASK, new, "-q").out == plain.out
    assert held(home) == before


def test_scripts_read_how_many_rows_count(call, new, tmp_path):
    """In one object, and beside a file; without --adapt nothing is said."""
    done = json.loads(call(*TASK, new, "--adapt", "--json").out)
    assert (done["adapted"], len(done["predictions"])) == (12, 14)
    text = f"{new}: adapted to 12 different texts among 14 rows; {CALIBRATED}"
    assert done["notices"] == [{"kind": "adapted", "lines": [], "text": text, "files": []}]
    beside = json.loads(call(*TASK, new, "--adapt", "--json", "-o", tmp_path / "out.csv").out)
    assert (beside["adapted"], beside["rows"]) == (12, 14)
    assert "adapted" not in json.loads(call(*TASK, new, "--json").out)


def test_it_goes_together_with_abstaining_and_other_formats(call, new, tmp_path):
    """Nothing of the output depends on where prototypes come from."""
    done = call(*TASK, new, "--adapt", "--abstain-below", 1, "--format", "jsonl", "-o", tmp_path / "out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["label"] for record in records] == [None] * 14
    assert "14 rows, 0 of them answered; 1 without text is not; 13 below 100.0 % confidence are not" in done.err
    assert call(*TASK, new, "--adapt", "-q").err == ""
    tsv = call(*TASK, new, "--adapt", "--format", "tsv", "-q").out
    assert tsv.startswith("id\ttext\tlabel\tconfidence\tunusual\n")


def test_texts_of_the_command_line_count_too(call, new):
    """They are all there from the start; a few are too few, and that is said."""
    words = [word for text in TEXTS for word in ("--text", text)]
    assert call(*TASK, *words, "--adapt").err.startswith(
        f"--text: adapted to 12 different texts among 12 rows; {CALIBRATED}"
    )
    done = call(*TASK, *words[:6], "--adapt")
    assert done.err.startswith(
        "--text: not adapted: 3 usable rows, copies and the task's own not counted, and it takes 10; answers are those "
        "of the task as it is.\n"
    )
    assert done.out == call(*TASK, *words[:6]).out
    assert json.loads(call(*TASK, *words[:6], "--adapt", "--json").out)["adapted"] == 0


def test_label_words_alone_are_said_not_to_change(call, new):
    """Prototypes have no say in such a task."""
    change(readout=Readout(0.0))
    said = "not adapted: the task answers by label words alone, which no other rows change; answers are those of"
    assert call(*TASK, new, "--adapt").err.startswith(f"{new}: {said} the task as it is.\n")


def test_what_does_not_count_is_said(call, new):
    """Unreadable rows, labelled rows beyond those kept, and rows without labels of the onboarding."""
    new.write_text(new.read_text() + "98,...\n")
    change(rows=600, unlabelled=SeenRows(1200, 5000, "0" * 64))
    assert call(*TASK, new, "--adapt").err.splitlines()[0] == (
        f"{new}: adapted to 12 different texts among 15 rows; {CALIBRATED} "
        "1 text was left out, unlike the labelled rows or unreadable. "
        "Of 600 labelled rows 8 are kept and count. "
        "The 1,200 rows without labels of the onboarding do not count here."
    )


def test_a_pipe_is_refused_with_what_to_type(call, new, tmp_path):
    """Its rows come once, and adapting reads them before the first is answered."""
    problem = "--adapt: reads the rows before it answers the first, and a pipe or terminal gives them once.\n"
    hint = "Write them to a file, then type 'crosspt predict FILE --adapt'.\n"
    pipe = tmp_path / "rows.pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_text, args=(new.read_text(),), daemon=True).start()
    for words in ((), ("-",), ("/dev/stdin",), (pipe,)):
        done = call(*TASK, *words, "--adapt", stdin=new.read_text())
        assert (done.code, done.out, done.err) == (2, "", problem + hint)
    assert len(pipe.read_text()) == len(new.read_text())  # nothing was taken from it


def test_an_accuracy_is_not_promised_of_adapted_answers(call, new):
    """Held-out rows were answered without adapting."""
    done = call(*TASK, new, "--adapt", "--target-accuracy", 0.6)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "--target-accuracy: cannot be promised of adapted answers: the held-out rows behind it were answered "
        "without adapting.\nLeave it out, or --adapt.\n"
    )
    assert call(*TASK, new, "--adapt").code == 0


def test_a_task_of_an_earlier_version_is_refused_with_a_command_that_works(call, new):
    """It keeps no vectors of its labelled rows; once onboarded again it does."""
    change(labelled=None)
    assert call(*TASK, new).code == 0
    done = call(*TASK, new, "--adapt")
    problem = "does not keep what adapting needs of its labelled rows: an earlier crosspt onboarded it."
    first, advice = done.err.splitlines()
    assert (done.code, done.out, first) == (5, "", f"task 'reviews': {problem}")
    label, command = advice.split(": ", 1)
    assert label == "Onboard it again"
    assert call(*shlex.split(command)[1:]).code == 0
    done = call(*TASK, new, "--adapt")
    assert done.code == 0, done.err


def test_other_commands_do_not_notice(call, new, home, tmp_path):
    """What suggest picks and report says depends on the saved task alone."""
    before = call("suggest", new, "--task", "reviews", "-n", "3", "-q").out
    call(*TASK, new, "--adapt", "-q")
    assert call("suggest", new, "--task", "reviews", "-n", "3", "-q").out == before
    change(labelled=None)
    assert call("suggest", new, "--task", "reviews", "-n", "3", "-q").out == before
    assert call("report", "--task", "reviews", "-o", tmp_path / "page.html").code == 0


def test_a_row_that_cannot_be_read_is_told_before_any_answer(call, new):
    """The file is read to its end first."""
    new.write_text(new.read_text() + '99,"never closed\n')
    done = call(*TASK, new, "--adapt")
    assert (done.code, done.out) == (3, "")
