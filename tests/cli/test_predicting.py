"""`crosspt predict`: what goes in comes out, in order, with an answer beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys

import pytest
from cli_process import environment

from crosspt_cli.cli.predict import FIRST

TASK = ("predict", "--task", "reviews")


def rows(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_a_csv_keeps_its_columns_and_order(call, fitted, tmp_path):
    """People join the answers back by their own ids, so nothing of the input may change, quoting included."""
    path = tmp_path / "new.csv"
    path.write_text('id,text,note\n007,"a, ""quoted"" text",NA\n008,"two\nlines",\n')
    done = call(*TASK, path)
    assert done.code == 0
    header, *answers = rows(done.out)
    assert header == ["id", "text", "note", "label", "confidence", "unusual"]
    assert [answer[:3] for answer in answers] == [["007", 'a, "quoted" text', "NA"], ["008", "two\nlines", ""]]
    assert {answer[3] for answer in answers} <= {"pos", "neg"}


def test_proba_adds_a_share_for_every_class_and_they_sum_to_one(call, fitted, tmp_path):
    """Scripts threshold on these columns."""
    path = tmp_path / "new.csv"
    path.write_text("text\nit was good\n")
    header, answer = rows(call(*TASK, path, "--proba").out)
    assert header == ["text", "label", "confidence", "p_neg", "p_pos", "unusual"]
    assert float(answer[3]) + float(answer[4]) == pytest.approx(1, abs=1e-5)
    assert float(answer[2]) == max(float(answer[3]), float(answer[4]))


def test_a_column_called_label_already_is_kept_and_the_answer_renamed(call, fitted, tmp_path):
    """Test files usually have the true labels in them; overwriting those would hide every mistake."""
    path = tmp_path / "test.csv"
    path.write_text("text,label,p_neg,unusual\nit was good indeed,pos,x,\n")
    done = call(*TASK, path, "--proba")
    assert rows(done.out)[0] == [
        "text", "label", "p_neg", "unusual",
        "predicted_label", "confidence", "predicted_p_neg", "p_pos", "predicted_unusual",
    ]  # fmt: skip
    assert done.err == (
        f"{path}: has columns of the answers' names already, so these are called "
        "'predicted_label' for 'label', 'predicted_p_neg' for 'p_neg', 'predicted_unusual' for 'unusual'.\n"
    )


def test_jsonl_keeps_each_record(call, fitted, tmp_path):
    """Numbers, nulls and nested values of a record must survive."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "naïve", "n": 1, "deep": {"a": [null]}}\n')
    done = call(*TASK, path)
    record = json.loads(done.out)
    assert list(record) == ["text", "n", "deep", "label", "confidence", "unusual"]
    assert (record["n"], record["deep"]) == (1, {"a": [None]})
    assert "naïve" in done.out


def test_a_late_key_that_an_answer_would_overwrite_stops_the_run(call, fitted, tmp_path):
    """Only the first hundred records are looked at for names, and data must never be lost silently."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "a"}\n' * 150 + '{"text": "b", "label": "mine"}\n')
    out = tmp_path / "out.jsonl"
    done = call(*TASK, path, "-o", out)
    assert done.code == 3
    assert done.err == (
        f"{path} line 151: has the key 'label', which the first rows do not have and an answer would overwrite.\n"
        "Rename the key, or pass --format csv.\n"
    )
    assert not out.exists()


@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_the_format_can_be_chosen(call, fitted, tmp_path, kind, delimiter):
    """Spreadsheets want one, pipelines another."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "a,b", "n": 1.50}\n')
    header, answer = rows(call(*TASK, path, "--format", kind).out, delimiter)
    assert header == ["text", "n", "label", "confidence", "unusual"]
    assert answer[:2] == ["a,b", "1.50"]


def test_a_tsv_comes_back_as_a_tsv(call, fitted, tmp_path):
    """The default format is the input's."""
    path = tmp_path / "new.tsv"
    path.write_text("id\ttext\n1\tit was, good\n")
    assert rows(call(*TASK, path).out, "\t")[1][:2] == ["1", "it was, good"]


