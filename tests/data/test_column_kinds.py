"""What the cells of a column are: sentences can be learned from, and all the rest cannot."""

import pytest

from crosspt_cli.data.column_kinds import kind_of, restates, same_cells

KINDS = {
    "numbers": [
        ["1", "2.5", "-3", "4%"],
        ["$5.00", "12 kg", "1,234.50 EUR"],
        ["0.1 0.2 -0.3", "1e-5 0.2 3"],
        ["[0.1, 0.2]", "[1, nan]"],
        ["+49 171 123", "(030) 1234"],
    ],
    "dates": [
        ["Jan 1, 2024 1:10 AM", "Feb 2, 2024 2:11 AM"],
        ["2024-01-02T10:00:00Z", "2024-01-02 10:00:00.123+00:00"],
        ["Monday, 3 March 2024", "yesterday"],
        ["3 days ago", "2 weeks ago", "today at 5 p.m."],
        ["10:30", "11:45 pm"],
        ["1. März 2024", "3 de mayo de 2024"],
        ["2024/01/02", "1.2.2024"],
    ],
    "addresses": [
        ["https://example.org/a", "www.example.org"],
        ["ann@example.org", "Ann Lee <ann@example.org>"],
        ["example.org", "example.org/a/b"],
    ],
    "codes": [
        ["T-0", "T-1"],
        ["Case 12", "INV 2024"],
        ["550e8400-e29b-41d4-a716-446655440000", "deadbeefcafe"],
        ["user_login_failed", "user_logout"],
        ["support/billing", "support/shipping"],
        ["@somebody", "#thanks"],
        ["v1.2.3", "Q3 2024"],
    ],
    "names": [
        ["Ann Maria Lee", "Bob van der Berg", "Prof. Cy Young"],
        ["Lee, Ann", "J. R. Smith"],
        ["Acme Corp Ltd", "Foo Bar Inc."],
        ["12 Main Street, Springfield", "3 High Street, Leeds"],
    ],
    "lists": [
        ["red, green", "green, blue", "red, blue", "red, green, blue"],
        ["['a', 'b']", '["x"]'],
        ['{"a": 1}', '{"b": [2]}'],
    ],
    "values": [["the big blue team"] * 5 + ["the other red team"] * 2],
    "sentences": [
        ["I was charged twice", "the app does not start"],
        ["Cannot Log In", "My Parcel Is Late"],
        ["I AM SO ANGRY", "WHERE IS MY BOX"],
        ["今天天气很好", "这个产品不好用了3"],
        ["Late on 3 May, and no word since", "I want 20 EUR back by Monday"],
        ["Great, fast, and it works", "Cheap, ugly and broken"],
        ["see https://example.org for what I mean", "mail ann@example.org about that"],
    ],
    "phrases": [["great!", "so so"], ["😀", "😡"], ["not good", "bad"]],
}


@pytest.mark.parametrize(("kind", "cells"), [(kind, cells) for kind, every in KINDS.items() for cells in every])
def test_columns_are_told_apart_by_their_cells(kind, cells):
    """Names of columns mislead: a `title` holds codes, and `url` may hold what people wrote."""
    assert kind_of(cells) == kind


LABELS = ["0", "1", "2"] * 10
TOPICS = ["something about money", "something about parcels", "something about signing in"]


@pytest.mark.parametrize(
    ("cells", "says_it_again"),
    [
        (TOPICS * 10, True),
        ([TOPICS[0].upper() + "!", *TOPICS[1:]] + TOPICS * 9, True),
        (TOPICS * 9 + TOPICS[:2] + ["something else entirely"], True),
        (["money, one", *TOPICS[1:]] * 5 + ["money, two", *TOPICS[1:]] * 5, True),
        ([f"{TOPICS[n % 3]} {chr(97 + n % 26)}" for n in range(30)], False),
        (TOPICS[:1] * 30, False),
        ((TOPICS * 4)[:10] * 3, False),
    ],
    ids=["one per class", "other spellings", "nearly", "two for one class", "different texts", "constant", "unrelated"],
)
def test_a_column_that_says_the_label_again_is_told_from_one_that_is_predicted_by_it(cells, says_it_again):
    """With a description of the class beside the text everything is right in training, and nothing afterwards."""
    assert restates(cells, LABELS) is says_it_again


def test_rows_without_label_or_cell_say_nothing_about_a_column():
    """Half of a file may be unlabelled."""
    assert restates([*TOPICS * 4, "", "no label here"], [*LABELS[:12], "0", ""])


def test_two_texts_in_few_rows_are_no_restated_label():
    """Four rows of two classes, each text once, are a task."""
    assert not restates(["so good", "so bad", "not good", "not bad"], ["1", "0", "0", "1"])


def test_columns_that_say_the_same_differ_in_case_and_marks_at_most():
    """`text_clean` beside `text` would be read twice."""
    assert same_cells(["So late!", "Good, really"], ["so late", "good really"])
    assert not same_cells(["So late!", "Good, really"], ["so late", "bad"])
