"""Which columns are taken for texts when nobody says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.data import find_column, find_text_columns

TEXTS = ["the kettle leaks a lot", "it works very well", "never again, I say", "arrived on time today"]
OTHERS = ["send me a new one", "that is all I can say", "give me my money back", "thanks to the driver"]
CASES = {
    "sentences stay beside a telling name": ({"note": OTHERS, "text": TEXTS}, ["note", "text"]),
    "of two that say the same the telling name wins": (
        {"note": [text.upper() + "!" for text in TEXTS], "text": TEXTS},
        ["text"],
    ),
    "pairs in file order": ({"sentence2": TEXTS, "sentence1": TEXTS}, ["sentence2", "sentence1"]),
    "a repeated premise": ({"premise": TEXTS[:1] * 4, "hypothesis": TEXTS}, ["premise", "hypothesis"]),
    "a short target of a pair": (
        {"sentence1": ["Tax", "Tax", "Tax", "EU"], "sentence2": TEXTS},
        ["sentence1", "sentence2"],
    ),
    "title and body": ({"title": ["Late", "Broken", "Thanks", "Hi"], "body": TEXTS}, ["title", "body"]),
    "a school subject is no text": (
        {"subject": ["math", "art", "math", "math", "math"], "question_text": [*TEXTS, "why is that so"]},
        ["question_text"],
    ),
    "by looking": ({"wat": TEXTS, "kind": list("abab")}, ["wat"]),
    "several by looking": ({"one": TEXTS, "n": list("1234"), "two": OTHERS}, ["one", "two"]),
    "repeated phrases are a category": (
        {"team": ["the big blue team"] * 4 + ["the other red team"], "x": [*TEXTS, "why is that so"]},
        ["x"],
    ),
    "ids, dates and numbers never": (
        {"text_id": ["T-0", "T-1", "T-2", "T-3"], "when": ["2024-01-02 10:00"] * 4, "text": ["1", "2.5", "3", "4%"]},
        [],
    ),
    "sentences whatever the name": ({"created at": TEXTS, "url": OTHERS}, ["created at", "url"]),
    "codes under a telling name": ({"title": ["T-0", "T-1", "T-2", "T-3"], "x": TEXTS}, ["x"]),
    "what crosspt wrote": ({"crosspt_guess": TEXTS, "x": OTHERS}, ["x"]),
    "a blank title beside a text": ({"title": [""] * 4, "text": TEXTS}, ["text"]),
    "sentences that come back": ({"x": [f"here is sentence number {n % 25} of them" for n in range(100)]}, ["x"]),
    "names are no texts": ({"person": ["Ann", "Bob", "Cy", "Di"]}, []),
    "no spaces between words": ({"x": ["今天天气很好", "这个产品不好用", "我非常喜欢它", "下次不会再买"]}, ["x"]),
    "all blank under the right name": ({"text": [""] * 4, "other": [""] * 4}, ["text"]),
}


@pytest.mark.parametrize("case", CASES)
def test_text_columns_are_found_by_name_and_look(case):
    """A wrong guess trains on ids; no guess asks for a flag."""
    table, expected = CASES[case]
    columns = list(table)
    found = find_text_columns(columns, list(zip(*table.values(), strict=True)))
    assert [columns[index] for index in found] == expected


def test_the_label_is_never_taken_for_a_text():
    """Long label names look like texts."""
    assert find_text_columns(["answer", "text"], [(text, text) for text in TEXTS], but=(0,)) == [1]


def test_an_exact_name_beats_a_forgiven_one_and_a_tie_finds_none():
    """Two columns that differ in case are two columns."""
    assert find_column("text", ["Text", "text "]) == 1
    assert find_column("text", ["Text", "text"]) == 1
    assert find_column("TEXT", ["Text", "text"]) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda name: name.strip("\ufeff").strip()))
def test_a_column_is_found_whatever_surrounds_its_name(name):
    """Spaces and marks around a header are invisible in every editor."""
    assert find_column(name, ["\x01other", f"\ufeff\u00a0{name}\u00a0 "]) == 1
