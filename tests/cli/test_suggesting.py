"""`crosspt suggest`: a file to label, which goes back into add-task as it is."""

from __future__ import annotations

import csv
import json

import pytest

NEW = "text\n" + "".join(f"it was {word} and {other}\n" for word, other in [
    ("slow", "dear"), ("quick", "cheap"), ("warm", "kind"), ("grim", "grey"), ("new", "odd"), ("calm", "clean"),
])  # fmt: skip
EXACT = ("--device", "cpu", "--dtype", "fp32")


@pytest.fixture
def new(tmp_path, monkeypatch):
    """Six rows without labels, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.csv").write_text(NEW)
    return tmp_path / "new.csv"


@pytest.fixture
def ask(call, fitted, new):
    """Run suggest for the task `reviews`."""
    return lambda *words: call("suggest", "new.csv", "--task", "reviews", *EXACT, *words)


def test_the_file_is_ready_to_label_and_says_what_to_type_then(ask, tmp_path):
    """Texts, an empty label, and columns that nobody takes for the label."""
    done = ask("-n", "3", "-o", "to_label.csv")
    assert (done.code, done.out) == (0, "")
    first, second = done.err.splitlines()
    assert first == "to_label.csv: 3 rows to label in column 'y'. Then:"
    assert second.startswith("crosspt add-task ") and "reviews.csv to_label.csv --label-col y " in second
    assert second.endswith(" --name reviews --replace")
    header, *rows = csv.reader((tmp_path / "to_label.csv").open(newline=""))
    assert header == ["text", "y", "crosspt_line", "crosspt_guess", "crosspt_confidence"]
    lines = NEW.splitlines()
    assert [lines[int(row[2]) - 1] for row in rows] == [row[0] for row in rows]
    assert {row[1] for row in rows} == {""}
    assert {row[3] for row in rows} <= {"pos", "neg"}


def test_once_labelled_it_is_accepted_beside_the_first_file_and_alone(ask, call, reviews, tmp_path):
    """The point of the whole command."""
    ask("-n", "4", "-o", "to_label.csv")
    header, *rows = csv.reader((tmp_path / "to_label.csv").open(newline=""))
    for number, row in enumerate(rows):
        row[1] = ("pos", "neg")[number % 2]
        row[3] = f"a guess of several words {number}"
    with (tmp_path / "to_label.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    for files, count in (((reviews, "to_label.csv"), 12), (("to_label.csv",), 4)):
        done = call("add-task", *files, "--label-col", "y", "--dry-run", "--json", "--name", "again")
        plan = json.loads(done.out)
        assert (plan["rows"], plan["text_columns"], plan["notices"]) == (count, ["text"], [])


def test_without_a_file_the_rows_go_to_stdout(ask):
    """For a pipe; what is said goes to stderr."""
    done = ask("-n", "2")
    assert done.out.splitlines()[0] == "text,y,crosspt_line,crosspt_guess,crosspt_confidence"
    assert len(done.out.splitlines()) == 3
    assert done.err == ""


def test_json_has_the_rows_and_what_was_passed_over(ask, new):
    """Labelling tools are scripts."""
    new.write_text(NEW + "it was good indeed\n \n")
    found = json.loads(ask("-n", "2", "--json").out)
    assert (found["task"], found["file"], found["label_column"]) == ("reviews", "new.csv", "y")
    assert (found["rows_in_file"], found["looked_at"], found["output"]) == (8, 6, None)
    assert found["passed_over"] == {"blank": 1, "among the task's own rows": 1}
    assert len(found["rows"]) == 2
    assert set(found["rows"][0]) == {"line", "texts", "guess", "confidence", "disagreement"}


def test_notices_say_what_was_passed_over_and_what_is_missing(ask, new):
    """Five rows where twenty were asked for need a reason; but not when quiet."""
    new.write_text(NEW + "it was good indeed\n")
    done = ask("-o", "to_label.csv")
    assert done.err.splitlines()[:2] == [
        "new.csv: 1 of 7 rows passed over: 1 among the task's own rows.",
        "new.csv: 6 rows instead of 20; there is no other that is unlike these.",
    ]
    assert ask("-q", "-o", "more.csv").err == ""


def test_a_file_that_is_there_is_left_alone(ask, tmp_path):
    """Somebody may have labelled it."""
    (tmp_path / "to_label.csv").write_text("text,y\nmine,pos\n")
    done = ask("-o", "to_label.csv")
    assert (done.code, done.err) == (
        2, "to_label.csv: exists already.\nUse --replace to replace it, or name another file with -o.\n",
    )  # fmt: skip
    assert (tmp_path / "to_label.csv").read_text() == "text,y\nmine,pos\n"
    assert ask("-o", "to_label.csv", "--replace").code == 0
    assert "crosspt_line" in (tmp_path / "to_label.csv").read_text()


def test_the_file_that_is_read_is_never_written_over(ask, new):
    """Under no name and with no option: the unlabelled rows would be gone."""
    (new.parent / "link.csv").hardlink_to(new)
    for out in ("new.csv", "./new.csv", "link.csv"):
        done = ask("-o", out, "--replace")
        message = "is the input, which would be lost.\nName another file with -o.\n"
        assert (done.code, done.err) == (2, f"{out.removeprefix('./')}: {message}")
    assert new.read_text() == NEW


def test_a_task_is_read_once(ask, monkeypatch):
    """A task replaced between two readings would pair one's rows with the other's answers."""
    from crosspt_cli.registry import Registry

    read, load = [], Registry.load_task
    monkeypatch.setattr(Registry, "load_task", lambda self, name: read.append(name) or load(self, name))
    assert ask("-n", "2").code == 0
    assert read == ["reviews"]


def test_json_says_what_stderr_says(ask, new):
    """A script never looks at stderr."""
    new.write_text(NEW.replace("text", "review", 1) + "it was good indeed\n")
    found = json.loads(ask("--json").out)
    assert [notice["text"] for notice in found["notices"]] == [
        "new.csv: texts were taken from 'review', for there is no 'text'."
    ]
    assert found["notes"] == [
        "new.csv: 1 of 7 rows passed over: 1 among the task's own rows.",
        "new.csv: 6 rows instead of 20; there is no other that is unlike these.",
    ]


def test_a_file_without_a_header_can_be_asked_about(ask, new):
    """Its first row may be the one to label."""
    new.write_text(NEW.removeprefix("text\n"))
    refused = ask()
    assert (refused.code, refused.err) == (
        3,
        "new.csv: the first line may be a row: it has 'it was slow and dear', and the task reads 'text'.\n"
        "Pass --no-header if it is a row, or --text-col with a name that stands in it.\n",
    )
    assert "it was slow and dear" in ask("--no-header", "-n", "6").out


def test_a_task_labelled_in_a_column_of_ours_still_gets_a_file_that_can_be_read(ask, tmp_path, fitted):
    """Whoever took the guesses over as labels has them in `crosspt_guess`."""
    from crosspt_cli.registry import Registry

    registry = Registry.open(fitted)
    stored = registry.load_task("reviews")
    columns = {"text": ["text"], "label": "crosspt_guess"}
    registry.save_task("reviews", {**stored.document, "columns": columns}, stored.arrays, stored.files, True)
    ask("-n", "2", "-o", "to_label.csv")
    header = (tmp_path / "to_label.csv").read_text().splitlines()[0]
    assert header == "text,crosspt_guess,crosspt_line,crosspt_guess_,crosspt_confidence"


BAD = {
    "no such task": (("new.csv", "--task", "reviws"), 4, "registry: no task named 'reviws'; the nearest is 'reviews'."),
    "no such file": (("old.csv", "--task", "reviews"), 4, "old.csv: "),
    "no rows asked for": (("new.csv", "--task", "reviews", "-n", "0"), 2, "-n: is 0, but must be from 1 to 500."),
    "no column of texts": (("other.csv", "--task", "pairs"), 3, "other.csv: the task reads 'premise' and 'hypothesis'"),
    "no folder": (("new.csv", "--task", "reviews", "-o", "no/where.csv"), 4, "no/where.csv: the folder no does not"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_gets_a_sentence_and_its_exit_code(case, call, fitted, new):
    """Where, what, and what to type; no traceback."""
    words, code, message = BAD[case]
    (new.parent / "other.csv").write_text("id,y\n1,a\n")
    done = call("suggest", *words, *EXACT)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(message)
    assert len(done.err.splitlines()) == 2
