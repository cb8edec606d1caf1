"""`crosspt predict` on files as they come: nothing of them is lost, overwritten or answered that is not there."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import environment

TASK = ("predict", "--task", "reviews")
CASES = Path(__file__).parents[1] / "cases" / "predict"


def rows(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_blank_texts_get_no_label_and_are_counted(call, fitted, tmp_path):
    """A confident label for nothing goes into somebody's statistics."""
    done = call(*TASK, CASES / "blank.csv", "--proba")
    found = rows(done.out)
    assert [bool(row["label"]) for row in found] == [True, False, False, True]
    assert found[1] == {
        "id": "2", "text": "", "label": "", "confidence": "", "p_neg": "", "p_pos": "", "unusual": "true",
    }  # fmt: skip
    assert done.err.startswith(f"{CASES / 'blank.csv'}: 4 rows, 2 of them answered; 2 without text are not")
    asked = json.loads(call(*TASK, CASES / "blank.csv", "--json", "--proba", "--abstain-below", 0).out)
    assert asked["predictions"][1] == {"row": 1, "label": None, "confidence": None, "unusual": True, "shares": {}}
    assert asked["blank"] == 2
    out = tmp_path / "out.csv"
    assert json.loads(call(*TASK, CASES / "blank.csv", "--json", "-o", out).out)["blank"] == 2


def test_abstaining_and_blank_rows_are_counted_apart(call, fitted):
    """One is the task's doubt, the other the file's."""
    done = call(*TASK, CASES / "blank.csv", "--abstain-below", 1)
    assert {row["label"] for row in rows(done.out)} == {""}
    assert "4 rows, 0 of them answered; 2 without text are not; 2 below 100.0 % confidence are not" in done.err
    found = json.loads(call(*TASK, CASES / "blank.csv", "--abstain-below", 1, "--json").out)
    assert (found["abstained"], found["blank"]) == (2, 2)


def test_records_that_lack_the_text_late_in_the_file_get_no_label(call, fitted):
    """A key in another case, a null: only the first hundred records are looked at for names."""
    done = call(*TASK, CASES / "late.jsonl")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [record["label"] is None for record in found[-3:]] == [True, True, False]
    assert all(record["label"] for record in found[:-3])
    assert (found[-2]["confidence"], found[-2]["text"]) == (None, None)
    assert "123 rows, 121 of them answered; 2 without text are not" in done.err


def test_people_read_that_there_is_no_text(call, fitted, monkeypatch):
    """Beside the place of the row."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert call(*TASK, "--text", " ", "-q").out == "(no answer)  no text   \n"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_table_without_a_header_is_refused_with_what_to_type(call, fitted, words):
    """Its first text used to become the header, and got no answer."""
    path = CASES / "noheader.csv"
    done = call(*TASK, path, *words)
    problem = "the first line may be a row: it has 'Why was I billed two times', and the task reads 'text'."
    hint = "Pass --no-header if it is a row, or --text-col with a name that stands in it."
    assert done.code == 3
    if words:
        assert json.loads(done.out)["error"] == {"kind": "data", "where": str(path), "problem": problem, "hint": hint}
    else:
        assert done.err == f"{path}: {problem}\n{hint}\n"


def test_the_advice_for_a_table_without_a_header_works(call, fitted):
    """Three texts in, three answers out; or two, where the first line is said to be a name."""
    found = rows(call(*TASK, CASES / "noheader.csv", "--no-header").out)
    assert [row["text"] for row in found] == [
        "Why was I billed two times",
        "Where is my parcel",
        "I forgot my password",
    ]
    named = call(*TASK, CASES / "noheader.csv", "--text-col", "Why was I billed two times")
    assert len(rows(named.out)) == 2


def test_a_table_through_a_pipe_is_answered_as_by_name(call, fitted):
    """`cat file.csv | crosspt predict` is how people try it."""
    path = CASES / "wrongcol2.csv"
    by_name, by_pipe = call(*TASK, path), call(*TASK, stdin=path.read_text())
    assert by_pipe.out == by_name.out
    assert by_pipe.err.replace("stdin", str(path)) == by_name.err
    assert list(rows(by_pipe.out)[0]) == ["id", "review", "label", "confidence", "unusual"]


def test_a_file_that_names_its_separator_first_is_read_as_it_says(call, fitted):
    """Excel writes `sep=;` above the header; by name and through a pipe it is no text."""
    path = CASES / "sep1.csv"
    found = call(*TASK, path)
    assert [row["text"] for row in rows(found.out, ";")] == [
        "Why was I billed two times", "Where is my parcel", "I forgot my password",
    ]  # fmt: skip
    assert call(*TASK, stdin=path.read_text()).out == found.out


@pytest.mark.parametrize("mark", [";", "|"])
def test_a_file_is_answered_with_its_own_delimiter(call, fitted, tmp_path, mark):
    """The spreadsheet that wrote it is the one that reads it; a format asked for is taken at its word."""
    path = tmp_path / "new.csv"
    path.write_text(f"id{mark}text\n1{mark}good, but late\n")
    assert call(*TASK, path).out.splitlines()[0] == f"id{mark}text{mark}label{mark}confidence{mark}unusual"
    assert rows(call(*TASK, path).out, mark)[0]["text"] == "good, but late"
    assert call(*TASK, path, "--format", "csv").out.splitlines()[0] == "id,text,label,confidence,unusual"
    assert call(*TASK, path, "--format", "tsv").out.splitlines()[0] == "id\ttext\tlabel\tconfidence\tunusual"


def test_records_come_back_as_they_were_written(call, fitted):
    """Prices, ids and infinities are somebody's data; the answer is added after them."""
    lines = (CASES / "numbers.jsonl").read_text().splitlines()
    found = call(*TASK, CASES / "numbers.jsonl", "-q").out.splitlines()
    assert len(found) == len(lines)
    for before, after in zip(lines, found, strict=True):
        assert after.startswith(before.removesuffix("}") + ', "predicted_label": ')
        assert list(json.loads(after))[-3:] == ["predicted_label", "confidence", "unusual"]
    assert '"price": 1.50, "big": 1e400, "prec": 0.12345678901234567890123,' in found[0]


