"""Durations, lists and label maps as they are typed."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.cli.values import Duration, LabelMap, Labels, Numbers

NAMES = st.text(st.characters(blacklist_characters=",=\\", blacklist_categories=("Cs", "Cc")), min_size=1).filter(
    lambda name: name == name.strip()
)


@pytest.mark.parametrize(("typed", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5 h", 5400), ("1H", 3600)])
def test_durations_are_seconds(typed, seconds):
    """All of these are what people type."""
    assert Duration().convert(typed, None, None) == seconds


@pytest.mark.parametrize("typed", ["", "0", "0m", "-5s", "ten", "5d", "1m30s", "inf", "nan"])
def test_other_durations_are_refused(typed):
    """A time limit that is misread costs hours."""
    with pytest.raises(click.BadParameter, match="is no duration; write for example 90s, 10m or 1h"):
        Duration().convert(typed, None, None)


@given(st.lists(st.integers(0, 99), min_size=1))
def test_number_lists_come_back(numbers):
    """In the order given, repeats included."""
    assert Numbers(int, "0,1").convert(",".join(map(str, numbers)), None, None) == tuple(numbers)


@pytest.mark.parametrize("typed", ["", "a", "1,,2", "-1", "1;2", "nan", "inf"])
def test_other_number_lists_are_refused(typed):
    """NaN would pass a comparison with 0 unseen."""
    with pytest.raises(click.BadParameter, match="is no list of numbers from 0 on"):
        Numbers(float, "0,0.1,1").convert(typed, None, None)


@given(st.dictionaries(NAMES, NAMES, min_size=1))
def test_label_maps_come_back(mapping):
    """As simple labels are typed, without a thought of escapes."""
    typed = ",".join(f"{old}={new}" for old, new in mapping.items())
    assert LabelMap("a=positive,b=negative").convert(typed, None, None) == mapping


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("a", "'a' is no list of old=new; write for example 'a=positive,b=negative'."),
        ("a=", "'a=' is no list of old=new; write for example 'a=positive,b=negative'."),
        ("a=b,a=c", "names the label 'a' twice."),
    ],
)
def test_other_label_maps_are_refused(typed, message):
    """A map that is half understood would train on wrong labels."""
    with pytest.raises(click.BadParameter) as caught:
        LabelMap("a=positive,b=negative").convert(typed, None, None)
    assert caught.value.message == message


def test_labels_are_taken_once_each():
    """Typing one twice is harmless."""
    assert Labels().convert("a, b,a", None, None) == ("a", "b")


def test_a_label_with_a_comma_is_typed_with_a_backslash():
    """Classes of several nouns are common, and must be renamable."""
    typed = r"MONEY\, CARDS=money,LOG-IN\=2FA=log-in"
    assert LabelMap("a=b").convert(typed, None, None) == {"MONEY, CARDS": "money", "LOG-IN=2FA": "log-in"}
    assert Labels().convert(r"a\, b,c", None, None) == ("a, b", "c")
