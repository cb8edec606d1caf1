"""The example files are what people meet first."""

import pytest

from crosspt_cli.data import read_csv, read_table

FOLDER = __file__.rsplit("/tests/", 1)[0] + "/examples"


@pytest.mark.parametrize(
    ("name", "label", "texts", "rows", "classes"),
    [("reviews.csv", "y", ("text",), 64, 2), ("tickets.csv", "team", ("subject", "body"), 60, 5)],
)
def test_the_examples_are_balanced_and_flawless(name, label, texts, rows, classes):
    """A notice on the very first command would be a poor welcome."""
    examples = read_csv(f"{FOLDER}/{name}", label, min_per_class=4)
    assert (examples.text_columns, examples.notices) == (texts, ())
    assert set(examples.class_counts().values()) == {rows // classes}


def test_reviews_have_about_twenty_words():
    """The speed promised in the README is measured on them."""
    lengths = [len(row.fields[0].split()) for row in read_csv(f"{FOLDER}/reviews.csv", "y").rows]
    assert 10 <= min(lengths) <= max(lengths) <= 30
    assert 19 <= sum(lengths) / len(lengths) <= 22


def test_new_tickets_are_none_of_the_labelled_ones():
    """What predicting is tried on must not be what the task was made of."""
    labelled = {row.fields for row in read_csv(f"{FOLDER}/tickets.csv", "team").rows}
    new = read_table(f"{FOLDER}/new_tickets.csv")
    assert new.columns == ("subject", "body")
    assert len(new.rows) == 12
    assert not {row.cells for row in new.rows} & labelled