def test_a_pipe_of_plain_lines_is_answered_line_by_line(call, fitted):
    """The shortest way to use a task from a shell."""
    done = call(*TASK, stdin="it was good\n\nit was bad\n")
    assert [row[0] for row in rows(done.out)] == ["text", "it was good", "", "it was bad"]
    assert rows(done.out)[0] == ["text", "label", "confidence", "unusual"]


def test_a_pipe_with_a_header_is_a_table(call, fitted):
    """`cat file.csv | crosspt predict` must do what naming the file does."""
    assert rows(call(*TASK, "-", stdin="n,text\n1,good\n").out)[0] == ["n", "text", "label", "confidence", "unusual"]


def test_texts_of_the_command_line_become_rows(call, fitted):
    """The command that add-task ends with."""
    done = call(*TASK, "--text", "it was good", "--text", "it was bad")
    assert [row[0] for row in rows(done.out)] == ["text", "it was good", "it was bad"]


def test_json_is_one_object_that_agrees_with_the_csv(call, fitted):
    """Two outputs that disagree are a classic bug of this kind of tool."""
    found = json.loads(call(*TASK, "--text", "it was good", "--proba", "--json").out)
    answer = rows(call(*TASK, "--text", "it was good", "--proba").out)[1]
    assert found == {
        "task": "reviews",
        "predictions": [
            {
                "row": 0,
                "label": answer[1],
                "confidence": float(answer[2]),
                "unusual": answer[5] == "true",
                "shares": {"neg": float(answer[3]), "pos": float(answer[4])},
            }
        ],
        "blank": 0,
        "unusual": int(answer[5] == "true"),
        "cut": 0,
        "notices": [],
        "notes": [],
    }


def test_out_is_written_whole_and_json_says_where(call, fitted, tmp_path):
    """A script needs to know what was written; a person, how many rows."""
    path, out = tmp_path / "new.csv", tmp_path / "out.csv"
    path.write_text("text\n" + "it was good indeed\n" * 1100)
    assert json.loads(call(*TASK, path, "-o", out, "--json").out) == {
        "task": "reviews",
        "rows": 1100,
        "output": str(out),
        "blank": 0,
        "unusual": 0,
        "cut": 0,
        "notices": [],
        "notes": [],
    }
    assert len(rows(out.read_text())) == 1101
    done = call(*TASK, path, "-o", out, "--replace")
    assert (done.out, done.err) == ("", f"{out}: 1,100 rows answered.\n")
    assert sorted(item.name for item in tmp_path.iterdir() if item.name.startswith(".")) == []


def test_a_row_that_cannot_be_read_leaves_the_old_output(call, fitted, tmp_path):
    """Half a file that looks finished is worse than none."""
    path, out = tmp_path / "new.csv", tmp_path / "out.csv"
    path.write_text("text,n\ngood,1\nbad,2,3\n")
    out.write_text("old")
    done = call(*TASK, path, "-o", out, "--replace")
    assert done.code == 3
    assert done.err == (
        f"{path} line 3: has 3 cells, and the header has 2.\n"
        "Mend that line; every row in gets one row out, so none is left out.\n"
    )
    assert out.read_text() == "old"


def test_a_device_is_written_as_it_is(call, fitted):
    """Renaming a file over /dev/null would break the machine for a person who is root."""
    assert call(*TASK, "--text", "a", "-o", "/dev/null").code == 0
    assert not os.path.isfile("/dev/null")


def test_a_pair_takes_its_texts_in_groups(call, fitted):
    """With two text columns the order of --text decides what is the premise."""
    done = call("predict", "--task", "pairs", "--text", "a cat sat", "--text", "the cat flew")
    assert rows(done.out)[0] == ["premise", "hypothesis", "label", "confidence", "unusual"]
    assert rows(done.out)[1][:2] == ["a cat sat", "the cat flew"]


