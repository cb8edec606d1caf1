"""`crosspt check`: everything to be known of a labelled file before training."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from cli_process import ROOT

from crosspt_cli.checking.findings import ADVICE

SENTENCES = (
    ("the kettle leaks at its lid", "broken"),
    ("my parcel has been on its way for weeks", "late"),
    ("one leg of this chair snapped off", "broken"),
    ("where does the courier stay so long", "late"),
    ("screen stays black after charging", "broken"),
    ("nothing has arrived yet", "late"),
    ("its zip came apart in my hands", "broken"),
    ("you promised delivery before Easter", "late"),
)
GOOD = "text,y\n" + "".join(f"{text},{label}\n" for text, label in SENTENCES)


@pytest.fixture
def check(call, home, tmp_path, monkeypatch):
    """Check a file of this content, or run another command on it."""
    monkeypatch.chdir(tmp_path)

    def check(content: str | bytes, *words: str, command: str = "check"):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "f.csv").write_bytes(data)
        return call(command, "f.csv", "--label-col", "y", *words)

    return check


CLEAN = """\
f.csv: ready for add-task, nothing to mend

file          csv, utf-8, divided by commas
header        columns 'text' and 'y'
texts         text
labels        y
rows          8
classes       2: broken 4, late 4
template      'generic': no other template knows the labels or the text column text.
label words   broken, late

