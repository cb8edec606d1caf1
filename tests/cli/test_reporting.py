"""`crosspt report`: a page where it was asked for, and nothing lost that was there."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser

import pytest

MINE = "<p>Notes of my own.</p>"


class Title(HTMLParser):
    """Finds the page's first heading."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found, self.inside = "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "h1"

    def handle_data(self, data):
        if self.inside:
            self.found, self.inside = data, False


@pytest.fixture
def report(call, fitted, tmp_path, monkeypatch):
    """Run report for the task `reviews`, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: call("report", "--task", "reviews", *words)


def test_the_page_is_written_and_told_of(report, tmp_path):
    """stdout stays free, as everywhere."""
    done = report("-o", "report.html")
    assert (done.code, done.out, done.err) == (0, "", "report.html: written.\n")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert Title(page).found == "reviews"
    assert "it was good indeed" in page
    assert report("-o", "quiet.html", "-q").err == ""


def test_a_dash_sends_the_page_to_stdout(report, tmp_path):
    """For a pipe; nothing else comes with it."""
    report("-o", "report.html")
    done = report("-o", "-")
    assert (done.code, done.err) == (0, "")
    assert done.out == (tmp_path / "report.html").read_text(encoding="utf-8")


def test_json_has_the_values_of_the_page(report, tmp_path):
    """The same report, with a page beside it or without."""
    alone, beside = report("--json"), report("--json", "-o", "report.html")
    assert alone.out == beside.out and (alone.err, beside.err) == ("", "")
    found = json.loads(alone.out)
    assert (found["task"], found["rows"], found["folds"]) == ("reviews", 8, 2)
    assert [each["label"] for each in found["classes"]] == ["neg", "pos"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{100 * found['accuracy']['mean']:.1f} %" in page
    assert found["origin"]["command"] in html.unescape(page)
    assert [row["texts"] is not None for row in found["hardest"]] == [True] * 8


def test_a_file_that_is_there_is_left_alone_unless_it_is_to_be_replaced(report, tmp_path):
    """Somebody may have written into it."""
    (tmp_path / "report.html").write_text(MINE)
    done = report("-o", "report.html")
    assert (done.code, done.out, done.err) == (
        2, "", "report.html: exists already.\nUse --replace to replace it, or name another file with -o.\n",
    )  # fmt: skip
    assert (tmp_path / "report.html").read_text() == MINE
    assert report("-o", "report.html", "--replace").code == 0
    assert Title((tmp_path / "report.html").read_text(encoding="utf-8")).found == "reviews"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_rows_whose_file_is_gone_are_told_of(report, fitted_home, tmp_path):
    """The page says it too, but whoever typed the command should know at once."""
    file = fitted_home.parent / "reviews.csv"
    aside = file.rename(file.with_suffix(".away"))
    try:
        done = report("-o", "report.html")
    finally:
        aside.rename(file)
    why = f"{file} is not there any more, or cannot be read: its rows are shown without texts."
    assert done.err == f"report.html: written.\n{why}\n"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert why in page and "it was good indeed" not in page


def test_texts_of_several_columns_are_named(call, fitted):
    """A premise must not be taken for a hypothesis."""
    page = call("report", "--task", "pairs", "-o", "-").out
    assert "<b>premise: </b>a cat sat</p>" in page
    assert "<b>hypothesis: </b>the cat flew</p>" in page


BAD = {
    "no such task": (("--task", "reviws", "-o", "-"), 4, "registry: no task named 'reviws'; the nearest is 'reviews'."),
    "no place": (("--task", "reviews"), 2, "-o: is missing."),
    "no folder": (("--task", "reviews", "-o", "no/r.html"), 4, "no/r.html: the folder no does not exist."),
    "a folder": (("--task", "reviews", "-o", "."), 1, ".: is a folder."),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_gets_a_sentence_and_its_exit_code(case, call, fitted, tmp_path, monkeypatch):
    """Where, what, and what to type; no traceback."""
    monkeypatch.chdir(tmp_path)
    words, code, message = BAD[case]
    done = call("report", *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.splitlines()[0] == message
    assert len(done.err.splitlines()) == 2


def test_a_page_and_json_cannot_share_stdout(report):
    """One of them would be unreadable."""
    error = json.loads(report("-o", "-", "--json").out)["error"]
    assert error["problem"] == "sends the page to stdout, where --json prints."