REFUSED = {
    "half a pair": (
        ("--task", "pairs", "--text", "a"),
        2,
        "--text: was given 1 time, and the task reads 2 texts a row (premise, hypothesis).\n"
        "Pass --text 2 times for each row, in that order.\n",
    ),
    "text and input": (
        ("--task", "reviews", "x.csv", "--text", "a"),
        2,
        "--text: was given beside the input 'x.csv'.\nLeave one of them out.\n",
    ),
    "text and column": (
        ("--task", "reviews", "--text-col", "x", "--text", "a"),
        2,
        "--text-col: names columns of a file, and --text has none.\nLeave one of them out.\n",
    ),
    "no such task": (
        ("--task", "reviws", "--text", "a"),
        4,
        "registry: no task named 'reviws'; the nearest is 'reviews'.\n'crosspt registry list' shows all 2.\n",
    ),
    "a task name that is a path": (
        ("--task", "../x", "--text", "a"),
        2,
        "task name '../x': names have 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit.\n"
        "'x' would do.\n",
    ),
    "no such folder": (
        ("--task", "reviews", "--text", "a", "-o", "/no/such/out.csv"),
        4,
        "/no/such/out.csv: the folder /no/such does not exist.\nCreate it: mkdir -p /no/such\n",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_is_refused_with_a_remedy(call, fitted, case):
    """Each of these is a slip of the hand; the message must say what to type instead."""
    words, code, message = REFUSED[case]
    done = call("predict", *words)
    assert (done.code, done.err) == (code, message)


def test_json_refuses_more_rows_than_it_can_hold(call, fitted, monkeypatch):
    """One object of a million rows would take the memory that streaming saves."""
    monkeypatch.setattr("crosspt_cli.cli.predict.LARGEST_OBJECT", 2)
    done = call(*TASK, "--json", stdin="a\nb\nc\n")
    assert done.code == 2
    assert json.loads(done.out)["error"] == {
        "kind": "usage",
        "where": "--json",
        "problem": "prints one object, and stdin has more than 2 rows.",
        "hint": "Pass --format jsonl instead; it writes a record per row.",
    }


def test_a_damaged_task_is_refused_with_exit_code_5(call, fitted):
    """An answer from damaged numbers would look like any other."""
    path = fitted / "tasks/reviews/task.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    done = call(*TASK, "--text", "a")
    assert done.code == 5
    assert done.err.startswith(f"{path}: its sha256 is ")


def test_a_terminal_is_asked_line_by_line(fitted, home):
    """Questions go to stderr and answers to stdout, so that even a conversation can be kept in a file."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "crosspt_cli.cli.main", *TASK]
    child = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert child.stderr.readline() == "Type a text and press Enter; Ctrl-D ends.\n"
    os.write(ours, b"it was good indeed\n")
    answer = child.stdout.readline()
    os.write(ours, b"\x04")
    out, err = child.stdout.read(), child.stderr.read()
    os.close(ours), os.close(theirs)
    assert (child.wait(timeout=60), out, err) == (0, "", "text> text> \n")
    assert answer.split()[0] in ("pos", "neg") and answer.endswith(" %\n")


def test_a_reader_that_stops_early_is_no_error_to_shout_about(fitted, home, tmp_path):
    """`crosspt predict … | head -1` must end quietly."""
    path = tmp_path / "new.csv"
    path.write_text("text\n" + "it was good\n" * 5000)
    command = [sys.executable, "-m", "crosspt_cli.cli.main", *TASK, str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert child.stdout.readline() == "text,label,confidence,unusual\n"
    child.stdout.close()
    err = child.stderr.read()
    assert (child.wait(timeout=120), err) == (1, "")


def test_the_first_rows_of_a_pipe_are_answered_before_the_last_ones_come(fitted, home):
    """Whoever sends rows by and by waits for a few of them, and not for the end."""
    command = [sys.executable, "-m", "crosspt_cli.cli.main", *TASK, "--format", "jsonl"]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    child.stdin.write("it was good\n" * FIRST)
    child.stdin.flush()
    answers = [json.loads(child.stdout.readline()) for _ in range(FIRST)]
    assert {answer["text"] for answer in answers} == {"it was good"}
    assert child.communicate("and bad\n", timeout=120)[0].count("\n") == 1