crosspt add-task f.csv --label-col y
"""


def test_a_clean_file_is_told_to_be_clean_and_the_next_command_comes_last(check):
    """The whole of what most people should see."""
    done = check(GOOD)
    assert (done.code, done.out, done.err) == (0, CLEAN, "")


@pytest.mark.parametrize(("name", "label"), [("reviews", "y"), ("tickets", "team")])
def test_the_examples_have_nothing_to_mend(call, home, name, label):
    """They are the first files that anybody checks."""
    found = json.loads(call("check", ROOT / f"examples/{name}.csv", "--label-col", label, "--json").out)
    assert (found["findings"], found["ok"]) == ([], True)


def test_json_has_every_key_that_scripts_read(check):
    """And null or nothing where something could not be told."""
    found = json.loads(check(GOOD.replace(",", ";"), "--json").out)
    assert found == {
        "file": "f.csv",
        "format": "csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "columns": ["text", "y"],
        "text_columns": ["text"],
        "label_column": "y",
        "rows": 8,
        "rows_in_file": 8,
        "classes": {"broken": 4, "late": 4},
        "template": "generic",
        "template_reason": "'generic': no other template knows the labels or the text column text.",
        "label_words": {"broken": "broken", "late": "late"},
        "unlabelled": None,
        "findings": [],
        "ok": True,
    }
    empty = json.loads(check("", "--json").out)
    assert {key: empty[key] for key in ("encoding", "delimiter", "columns", "rows", "classes", "template", "ok")} == {
        "encoding": None, "delimiter": None, "columns": [], "rows": 0, "classes": {}, "template": None, "ok": False,
    }  # fmt: skip


GERMAN = "text,y\n" + "".join(
    f"{text},{label}\n"
    for text, label in (
        ("der Kessel ist nicht mehr dicht", "broken"),
        ("mein Paket ist seit Wochen auf dem Weg", "late"),
        ("ein Bein von dem Stuhl ist ab", "broken"),
        ("wo bleibt der Bote nur so lange", "late"),
        ("nach dem Laden bleibt das Bild schwarz", "broken"),
        ("es ist noch nichts da", "late"),
        ("der Zipper ist mir aus der Hand gefallen", "broken"),
        ("ihr habt mir das vor Ostern versprochen", "late"),
    )
)
LONG = "so on and " * 100
FOUND = {
    "an encoding that was guessed": (
        GOOD.replace("lid", "löd").encode("cp1252"),
        (),
        ("encoding", "warning", [2]),
        "f.csv is not UTF-8 (line 2), so it was read as Windows-1252 (cp1252).",
        "Look whether its letters are right; if not, save it as UTF-8.",
    ),
    "a header spelled otherwise": (
        GOOD.replace("y", "Y ", 1),
        (),
        ("header", "note", []),
        "f.csv: the header spells a column 'Y '; its spaces and case were forgiven.",
        "Nothing has to be done.",
    ),
    "too many cells": (
        GOOD + "late, very late,late\n",
        (),
        ("too-many-cells", "warning", [10]),
        "f.csv: 1 row with more cells than the header left out, often for a separator that is not within quotes "
        "(line 10).",
        "Put each cell that has the separator in it within quotes.",
    ),
    "too few cells": (
        GOOD + "and nothing else\n",
        (),
        ("too-few-cells", "warning", [10]),
        "f.csv: 1 row with fewer cells than the header left out (line 10).",
        "Give every row one cell for each column.",
    ),
    "a stray quote": (
        GOOD + '"so" it goes,late\n',
        (),
        ("bad-quotes", "warning", [10]),
        "f.csv: 1 row with text after a closing quote left out; a quote inside a quoted cell is written twice "
        "(line 10).",
        "Mend the quotes.",
    ),
    "a backslash before a quote": (
        GOOD + 'so "it" goes,late\n' * 50 + '"so \\"it\\" goes",late\n',
        (),
        ("backslash", "warning", [60]),
        'f.csv: 1 row with a backslash before a quote (\\") left out; a quote inside a quoted cell is written twice '
        "(line 60).",
        'Write a quote inside a quoted cell twice ("").',
    ),
    "a quote that swallows rows": (
        GOOD + '"nothing came,late\nit broke,broken\nit is late",late\n',
        (),
        ("swallowed", "warning", [10]),
        "f.csv: 1 row whose quote closes only lines below, with 2 other rows inside the cell, left out (line 10).",
        'Close the quote on its line, or write a quote inside a quoted cell twice ("").',
    ),
    "quotes that enclose nothing": (
        "".join(f'"so" {line}\n' if number else f"{line}\n" for number, line in enumerate(GOOD.splitlines())),
        (),
        ("quotes", "note", []),
        "f.csv: quotes do not enclose cells, and were read as characters of the text.",
        "Nothing has to be done.",
    ),
    "a comment above the header": (
        "# of this year\n" + GOOD,
        (),
        ("comment", "note", []),
        "f.csv: 1 line of comment passed over ('# of this year'); the header is line 2.",
        "Nothing has to be done.",
    ),
    "the header again": (
        GOOD + "text,y\n",
        (),
        ("repeated-header", "note", [10]),
        "f.csv: 1 row that repeats the header left out (line 10).",
        "Nothing has to be done.",
    ),
    "an answer of Prodigy": (
        GOOD.replace("\n", ",accept\n").replace("accept", "answer", 1) + "what of it,late,reject\n",
        (),
        ("rejected", "note", [10]),
        "f.csv: 1 row whose 'answer' is not 'accept' left out (line 10).",
        "Nothing has to be done; rename the column 'answer' if it means something else.",
    ),
    "a label in a list": (
        GOOD.replace(",late", ",['late']", 1),
        (),
        ("packed-label", "note", [3]),
        "f.csv: 1 row whose label in column 'y' was taken out of its packaging, as 'late' out of ['late'] (line 3).",
        "Nothing has to be done.",
    ),
    "a label that is a word for nothing": (
        GOOD + "what of it,None\nso it goes,None\n",
        (),
        ("missing-word", "note", [10, 11]),
        "f.csv: 2 rows with the label 'None' kept: that is taken for a class, not for a missing one "
        "(lines 10 and 11).",
        "Leave the cell empty where nothing is meant.",
    ),
    "spaces around a label": (
        GOOD.replace(",late", ", late", 1),
        (),
        ("label-spaces", "note", [3]),
        "f.csv: 1 row with spaces around the label in column 'y' read without them (line 3).",
        "Nothing has to be done.",
    ),
    "one of two texts missing": (
        "title,text,y\nOh," + GOOD.removeprefix("text,y\n").replace("\n", "\n,").removesuffix(","),
        ("--text-col", "title", "--text-col", "text"),
        ("blank-field", "note", [3, 4, 5, 6, 7, 8, 9]),
        "f.csv: 7 rows with nothing in column 'title' kept for the other text (lines 3, 4, 5, 6, 7 and 2 more).",
        "Nothing has to be done if there is no such text.",
    ),
    "a blank text": (
        GOOD + " ,late\n,late\n",
        (),
        ("blank-text", "warning", [10, 11]),
        "f.csv: 2 rows with a blank text left out (lines 10 and 11).",
        "Fill in the texts, or delete the rows.",
    ),
    "a blank label": (
        GOOD + "who knows,\n",
        (),
        ("blank-label", "note", [10]),
        "f.csv: 1 row with a blank label in column 'y' is taken for a row without a label (line 10); "
        "--ignore-unlabelled leaves it out.",
        "Fill in those that you know: a row teaches more with its label.",
    ),
    "blank labels that are to be left out": (
        GOOD + "who knows,\nand who knows that,\n",
        ("--ignore-unlabelled",),
        ("blank-label", "note", [10, 11]),
        "f.csv: 2 rows with a blank label in column 'y' left out (lines 10 and 11).",
        "Fill in those that you know: a row teaches more with its label.",
    ),
    "a blank label beside a copy": (
        GOOD + "Nothing has arrived yet,\n",
        (),
        ("blank-label-copy", "note", [10]),
        "f.csv: 1 row with a blank label in column 'y' and the text of a labelled row left out (line 10).",
        "Nothing has to be done.",
    ),
    "a duplicate": (
        GOOD + "nothing has arrived yet,late\n",
        (),
        ("duplicate", "note", [10]),
        "f.csv: 1 row with the text and label of an earlier row left out (line 10).",
        "Nothing has to be done.",
    ),
    "one text under two labels": (
        GOOD + "who knows what,late\nwho knows what,broken\n",
        (),
        ("two-labels", "warning", [10, 11]),
        "f.csv: 2 rows whose text also stands under another label: all copies left out (lines 10 and 11).",
        "Decide which label is right, and delete the other rows.",
    ),
    "near-duplicates": (
        GOOD + "NOTHING has arrived yet!,late\nThe kettle leaks at its lid.,broken\n",
        (),
        ("near-duplicate", "note", [2, 11, 7, 10]),
        "f.csv: 2 rows have almost the text of another row and its label (lines 2 with 11 and 7 with 10).",
        "Nothing has to be done: they are held out together. Rows that say something else would teach more.",
    ),
    "near-duplicates under two labels": (
        GOOD + "NOTHING has arrived yet!,broken\n",
        (),
        ("near-two-labels", "warning", [7, 10]),
        "f.csv: 1 row has almost the text of another row under another label (lines 7 with 10).",
        "Look which label is right; where both are, the texts hardly tell the classes apart.",
    ),
    "a duplicate in another spelling": (
        GOOD + "NOTHING  has arrived yet,late\n",
        (),
        ("duplicate", "note", [10]),
        "f.csv: 1 row with the text, but for case, spaces or Unicode form, and label of an earlier row left out "
        "(line 10).",
        "Nothing has to be done.",
    ),
    "one text under two labels in another spelling": (
        GOOD + "NOTHING has arrived yet,broken\n",
        (),
        ("two-labels", "warning", [7, 10]),
        "f.csv: 2 rows whose text also stands under another label, but for case, spaces or Unicode form: all copies "
        "left out (lines 7 and 10).",
        "Decide which label is right, and delete the other rows.",
    ),
    "a class of copies": (
        GOOD + "".join(f"out of office until {day} May,away\n" for day in (3, 4, 5, 6)),
        (),
        ("class-of-copies", "warning", [10, 11, 12, 13]),
        "f.csv: 4 rows of class 'away' all say almost the same, and are divided among the folds all the same (lines "
        "10, 11, 12 and 13).",
        "Add rows of that class that say it otherwise, or expect the score of copies.",
    ),
    "two classes of copies": (
        GOOD + "".join(f"out of office until {day} May,away\nnot here on {day} June,gone\n" for day in (3, 4, 5, 6)),
        (),
        ("class-of-copies", "warning", [10, 11, 12, 13, 14, 15, 16, 17]),
        "f.csv: 8 rows of 2 classes, 'away' and 'gone', each of which says almost the same, are divided among the "
        "folds all the same (lines 10, 11, 12, 13, 14 and 3 more).",
        "Add rows of that class that say it otherwise, or expect the score of copies.",
    ),
    "labels with what cannot be seen": (
        GOOD.replace("broken\n", "broken\u200b\n", 1),
        (),
        ("label-forms", "note", [2]),
        "f.csv: 1 row with characters that cannot be seen, odd spaces or another Unicode form in the label in column "
        "'y' read as they look (line 2).",
        "Nothing has to be done.",
    ),
    "several labels in a cell": (
        GOOD + "a dent and three days late,late;broken\nlate and scratched,late;broken\n",
        (),
        ("several-labels", "warning", [10, 11]),
        "f.csv: 2 rows with what looks like several labels in column 'y' ('late;broken') read as one class each (lines "
        "10 and 11).",
        "A row has one class: leave the label that matters most, or make one task for each label (has it, or not).",
    ),
    "a column that says the label again": (
        GOOD.replace("text,y", "text,y,y_text").replace("broken", "broken,it does not work").replace(
            "late\n", "late,it is not there\n"
        ),
        (),
        ("restates-label", "warning", []),
        "f.csv: column 'y_text' has about one value for each class, so it says the label again.",
        "Leave it out: a score with it says nothing, for new texts come without it.",
    ),
    "a column written afterwards": (
        "text,y,agent_reply\n" + "".join(
            f"{text},{label},dear customer {place} we will see\n" for place, (text, label) in enumerate(SENTENCES)
        ),
        (),
        ("late-column", "warning", []),
        "f.csv: column 'agent_reply' may be written after the label is known; --text-col text leaves it out.",
        "Leave out what a new text will not have yet: it makes the score too good.",
    ),
    "a column of dates in words": (
        "text,y,when\n" + "".join(
            f"{text},{label},on May {place + 1} at {place + 1} pm\n" for place, (text, label) in enumerate(SENTENCES)
        ),
        (),
        ("left-out-column", "note", []),
        "f.csv: not taken for texts: 'when' holds dates.",
        "Pass --text-col with the columns that hold the texts if these do.",
    ),
    "two columns of sentences": (
        "text,y,wat\n" + "".join(
            f"{text},{label},and so it was {chr(97 + place)}\n" for place, (text, label) in enumerate(SENTENCES)
        ),
        (),
        ("text-columns", "note", []),
        "f.csv: columns 'text' and 'wat' are read as texts, together.",
        "Pass --text-col with those that are meant if others are.",
    ),
    "unknown tokens": (
        GOOD + "".join(f"{word} 😀 \u2605\u2605 😁 😂 😃 😄,late\n" for word in ("oh", "ah", "eh")),
        (),
        ("unknown-tokens", "warning", [10, 11, 12]),
        "f.csv: 25% of the texts' tokens are unknown to the backbone 'mini'; of 3 rows more than half (lines 10, 11 "
        "and 12).",
        "Pass --backbone with one that reads them, such as google/mt5-small.",
    ),
    "another language": (
        GERMAN,
        (),
        ("language", "warning", []),
        "f.csv: many of the texts look German, and the backbone 'mini' understands English only: it reads them letter "
        "by letter, without their meaning.",
        "Pass --backbone with one that reads them, such as google/mt5-small.",
    ),
    "texts that are the same once cut": (
        GOOD + "".join(f"{LONG} {word},late\n" for word in "abcdefghi"),
        (),
        ("same-texts", "warning", [10, 11, 12, 13, 14, 15, 16, 17, 18]),
        "f.csv: 9 rows that are the same to the backbone as another once cut at 256 tokens (lines 10, 11, 12, 13, 14 "
        "and 4 more).",
        "Put what tells the classes apart at the start of the texts, in words the backbone knows.",
    ),
    "labels that differ in how a number is written": (
        GOOD.replace("broken\n", "1\n", 2).replace("broken", "1.0").replace("late\n", "0\n", 2).replace("late", "0.0"),
        (),
        ("similar-labels", "warning", []),
        "f.csv: labels '1' and '1.0'; '0' and '0.0' differ only in how a number is written and are 4 classes; "
        "--label-map '1.0=1,0.0=0' makes them 2.",
        "Pass that to 'crosspt add-task' if one class is meant.",
    ),
    "labels that differ in case": (
        GOOD + "".join(f"{word} and more of that,Late\n" for word in ("here", "there", "up", "down")),
        (),
        ("similar-labels", "warning", []),
        "f.csv: labels 'Late' and 'late' differ only in case and are two classes; --label-map 'Late=late' makes them "
        "one.",
        "Pass that to 'crosspt add-task' if one class is meant.",
    ),
    "fewer rows than folds": (
        GOOD + "it rains a lot,weather\nso much snow today,weather\nfog again,weather\n",
        (),
        ("few-rows", "warning", [10, 11, 12]),
        "f.csv: too few rows for 4 folds, so there will be 3: 'weather' has 3.",
        "Add 1 'weather' row.",
    ),
    "a large and a small class": (
        GOOD + "".join(f"{chr(97 + number) * 4} and {chr(98 + number) * 3},late\n" for number in range(16)),
        (),
        ("imbalance", "warning", []),
        "f.csv: class 'late' has 20 rows, and 'broken' has 4.",
        "Add rows of the rare classes. Answering 'late' always would score 83 % here.",
    ),
    "a rare class left out": (
        GOOD + "it rains a lot,weather\n",
        ("--drop-rare",),
        ("rare-class", "note", [10]),
        "f.csv: 1 row of 1 class with fewer than 2 examples ('weather') left out (line 10).",
        "Add rows if they are to be told apart.",
    ),
    "texts that will be cut": (
        f"{GOOD}{LONG},late\nnot {LONG},broken\n",
        (),
        ("cut", "warning", [10, 11]),
        "f.csv: 2 rows are longer than 256 tokens, the template's included, and will be cut: line 10 by 45 and line 11 "
        "by 46.",
        "Put what tells the classes apart at the start of the text, or shorten it.",
    ),
    "a number that is given a meaning": (
        GOOD.replace("broken", "0").replace("late", "1"),
        ("--template", "sentiment"),
        ("label-words", "warning", []),
        "f.csv: The template reads 0 as 'negative' and 1 as 'positive'; --label-words says otherwise.",
        "Pass --label-words 'label=words' where others say better what the label means.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_what_is_found_is_told_with_its_lines_and_what_to_do(check, case):
    """None of these stops onboarding, and each of them costs answers or trust in the score."""
    content, words, (kind, severity, lines), message, remedy = FOUND[case]
    done = check(content, *words, "--json")
    findings = [finding for finding in json.loads(done.out)["findings"] if finding["kind"] == kind]
    assert findings == [{"kind": kind, "severity": severity, "lines": lines, "message": message, "remedy": remedy}]
    assert done.code == 0
    shown = " ".join(check(content, *words).out.split())
    assert " ".join(f"{severity} {message} {remedy}".split()) in shown


def _makers():
    """Return the modules that make notices on the way to training."""
    others = [ROOT / f"crosspt_cli/{name}.py" for name in ("checking/near_copies", "reading/readable")]
    return [*(ROOT / "crosspt_cli/data").glob("*.py"), *others]


def test_every_kind_of_notice_has_its_advice():
    """A kind that was added to the reader only would stop the check with a KeyError."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in _makers())
    direct = re.findall(r'(?:Notice|notice)\(\s*"([\w-]+)"', sources)
    through = re.findall(r'without\(\s*\w+, \w+, "([\w-]+)"', sources)
    left_out = ["too-many-cells", "too-few-cells", "bad-quotes", "backslash", "bad-json"]
    assert len(through) == 9 and {*direct, *through, *left_out} == set(ADVICE)


