"""`crosspt templates`: what ships, and how label words are tokenised."""

from __future__ import annotations

import json

import pytest


def test_the_list_names_every_shipped_template(call, home):
    """With how many texts each reads, for whoever chooses."""
    lines = call("templates", "list").out.splitlines()
    assert lines[0].split() == ["template", "texts", "about"]
    names = [template["name"] for template in json.loads(call("templates", "list", "--json").out)["templates"]]
    assert [line.split()[0] for line in lines[1:]] == names
    assert {"generic", "intent", "pair", "paraphrase", "question", "sentiment", "topic"} == set(names)


def test_a_shown_template_is_one_that_can_be_used(call, home, tmp_path):
    """Showing one is how people start their own."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(call("templates", "show", "sentiment").out)
    assert call("templates", "show", mine).out == mine.read_text()
    assert json.loads(call("templates", "show", "topic", "--json").out)["name"] == "topic"


def test_check_shows_each_label_with_its_words_and_tokens(call, home, tiny_backbone):
    """The tokens are what the backbone really answers with."""
    done = call("templates", "check", "sentiment", "--labels", "pos,neg", "--backbone", tiny_backbone)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["label", "words"],
        ["pos", "positive"],
        ["neg", "negative"],
    ]
    words = ("templates", "check", "sentiment", "--labels", "pos,neg", "--backbone", tiny_backbone, "--json")
    labels = json.loads(call(*words).out)["labels"]
    assert [(each["label"], each["words"]) for each in labels] == [("pos", "positive"), ("neg", "negative")]
    assert all(len(each["tokens"]) == len(each["pieces"]) > 0 for each in labels)


def test_check_takes_the_labels_of_a_file(call, home, tiny_backbone, reviews):
    """The question is usually about one's own data."""
    words = ("templates", "check", "sentiment", reviews, "--label-col", "y", "--backbone", tiny_backbone)
    assert [line.split()[0] for line in call(*words).out.splitlines()] == ["label", "neg", "pos"]


def test_check_without_labels_shows_those_the_template_knows(call, home, tiny_backbone):
    """Enough to see whether a file of one's own is sound."""
    done = call("templates", "check", "generic", "--backbone", tiny_backbone)
    assert done.out == (
        "generic: is a sound template and knows no label; --labels a,b,c shows how those are tokenised.\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rows.csv",), "--label-col: is missing beside the file 'rows.csv'.\nName its column of labels.\n"),
        (
            ("rows.csv", "--labels", "a,b"),
            "--labels: was given beside the file 'rows.csv'.\nLeave one of them out.\n",
        ),
    ],
)
def test_labels_come_from_one_place(call, home, words, message):
    """Two sources of labels would leave open which was checked."""
    done = call("templates", "check", "sentiment", *words)
    assert (done.code, done.err) == (2, message)
