"""Several files are one task's rows: what is wrong is told with the file it is in."""

import gzip

import pytest

from crosspt_cli.data import find_text_columns, read_csv, row_digest
from crosspt_cli.foundation.errors import DataError, OptionError

A = "text,y\nfine and dandy thing,a\nvery bad thing,b\nquite good thing,a\nsad old thing,b\n"
B = "text,y\none more good thing,a\none more bad thing,b\n"


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(*contents, **options):
    """Return the examples of files a.csv, b.csv, … with these contents."""
    names = [f"{letter}.csv" for letter in "abcd"[: len(contents)]]
    for name, content in zip(names, contents, strict=True):
        with open(name, "w", encoding="utf-8") as handle:
            handle.write(content)
    return read_csv(names, "y", **options)


def refused(*contents, **options):
    """Return the message that reading these contents ends with."""
    with pytest.raises((DataError, OptionError)) as caught:
        read(*contents, **options)
    return str(caught.value)


def test_rows_come_file_after_file_and_know_their_place():
    """A row that is named later must be found again."""
    examples = read(A, B)
    assert [row.place for row in examples.rows] == [
        ("a.csv", 2), ("a.csv", 3), ("a.csv", 4), ("a.csv", 5), ("b.csv", 2), ("b.csv", 3),
    ]  # fmt: skip
    assert (examples.path, examples.notices) == ("a.csv and b.csv", ())
    assert examples.class_counts() == {"a": 3, "b": 3}


def test_one_file_in_a_list_is_that_file():
    """There is one way to read rows."""
    assert read(A) == read_csv("a.csv", "y")


def test_columns_are_matched_by_name_in_whatever_order_and_format():
    """Later rows often come from another program."""
    with gzip.open("b.jsonl.gz", "wt") as handle:
        handle.write('{"y": "a", "number": 1, "Text": "one more good thing"}\n')
    with open("a.csv", "w", encoding="utf-8") as handle:
        handle.write(A)
    examples = read_csv(["a.csv", "b.jsonl.gz"], "y")
    assert examples.rows[-1].fields == ("one more good thing",)
    assert examples.rows[-1].place == ("b.jsonl.gz", 1)
    assert examples.text_columns == ("text",)


def test_copies_are_left_out_across_files_as_within_one():
    """A row in training and its copy among the held-out rows flatter the score."""
    examples = read(A + "fine and dandy thing,a\n", B + "very bad thing,b\n")
    assert len(examples) == 6
    (notice,) = examples.notices
    assert (notice.kind, notice.lines, notice.files) == ("duplicate", (6, 4), ("a.csv", "b.csv"))
    assert notice.text == (
        "a.csv and b.csv: 2 rows with the text and label of an earlier row left out (a.csv line 6 and b.csv line 4)."
    )


def test_a_text_under_two_labels_in_two_files_is_told_with_both_places():
    """One of the two people was wrong, and somebody has to look at both rows."""
    examples = read(A, B + "very bad thing,a\nsad old thing,a\nthe worst thing,b\n")
    assert [row.place for row in examples.rows] == [
        ("a.csv", 2), ("a.csv", 4), ("b.csv", 2), ("b.csv", 3), ("b.csv", 6),
    ]  # fmt: skip
    (notice,) = examples.notices
    assert (notice.kind, notice.lines) == ("two-labels", (3, 5, 4, 5))
    assert notice.files == ("a.csv", "a.csv", "b.csv", "b.csv")
    assert notice.text == (
        "a.csv and b.csv: 4 rows whose text also stands under another label: all copies left out "
        "(a.csv line 3 'b' but b.csv line 4 'a' and a.csv line 5 'b' but b.csv line 5 'a')."
    )


def test_what_is_wrong_with_one_files_lines_names_that_file():
    """Line 4 alone could be in any of them."""
    examples = read(A, B + "one, two,a\n ,b\n")
    assert [(notice.kind, notice.lines, notice.files) for notice in examples.notices] == [
        ("too-many-cells", (4,), ("b.csv",)),
        ("blank-text", (5,), ("b.csv",)),
    ]
    assert examples.notices[1].text == "a.csv and b.csv: 1 row with a blank text left out (b.csv line 5)."


REFUSED = {
    "no column of texts": (
        (A, B.replace("text", "body")),
        "b.csv: no column 'text', where a.csv has its texts; it has columns 'body' and 'y'.\n"
        "Give the columns of texts the same names in every file.",
    ),
    "one column of texts more": (
        (A, "title,text,y\nabout this,one more good thing,a\nabout that,one more bad thing,b\n"),
        "b.csv: 'title' would not be read, for a.csv has its texts in 'text'.\n"
        "Pass --text-col text if that is meant, or give the columns of texts the same names in every file.",
    ),
    "no column of labels": (
        (A, B.replace("y", "label", 1)),
        "b.csv: no column 'y'; it has columns 'text' and 'label'.\nPass --label-col with one of these.",
    ),
    "a row that cannot be read": (
        (A, B + '"open,a\n'),
        "b.csv line 4: a quote opens here, and the file ends before it closes.\n"
        'Close the quote, or write a quote inside a quoted cell twice ("").',
    ),
    "a rare class": (
        (A, B + "something else,c\n"),
        "a.csv and b.csv: class 'c' has 1 example, and 2 folds need at least 2.\n"
        "Add 1 'c' row, or pass --drop-rare to leave the class out.",
    ),
    "every text blank": (
        ("text,y\n ,a\n", "text,y\n ,b\n"),
        "a.csv and b.csv: every text in column 'text' is blank (a.csv line 2 and b.csv line 2).\n"
        "Fill in the texts, or pass --text-col with the column that has them.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_told_with_its_file(case):
    """The person has several open."""
    contents, message = REFUSED[case]
    assert refused(*contents) == message


def test_a_column_that_is_not_meant_can_be_left_out():
    """The hint of the refusal must work."""
    contents = REFUSED["one column of texts more"][0]
    assert len(read(*contents, text_cols=["text"])) == 6


def test_a_file_named_twice_is_refused():
    """All of its rows would be copies."""
    read(A)
    with pytest.raises(OptionError) as caught:
        read_csv(["a.csv", "./a.csv"], "y")
    assert str(caught.value) == "./a.csv: is the same file as a.csv, named before.\nName each file once."


def test_what_crosspt_wrote_beside_a_text_is_never_a_text():
    """Guesses of several different words would look like texts."""
    columns = ["complaint", "crosspt_guess", "Crosspt Line"]
    rows = [(f"it broke on day {n} again", f"cannot be used at all {n}", f"see line {n} there") for n in range(20)]
    assert find_text_columns(columns, rows) == [0]


def test_rows_that_differ_in_case_and_spaces_have_one_digest():
    """The same row comes back from a spreadsheet with other spaces."""
    assert row_digest(["Late  again.", "ﬁne"]) == row_digest(["late again. ", "fine"])
    assert len({row_digest(row) for row in (["a b"], ["ab"], ["a", "b"], ["a", "", "b"])}) == 4