REFUSED = {
    "empty": ("", "file", []),
    "no columns": (GOOD.replace("y", "label", 1), "missing-column", []),
    "no text": ("id,y\n1,a\n2,b\n", "missing-column", []),
    "a NUL byte": (GOOD + "\0,late\n", "file", [10]),
    "an open quote": (GOOD + '"open,late\n', "file", [10]),
    "one class": (GOOD.replace("broken", "late"), "classes", []),
    "a class with one row": (GOOD + "it rains a lot,weather\n", "classes", [10]),
    "every text blank": ("text,y\n ,late\n,broken\n", "classes", []),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_add_task_refuses_is_an_error_in_the_same_words(check, case):
    """Two wordings of one problem are two problems."""
    content, kind, lines = REFUSED[case]
    refused = check(content, command="add-task")
    done = check(content, "--json")
    found = json.loads(done.out)
    errors = [finding for finding in found["findings"] if finding["severity"] == "error"]
    assert [f"{error['message']}\n{error['remedy']}\n" for error in errors] == [refused.err]
    assert [(error["kind"], error["lines"]) for error in errors] == [(kind, lines)]
    assert (refused.code, done.code, found["ok"]) == (3, 3, False)


OWN = """\
name: own
about: Ours.
fields: 1
segments:
  - text: "a complaint:"
  - field: 1
label-words:
  broken: bad
  late: bad
"""


@pytest.mark.parametrize(
    ("template", "content", "lines"),
    [(OWN, GOOD, []), (OWN.replace("late: bad", "late: slow"), f"{GOOD}{LONG},late\n", [10])],
    ids=["words that clash", "a text that may not be cut"],
)
def test_a_template_that_add_task_refuses_is_an_error_too(
    check, tmp_path, tiny_backbone, monkeypatch, template, content, lines
):
    """It says of a line of the template what is wrong, and that is no line of the file."""
    monkeypatch.setenv("CROSSPT_BACKBONE", str(tiny_backbone))
    (tmp_path / "own.yaml").write_text(template)
    refused = check(content, "--template", "own.yaml", "--dry-run", command="add-task")
    done = check(content, "--template", "own.yaml", "--json")
    (error,) = json.loads(done.out)["findings"]
    assert f"{error['message']}\n{error['remedy']}\n" == refused.err
    assert (error["kind"], error["severity"], error["lines"]) == ("template", "error", lines)
    assert (refused.code, done.code) == (3, 3)


def test_labels_that_collide_get_the_sentences_and_words_of_add_task(check, tiny_backbone, monkeypatch):
    """The words come from the tokenizer, which is opened another way here."""
    monkeypatch.setenv("CROSSPT_BACKBONE", str(tiny_backbone))
    content = GOOD + "".join(f"{word} and more of that,läte\n" for word in ("here", "there", "up", "down"))
    plan = json.loads(check(content, "--dry-run", "--json", command="add-task").out)
    found = json.loads(check(content, "--json").out)
    told = [finding["message"] for finding in found["findings"] if finding["kind"] == "label-words"]
    assert len(told) == 1 and told == [f"f.csv: {note}" for note in plan["notes"]]
    assert (found["label_words"], found["classes"]) == (plan["label_words"], plan["class_counts"])
    assert (found["template"], found["template_reason"]) == (plan["template"], plan["reason"])


def test_an_error_hides_nothing_else_and_the_next_command_is_another_check(check):
    """Mending one thing after the other would take as many runs as there are things."""
    done = check(GOOD + "it rains a lot,weather\nNothing has arrived yet!,late\nbad,row,here\n")
    lines = done.out.splitlines()
    assert done.code == 3
    assert lines[0] == "f.csv: 1 thing must be mended before add-task can run"
    assert "rows          10 of 11" in lines
    assert [line.split()[0] for line in lines if line.startswith(("error", "warning", "note"))] == [
        "error",
        "warning",
        "note",
    ]
    assert "template      'generic': no other template knows the labels or the text column text." in lines
    assert lines[-1] == "crosspt check f.csv --label-col y"


def test_the_next_command_repeats_what_was_chosen(check, tiny_backbone):
    """It can be pasted."""
    words = [
        "--text-col", "text", "--template", "topic", "--label-map", "late=too late", "--backbone", str(tiny_backbone),
        "--drop-rare",
    ]  # fmt: skip
    last = check(GOOD, *words).out.splitlines()[-1]
    assert shlex.split(last) == ["crosspt", "add-task", "f.csv", "--label-col", "y", *words]


def test_slips_of_the_hand_have_the_exit_codes_they_have_everywhere(call, home, tmp_path, monkeypatch):
    """A file that is not there is not a bad file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text(GOOD)
    assert call("check", "no.csv", "--label-col", "y").code == 4
    assert call("check", "f.csv", "--label-col", "y", "--text-col", "y").code == 2
    missing = call("check", "f.csv")
    assert (missing.code, missing.err) == (
        2,
        "f.csv: which column holds the labels? It has columns 'text' and 'y'.\n"
        "Pass --label-col with the column that holds the labels.\n",
    )


def test_the_settings_file_and_the_environment_count_here_too(call, home, tmp_path, monkeypatch):
    """Nothing is special about this command."""
    (tmp_path / "f.csv").write_text(GOOD + "it rains a lot,weather\n")
    home.mkdir()
    (home / "config.yaml").write_text("check:\n  label-col: y\n")
    assert call("check", tmp_path / "f.csv").code == 3
    monkeypatch.setenv("CROSSPT_CHECK_DROP_RARE", "1")
    assert call("check", tmp_path / "f.csv").code == 0


def test_parquet_and_pairs_are_checked_as_well(call, home, tmp_path):
    """There is no encoding and no line in Parquet, and both texts of a pair count."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = {
        "premise": ["a cat sat", "a cat sat", "a dog ran", "A dog ran!"],
        "hypothesis": ["it rested", "it flew", "it moved", "it moved"],
        "y": ["entailment", "contradiction", "entailment", "entailment"],
        "parts": [[1], [2], [3], [4]],
    }
    parquet.write_table(pyarrow.table(rows), tmp_path / "f.parquet")
    found = json.loads(call("check", tmp_path / "f.parquet", "--label-col", "y", "--json").out)
    assert (found["format"], found["encoding"], found["delimiter"]) == ("parquet", None, None)
    lines = {finding["kind"]: finding["lines"] for finding in found["findings"]}
    assert lines == {"classes": [2], "near-duplicate": [3, 4], "columns": []}
    (error, left_out, near) = (finding["message"] for finding in found["findings"])
    path = tmp_path / "f.parquet"
    assert error == f"{path}: class 'contradiction' has 1 example, and 2 folds need at least 2."
    assert near == f"{path}: 1 row has almost the text of another row and its label (rows 3 with 4)."
    assert left_out == f"{path}: columns without text or numbers were left out: 'parts'."
