"""Rows that nearly repeat another one: found without comparing every row with every other."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.data import Example, near_duplicates

ELEVEN = "one two three four five six seven eight nine ten eleven"


def rows_of(texts, labels=""):
    """Return rows on lines 2, 3, …, all of one label unless letters say otherwise."""
    fields = [text if isinstance(text, tuple) else (text,) for text in texts]
    return [
        Example(each, label, line)
        for line, (each, label) in enumerate(zip(fields, labels or "a" * len(fields), strict=True), 2)
    ]


def pairs(*texts, labels=""):
    found = near_duplicates.near_duplicates(rows_of(texts, labels))
    return [(pair.first, pair.second, pair.one_label) for pair in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The box was OPEN!", "the box, was open"),
        ("Order 4711 came 2.5 days late", "order 12 came 30 days late"),
        ("Caf\u00e9 is closed", "CAFE\u0301 is closed"),
        ("Great!", "great"),
        (ELEVEN, ELEVEN.replace("eleven", "twelve")),
    ],
)
def test_case_punctuation_numbers_and_a_fifth_of_the_shingles_make_no_difference(one, other):
    """These are what people change when they copy a row; the last pair shares exactly 8 of 10 shingles."""
    assert pairs("something else entirely here", one, other) == [(3, 4, True)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ELEVEN.replace(" eleven", ""), ELEVEN.replace("ten eleven", "twelve")),
        ("5 stars", "4 stars"),
        ("1 2 3 4", "5 6 7 8"),
        (":)", ":("),
        ("not good", "good not"),
        ("the same premise here", "the same hypothesis there"),
    ],
)
def test_less_likeness_than_that_is_no_pair(one, other):
    """The first pair shares 7 of 9 shingles; in the next the number is half of what is said."""
    assert pairs(one, other) == []


def test_every_text_of_a_row_must_be_alike():
    """A premise with three hypotheses is how such data is made, and no copy."""
    premise = f"{ELEVEN} and some more words of a long premise"
    assert pairs((premise, "the man sleeps now"), (premise, "a dog runs away")) == []
    assert pairs((premise, "the man sleeps now"), (premise + "!", "The man sleeps, now.")) == [(2, 3, True)]
    assert pairs((premise, ""), (premise + "!", "")) == [(2, 3, True)]
    assert pairs((premise, ""), (premise + "!", "the man sleeps now")) == []


def test_a_row_is_paired_with_one_of_its_label_and_one_of_another():
    """A hundred copies of one text are a hundred pairs, not five thousand."""
    texts = ["So it is late", "so it is late!", "so it is late?", "so, it is late"]
    assert pairs(*texts, labels="aaba") == [(2, 3, True), (2, 4, False), (2, 5, True), (4, 5, False)]


@given(st.lists(st.tuples(st.text("ab ", max_size=24), st.text("c ", max_size=6)), max_size=12), st.data())
def test_no_pair_is_wrong_and_no_row_that_has_a_like_is_missed(texts, data):
    """The index must find what comparing every row with every other finds."""
    rows = rows_of(texts, data.draw(st.text("xy", min_size=len(texts), max_size=len(texts))))
    alike = {
        (one.line, other.line, one.label == other.label)
        for one, other in combinations(rows, 2)
        if any(shingles(one)) and all(map(alike_enough, shingles(one), shingles(other)))
    }
    found = {(pair.first, pair.second, pair.one_label) for pair in near_duplicates.near_duplicates(rows)}
    assert found <= alike
    named = {(line, same) for first, second, same in found for line in (first, second)}
    assert all((first, same) in named or (second, same) in named for first, second, same in alike)


def shingles(row):
    return [near_duplicates.shingles_of(text) for text in row.fields]


def alike_enough(one, other):
    """Return whether two sets of shingles share four fifths of all they have."""
    return 5 * len(one & other) >= 4 * len(one | other)


def test_a_common_footer_does_not_bring_back_all_comparisons(monkeypatch):
    """A thousand mails with one long signature make half a million pairs that are not alike."""
    count = 0

    def counting(one, other):
        nonlocal count
        count += 1
        return alike_enough(one, other)

    monkeypatch.setattr(near_duplicates, "_are_like", counting)
    draw = random.Random(0)
    own = [" ".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=20)) for _ in range(1_000)]
    footer = " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(84))
    assert pairs(*(f"{text} {footer}" for text in own)) == []
    assert count < 20_000


def groups(*texts):
    return near_duplicates.near_groups(rows_of(texts))


def test_the_like_of_a_like_is_in_the_group_and_labels_make_no_difference():
    """One of them in training is enough to know the others."""
    chain = [ELEVEN, ELEVEN.replace("eleven", "twelve"), ELEVEN.replace("one", "none").replace("eleven", "twelve")]
    assert pairs(chain[0], chain[2]) == []
    assert groups("something else entirely here", *chain, "and that is all") == (0, 1, 1, 1, 4)
    assert near_duplicates.near_groups(rows_of(["so it is", "So it is!"], "ab")) == (0, 0)


def test_rows_of_several_files_on_one_line_are_two_rows():
    """Lines begin anew in every file."""
    rows = [
        Example((text,), "a", 2, file) for text, file in (("so it is", "a"), ("now or never", "b"), ("So it is!", "c"))
    ]
    assert near_duplicates.near_groups(rows) == (0, 1, 0)


def test_texts_without_a_word_are_like_none():
    """Nothing can be said of them."""
    assert groups(":)", ":(", "", "!!!") == (0, 1, 2, 3)


@given(st.lists(st.tuples(st.text("ab ", max_size=24), st.text("c ", max_size=6)), max_size=12))
def test_groups_are_what_comparing_every_row_with_every_other_connects(texts):
    """A row that is missed stands in training and among the held-out rows."""
    rows = rows_of(texts)
    expected = list(range(len(rows)))
    for one, other in combinations(range(len(rows)), 2):
        like = any(shingles(rows[one])) and all(map(alike_enough, shingles(rows[one]), shingles(rows[other])))
        if like and expected[one] != expected[other]:
            low, high = sorted((expected[one], expected[other]))
            expected = [low if group == high else group for group in expected]
    assert near_duplicates.near_groups(rows) == tuple(expected)


def test_thousands_of_copies_are_grouped_without_comparing_them_all(monkeypatch):
    """A log has one sentence a thousand times."""
    count = 0

    def counting(one, other):
        nonlocal count
        count += 1
        return alike_enough(one, other)

    monkeypatch.setattr(near_duplicates, "_are_like", counting)
    found = groups(
        *(f"{sentence} {n}" for n in range(2_000) for sentence in ("the disk is full at", "no route to host"))
    )
    assert found == (0, 1) * 2_000
    assert count < 100
