"""Rows without labels on the command line: read before torch, told, kept with the command, and checked."""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading

import pytest
import yaml

POOL = "text\nit was dull enough\nit was warm enough\n"
QUICK = ("--budget", "quick", "--folds", "2", "--lr-ratios", "1", "--device", "cpu", "--dtype", "fp32")


@pytest.fixture
def pool(tmp_path, monkeypatch):
    """Two rows without labels, in the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pool.csv"
    path.write_text(POOL)
    return path


def test_a_task_keeps_the_command_with_its_rows_without_labels(
    call, home, tiny_backbone, monkeypatch, reviews, pool, tmp_path
):
    """Who pastes it gets the same task again."""
    monkeypatch.setenv("CROSSPT_BACKBONE", str(tiny_backbone))
    (tmp_path / "more.txt").write_text("It was dull enough\nnobody knows\n")
    words = ("--unlabelled", "pool.csv", "--unlabelled", "more.txt", "--ignore-unlabelled")
    done = call("add-task", "reviews.csv", "--label-col", "y", *words, *QUICK)
    assert done.code == 0, done.err
    assert done.err.splitlines() == [
        "pool.csv and more.txt: 3 of 4 rows can be used as rows without labels; left out: 1 with the text of an "
        "earlier row."
    ]
    command = yaml.safe_load((home / "tasks/reviews/task.yaml").read_text())["command"]
    assert shlex.split(command)[:10] == ["crosspt", "add-task", "reviews.csv", "--label-col", "y", *words]


def test_a_plan_tells_of_them_too(call, home, tiny_backbone, monkeypatch, reviews, pool):
    """Before anybody waits; through a pipe they are read once."""
    monkeypatch.setenv("CROSSPT_BACKBONE", str(tiny_backbone))
    reviews.write_text(reviews.read_text() + "it was something indeed,\n")
    plan = ("add-task", "reviews.csv", "--label-col", "y", "--dry-run", "--unlabelled")
    told = json.loads(call(*plan, "pool.csv", "--json").out)["notices"]
    assert [(each["kind"], each["lines"]) for each in told] == [("blank-label", [10]), ("unlabelled", [])]
    assert told[1]["text"] == "reviews.csv and pool.csv: 3 of 3 rows can be used as rows without labels."
    done = call(*plan, "-", stdin=POOL)
    assert (done.code, done.err.splitlines()[-1]) == (
        0,
        "reviews.csv and -: 3 of 3 rows can be used as rows without labels.",
    )


REFUSED = {
    "missing": (None, 4, "pool.csv: there is no such file.\n"),
    "other columns": (
        "number,body,about\n1,a long story,and a short one\n",
        3,
        "pool.csv: the task reads 'text', and 'body' and 'about' look like texts; it has columns 'number', 'body' and "
        "'about'.\nName its columns of texts as in the labelled file: 'text'.\n",
    ),
    "no rows": ("text\n", 3, "pool.csv: has no rows.\nName a file with rows without labels, or leave it out.\n"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("mode", [(), ("--dry-run",)])
def test_a_file_that_cannot_be_used_is_told_before_torch_loads(call, home, reviews, pool, monkeypatch, case, mode):
    """As for labelled files; nobody waits for seconds to read of a typing error."""
    for name in ("onboard", "planning"):  # whoever imports them fails, and they are what imports torch
        monkeypatch.setitem(sys.modules, f"crosspt_cli.onboarding.{name}", None)
    content, code, message = REFUSED[case]
    pool.unlink()
    if content is not None:
        pool.write_text(content)
    done = call("add-task", "reviews.csv", "--label-col", "y", "--unlabelled", "pool.csv", *mode)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(message)
    assert not (home / "tasks").exists()


def test_the_settings_file_may_name_them(call, home, reviews, pool):
    """One file of everything, for all tasks of a project."""
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text("check:\n  unlabelled: [pool.csv]\n  ignore-unlabelled: yes\n")
    found = json.loads(call("check", "reviews.csv", "--label-col", "y", "--json").out)
    assert found["unlabelled"] == {"files": ["pool.csv"], "rows": 2, "usable": 2, "used": 2, "left_out": {}}


def told(call, *words: object) -> dict[str, dict]:
    """Return what a check finds of rows without labels, by kind."""
    done = call("check", "reviews.csv", "--label-col", "y", "--json", *words)
    assert done.code == 0, done.err
    return {each["kind"]: each for each in json.loads(done.out)["findings"] if each["kind"].startswith("unlabelled")}


def test_a_check_tells_of_few_rows(call, home, reviews, pool):
    """Two texts more say nothing about what texts are like."""
    assert told(call, "--unlabelled", "pool.csv") == {
        "unlabelled-few": {
            "kind": "unlabelled-few",
            "severity": "warning",
            "lines": [],
            "message": "pool.csv: 2 rows without labels say little.",
            "remedy": "Name a file with more of them: 30 at least, hundreds if you have them.",
        },
        "unlabelled": {
            "kind": "unlabelled",
            "severity": "note",
            "lines": [],
            "message": "pool.csv: 2 of 2 rows can be used as rows without labels.",
            "remedy": "Nothing has to be done.",
        },
    }


def test_a_check_shows_how_many_can_be_used_and_the_command_with_them(call, home, reviews, pool):
    """It is the command that is typed next."""
    pool.write_text(POOL + 'It was good indeed\n""\n' + "".join(f"this is text {n}\n" for n in range(2_100)))
    done = call("check", "reviews.csv", "--label-col", "y", "--unlabelled", "pool.csv")
    assert "unlabelled    2,102 of 2,104, of which 2,000 are used" in done.out.splitlines()
    assert done.out.splitlines()[-1] == "crosspt add-task reviews.csv --label-col y --unlabelled pool.csv"
    found = json.loads(call("check", "reviews.csv", "--label-col", "y", "--unlabelled", "pool.csv", "--json").out)
    left_out = {"blank": 1, "with the text of a labelled row": 1}
    assert found["unlabelled"] == {
        "files": ["pool.csv"], "rows": 2_104, "usable": 2_102, "used": 2_000, "left_out": left_out,
    }  # fmt: skip


def test_a_check_without_rows_without_labels_has_none(call, home, reviews, pool):
    """Rows with a blank label are told by their own notice, and counted."""
    checked = ("check", "reviews.csv", "--label-col", "y", "--json")
    assert json.loads(call(*checked).out)["unlabelled"] is None
    reviews.write_text(reviews.read_text() + "it was something indeed,\n")
    assert json.loads(call(*checked).out)["unlabelled"]["usable"] == 1
    assert told(call) == {}
    assert json.loads(call(*checked, "--ignore-unlabelled").out)["unlabelled"] is None


def test_a_check_tells_of_texts_unlike_the_labelled_ones(call, home, reviews, pool):
    """Whole letters beside four words are another kind of text."""
    pool.write_text("text\n" + "".join(f"it was {n} and then it was {n} again, so I went home\n" for n in range(40)))
    pool.write_text(pool.read_text().replace(",", ""))
    found = told(call, "--unlabelled", "pool.csv")
    assert found["unlabelled-length"]["message"] == (
        "pool.csv: half of the texts have 13 words or more, and of those in reviews.csv 4 or more."
    )


def test_a_check_reads_the_texts_as_the_backbone_will(call, home, reviews, pool):
    """What it cannot read teaches nothing, but stops nothing either."""
    long = "and so it was " * 90
    pool.write_text("text\n" + "".join(f"it was {n} indeed\n" for n in range(40)) + f"{long}\n{long} too\n")
    found = told(call, "--unlabelled", "pool.csv")["unlabelled-cut"]
    assert (found["severity"], found["lines"]) == ("warning", [42, 43])
    assert found["message"].startswith("pool.csv: 2 rows are longer than 256 tokens, the template's included, ")
    pool.write_text("text\n" + "".join(f"{chr(0x1F600 + n)} {chr(0x1F601 + n)}\n" for n in range(40)))
    found = told(call, "--unlabelled", "pool.csv")
    assert {each["severity"] for each in found.values()} <= {"warning", "note"}
    assert {"unlabelled-unknown-tokens", "unlabelled-same-texts"} & set(found)
    pool.write_text("text\n" + "".join(f"this is a {chr(0x1F600 + n % 50)} text {n}\n" for n in range(2_100)))
    pool.write_text(pool.read_text() + "".join(f"{long} {n}\n" for n in range(2_000)))
    cut = told(call, "--unlabelled", "pool.csv")["unlabelled-cut"]["message"]
    assert cut.startswith("pool.csv (of the 2,000 rows used): ")


def test_a_check_of_a_bad_file_is_an_error_in_the_words_of_add_task(call, home, reviews, pool):
    """And the labelled rows are checked all the same."""
    pool.write_text("text\n")
    words = ("reviews.csv", "--label-col", "y", "--unlabelled", "pool.csv")
    refused, done = call("add-task", *words), call("check", *words, "--json")
    found = json.loads(done.out)
    (error,) = [each for each in found["findings"] if each["severity"] == "error"]
    assert f"{error['message']}\n{error['remedy']}\n" == refused.err
    assert (error["kind"], refused.code, done.code) == ("unlabelled-file", 3, 3)
    assert found["rows"] == 8 and found["template"]


def test_of_two_pipes_one_is_shown_and_the_other_is_left_to_be_named(call, home, reviews, pool):
    """What a shell puts in the place of <(…) is gone when the next command is typed."""
    fifo = pool.with_name("gone")
    os.mkfifo(fifo)
    for first, stdin, words in (
        ("-", reviews.read_text(), "add-task - --label-col y --unlabelled FILE --name NAME"),
        ("reviews.csv", "", "add-task reviews.csv --label-col y --unlabelled -"),
    ):
        writer = threading.Thread(target=fifo.write_text, args=(POOL,))
        writer.start()
        done = call("check", first, "--label-col", "y", "--unlabelled", "gone", stdin=stdin)
        writer.join()
        assert (done.code, done.out.splitlines()[-1]) == (0, f"… | crosspt {words}")