def test_an_empty_record_stays_an_object(call, fitted, tmp_path):
    """No comma before the first key."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "good"}\n{ }\n')
    last = call(*TASK, path, "-q").out.splitlines()[1]
    assert json.loads(last) == {"label": None, "confidence": None, "unusual": True}


def test_json_has_every_notice(call, fitted, tmp_path):
    """A script never looks at stderr."""
    path, out = tmp_path / "new.csv", tmp_path / "out.csv"
    path.write_text("review,label\ngood,a\n")
    said = [f"{path}: texts were taken from 'review', for there is no 'text'."]
    found = json.loads(call(*TASK, path, "--json").out)
    assert ([notice["text"] for notice in found["notices"]], found["notes"]) == (said, [])
    done = call(*TASK, path, "--json", "-o", out)
    found = json.loads(done.out)
    assert [notice["text"] for notice in found["notices"]] == said
    assert found["notes"] == [
        f"{path}: has columns of the answers' names already, so these are called 'predicted_label' for 'label'."
    ]
    assert done.err == ""


def test_a_file_that_is_there_is_left_alone(call, fitted, tmp_path):
    """The shell's history repeats commands with yesterday's file names."""
    out = tmp_path / "out.csv"
    out.write_text("mine")
    done = call(*TASK, "--text", "good", "-o", out)
    message = "exists already.\nUse --replace to replace it, or name another file with -o.\n"
    assert (done.code, done.err, out.read_text()) == (2, f"{out}: {message}", "mine")
    assert call(*TASK, "--text", "good", "-o", out, "--replace").code == 0
    assert out.read_text().startswith("text,label")


@pytest.mark.parametrize("link", ["itself", "symbolic", "hard"])
def test_the_input_is_never_written_over(call, fitted, tmp_path, link):
    """By no name it has, and not with --replace."""
    path = tmp_path / "new.csv"
    path.write_text("text\ngood\n")
    out = path if link == "itself" else tmp_path / "other.csv"
    if link == "symbolic":
        out.symlink_to(path)
    if link == "hard":
        out.hardlink_to(path)
    done = call(*TASK, path, "-o", out, "--replace")
    assert (done.code, done.err) == (
        2, f"{out}: is the input, which would be lost.\nName another file with -o.\n",
    )  # fmt: skip
    assert path.read_text() == "text\ngood\n"


def test_the_input_of_a_redirection_is_not_written_over_either(fitted, home, tmp_path):
    """`crosspt predict … < x.csv -o x.csv` has no name to compare."""
    path = tmp_path / "new.csv"
    path.write_text("text\ngood\n")
    command = [sys.executable, "-m", "crosspt_cli.cli.main", *TASK, "-o", str(path), "--replace"]
    with path.open() as stdin:
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, env=environment(), timeout=120)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"{path}: is the input, which would be lost.")
    assert path.read_text() == "text\ngood\n"


def test_half_a_character_is_a_sentence(call, fitted, tmp_path):
    """In a record, and in an argument whose bytes are not UTF-8."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "good"}\n{"text": "a \\ud800"}\n')
    problem = "has half a character (\\ud800), which no encoding can write."
    done = call(*TASK, path)
    assert (done.code, done.err) == (3, f"{path} line 2: {problem}\nWrite the whole character, or leave it out.\n")
    done = call(*TASK, "--text", "a \ud800")
    assert (done.code, done.err) == (3, f"--text: {problem}\nWrite the whole character, or leave it out.\n")


def test_special_tokens_in_a_text_are_text(call, fitted):
    """Read as the end of the text, what comes after `</s>` would count for nothing."""
    found = rows(call(*TASK, "--text", "good </s> but it was awful", "--text", "good", "--device", "cpu").out)
    assert found[0]["confidence"] != found[1]["confidence"]
    assert found[0]["text"] == "good </s> but it was awful"


def test_a_task_is_read_once(call, fitted, monkeypatch):
    """`add-task --replace` in between would pair the old threshold with the new answers."""
    from crosspt_cli.registry import Registry

    read, load = [], Registry.load_task
    monkeypatch.setattr(Registry, "load_task", lambda self, name: read.append(name) or load(self, name))
    assert call(*TASK, "--text", "good", "--abstain-below", 0.5).code == 0
    assert read == ["reviews"]


def test_an_argument_that_cannot_be_used_is_called_as_it_was_typed(call, fitted, reviews):
    """Inside, it is called as Python calls it."""
    done = call("add-task", reviews, "--label-col", "y", "--prompt-layer", 99, "--name", "deep")
    assert done.err.startswith("--prompt-layer: is 99, but the encoder layers of mini are 0 to ")
    found = json.loads(call("suggest", reviews, "--task", "reviews", "-n", 0, "--json").out)
    assert found["error"]["where"] == "-n"
