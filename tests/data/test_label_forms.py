"""Labels that look the same are one class, and spellings of one label are pointed out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.data.label_forms import how_they_differ, plain_label, several_labels, similar_groups


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        ("pos\u200b", "pos"),
        ("\ufeffpos\u00a0", "pos"),
        ("not\u00a0 spam", "not spam"),
        ("so\u00adfa", "sofa"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u202bpos\u202c", "pos"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("Pos", "Pos"),
        ("x\u00b2", "x\u00b2"),
        (" \u200b ", ""),
    ],
)
def test_a_label_is_what_can_be_seen_of_it(cell, label):
    """Two classes that nobody can tell apart halve the score; what does differ to the eye stays."""
    assert plain_label(cell) == label


@given(st.text())
def test_a_plain_label_stays_as_it_is(cell):
    """Reading a file that crosspt wrote must not rename classes once more."""
    assert plain_label(plain_label(cell)) == plain_label(cell)


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        ({"0": 3, "0.0": 3, "1": 3, "1.0": 3}, [("0", "0.0"), ("1", "1.0")]),
        ({"LATE": 1, "Late": 2, "late": 2}, [("late", "Late", "LATE")]),
        ({"not_spam": 1, "not spam": 4, "Not-Spam": 1, "spam": 9}, [("not spam", "not_spam", "Not-Spam")]),
        ({"yes": 2, "yes.": 1, "no": 3}, [("yes", "yes.")]),
        ({"007": 2, "7": 3}, [("7", "007")]),
        ({"C": 2, "C++": 2, "C#": 2, "-1": 2, "1": 2, "a b": 1, "ab": 1}, []),
        ({"?": 2, "!": 2, ":)": 2, ":(": 2}, []),
        ({"nan": 2, "inf": 2, "none": 2}, []),
        ({"\u2764": 2, "\u2764\ufe0f": 1}, [("\u2764", "\u2764\ufe0f")]),
    ],
)
def test_spellings_of_one_label_are_found_and_the_most_frequent_is_kept(labels, groups):
    """1 and 1.0 come from one spreadsheet column with a blank in it."""
    assert similar_groups(labels) == groups


def test_it_is_said_in_what_spellings_differ():
    """The person should see at a glance whether they are one class."""
    assert how_they_differ([("late", "Late"), ("a", "A")]) == "only in case"
    assert how_they_differ([("1", "1.0")]) == "only in how a number is written"
    assert how_they_differ([("late", "Late"), ("1", "1.0")]) == "only in case, spaces, dashes or marks"


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["a", "b", "a;b"], {"a;b": ("a", "b")}),
        (["a", "b", "A | B"], {"A | B": ("a", "b")}),
        (["a", "b", "a, b"], {"a, b": ("a", "b")}),
        (["a", "b", '["a", "b"]'], {'["a", "b"]': ("a", "b")}),
        (["a|b", "b|c", "a|c"], {"a|b": ("a", "b"), "b|c": ("b", "c"), "a|c": ("a", "c")}),
        (["Money, cards", "Parcels, post", "Parcels, cards"], {}),
        (["a;b", "c"], {}),
        (["x;y", "z"], {}),
        (["C;", "D"], {}),
    ],
)
def test_several_labels_in_a_cell_are_recognised_by_their_parts(labels, found):
    """`a;b` as a class of its own is never what was meant; a comma in a name often is."""
    assert several_labels(dict.fromkeys(labels, 3)) == found
