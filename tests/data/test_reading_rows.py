"""Files become examples: what is read, what is left out, and what is said about it."""

import csv
import gzip
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.data import Example, few_shots, read_csv, read_table
from crosspt_cli.foundation.errors import OptionError

GOOD = "text,y\nfine and dandy thing,a\nvery bad thing,b\nquite good thing,a\nsad old thing,b\n"


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text, name="f.csv", encoding="utf-8"):
    with open(name, "w", encoding=encoding, newline="") as handle:
        handle.write(text)
    return name


def read(text, *args, **options):
    return read_csv(write(text), *(args or ("y",)), **options)


def texts(examples):
    return [row.fields[0] for row in examples.rows]


def notices(examples):
    return [notice.text for notice in examples.notices]


def test_values_that_look_missing_or_numeric_stay_text():
    """Silent NA and float conversion is the best-known way to lose labels."""
    examples = read("text,y\nNone,NA\nnull,007\n1.0,NA\nnan,007\n")
    assert examples.labels() == ("NA", "007", "NA", "007")
    assert texts(examples) == ["None", "null", "1.0", "nan"]


def test_examples_carry_the_line_their_row_starts_on():
    """Messages name lines; a cell with line breaks must not shift them."""
    examples = read('text,y\n"one\ntwo",a\n\nthree,b\nfour,a\nfive,b\n')
    assert examples.rows[0] == Example(("one\ntwo",), "a", 2)
    assert [row.line for row in examples.rows] == [2, 5, 6, 7]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_although_texts_contain_others(delimiter):
    """A semicolon file full of commas is what spreadsheets export in half of Europe."""
    rows = ["good, but; slow | today", "bad; very, bad | too", "nice, nice", "poor; poor"]
    with open("f.csv", "w", newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter)
        writer.writerows([("text", "y"), *zip(rows, "abab", strict=True)])
    assert texts(read_csv("f.csv", "y")) == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark_and_utf8_are_read_without_a_notice(encoding):
    """The person should not have to know what an encoding is."""
    write(GOOD.replace("dandy", "d\u00e4ndy"), encoding=encoding)
    examples = read_csv("f.csv", "y")
    assert texts(examples)[0] == "fine and d\u00e4ndy thing"
    assert examples.notices == ()


def test_windows_1252_is_read_with_a_notice():
    """A guess that was made must be said."""
    write(GOOD.replace("quite", "\u201cqu\u00eete\u201d"), encoding="cp1252")
    examples = read_csv("f.csv", "y")
    assert texts(examples)[2] == "\u201cqu\u00eete\u201d good thing"
    assert notices(examples) == ["f.csv is not UTF-8 (line 4), so it was read as Windows-1252 (cp1252)."]


def test_a_packed_file_is_read_as_if_unpacked():
    """Data sets travel as .csv.gz."""
    with gzip.open("f.csv.gz", "wt") as handle:
        handle.write(GOOD)
    assert len(read_csv("f.csv.gz", "y")) == 4


def test_spaces_marks_and_case_in_the_header_are_forgiven_and_mentioned():
    """Invisible characters in headers are the classic unanswerable 'column not found'."""
    examples = read(GOOD.replace("text,y", "\ufeffText\u2060\u00a0, Y "), "y", ["text"])
    assert examples.text_columns == ("Text",)
    assert notices(examples) == [
        "f.csv: the header spells a column ' Y '; its spaces and case were forgiven.",
        "f.csv: the header spells a column 'Text\\u2060\\xa0'; its spaces and case were forgiven.",
    ]


def test_an_exact_header_gives_no_notice():
    """Notices are read only while they are rare."""
    assert read(GOOD).notices == ()


def test_row_problems_are_reported_with_their_lines_and_left_out():
    """Every row that is not learned from must be accounted for."""
    examples = read(
        "text,y\n"
        "good thing,a\n"  # 2
        "  ,a\n"  # 3 blank text
        "no label,\n"  # 4
        "good thing,a\n"  # 5 duplicate of 2
        "torn,a\n"  # 6
        "torn,b\n"  # 7
        "torn,a\n"  # 8
        "one, two,a\n"  # 9 too many
        "alone\n"  # 10 too few
        '"odd" quote,a\n'  # 11
        "bad thing,b\n"
        "better thing,a\n"
        "worse thing,b\n"
    )
    assert texts(examples) == ["good thing", "bad thing", "better thing", "worse thing"]
    assert [(notice.kind, notice.lines) for notice in examples.notices] == [
        ("too-many-cells", (9,)),
        ("too-few-cells", (10,)),
        ("bad-quotes", (11,)),
        ("blank-text", (3,)),
        ("blank-label", (4,)),
        ("two-labels", (6, 7, 8)),
        ("duplicate", (5,)),
    ]
    assert notices(examples) == [
        "f.csv: 1 row with more cells than the header left out, often for a separator that is not within quotes"
        " (line 9).",
        "f.csv: 1 row with fewer cells than the header left out (line 10).",
        "f.csv: 1 row with text after a closing quote left out; a quote inside a quoted cell is written twice"
        " (line 11).",
        "f.csv: 1 row with a blank text left out (line 3).",
        "f.csv: 1 row with a blank label in column 'y' is taken for a row without a label (line 4); --ignore-unlabelled"
        " leaves it out.",
        "f.csv: 3 rows whose text also stands under another label: all copies left out (lines 6, 7 and 8).",
        "f.csv: 1 row with the text and label of an earlier row left out (line 5).",
    ]


def test_a_notice_shows_five_lines_and_counts_the_rest():
    """A thousand line numbers would bury the sentence."""
    (notice,) = read(GOOD + ",a\n" * 9).notices
    assert notice.lines == tuple(range(6, 15))
    assert notice.text == "f.csv: 9 rows with a blank text left out (lines 6, 7, 8, 9, 10 and 4 more)."


def test_spaces_around_a_label_do_not_make_a_second_class():
    """'a' and 'a ' look the same to the person who typed them."""
    examples = read(GOOD.replace("thing,a\nvery", "thing, a\nvery"))
    assert examples.classes == ("a", "b")
    assert notices(examples) == ["f.csv: 1 row with spaces around the label in column 'y' read without them (line 2)."]


def test_labels_that_differ_only_in_case_are_pointed_out():
    """They stay two classes, for they may be, but nobody should find out by the score."""
    examples = read(GOOD + "another one,A\nyet another,A\n")
    assert examples.classes == ("A", "a", "b")
    assert notices(examples) == [
        "f.csv: labels 'A' and 'a' differ only in case and are two classes; --label-map 'A=a' makes them one."
    ]


def test_several_text_columns_are_kept_in_file_order():
    """The template's fields are filled in this order."""
    text = "id,hypothesis,y,premise\n"
    text += "".join(f"{n},h {n} is so,{'ab'[n % 2]},p {n} is so\n" for n in range(6))
    examples = read(text)
    assert examples.text_columns == ("hypothesis", "premise")
    assert examples.rows[0].fields == ("h 0 is so", "p 0 is so")
    assert read(text, "y", ["premise", "hypothesis"]).rows[0].fields == ("p 0 is so", "h 0 is so")


def test_a_row_with_one_of_two_texts_blank_is_kept_and_mentioned():
    """A ticket without a subject is still a ticket."""
    text = "subject,body,y\n,my card was charged,a\nhelp,it is broken,b\nhi,pay me back,a\noh,it stopped,b\n"
    examples = read(text)
    assert len(examples) == 4
    assert notices(examples) == ["f.csv: 1 row with nothing in column 'subject' kept for the other text (line 2)."]


def test_the_label_map_renames_labels_before_rows_are_compared():
    """Merging two labels must not leave 'one text under two labels' behind."""
    examples = read(GOOD + "very bad thing,c\n", label_map={"a": "positive", "b": "negative", "c": "negative"})
    assert examples.class_counts() == {"negative": 2, "positive": 2}
    assert [notice.kind for notice in examples.notices] == ["duplicate"]


def test_a_label_map_with_unknown_labels_lists_those_that_occur():
    """A typo in the map would otherwise do nothing, silently."""
    with pytest.raises(OptionError) as caught:
        read(GOOD, label_map={"x": "positive", "a": "p"})
    assert str(caught.value) == "label_map: column 'y' of f.csv has no label 'x'.\nIts labels are 'a' and 'b'."


def test_rare_classes_are_left_out_only_when_asked_and_never_silently():
    """Five classes that became three unnoticed is a known story."""
    examples = read(GOOD + "what a refund,refund\n", drop_rare=True)
    assert examples.classes == ("a", "b")
    (notice,) = examples.notices
    assert notice.kind == "rare-class"
    assert notice.text == "f.csv: 1 row of 1 class with fewer than 2 examples ('refund') left out (line 6)."


def test_tab_separated_files_are_read_by_suffix_and_by_content():
    """A .csv is often a TSV."""
    text = GOOD.replace(",", "\t")
    assert len(read(text)) == 4
    write("a, b\tc, d\n1, 2\t3, 4\n", "f.tsv")
    assert read_table("f.tsv").columns == ("a, b", "c, d")


def test_json_lines_keep_scalars_as_their_json_text():
    """The label 1 must be the same class in CSV and JSONL."""
    rows = ['{"text": "one", "y": 1.50}', '{"text": "two", "y": true, "more": [1, 2.50]}', "", '{"y": 7, "text": null}']
    write("\n".join(rows), "f.jsonl")
    table = read_table("f.jsonl")
    assert table.columns == ("text", "y", "more")
    assert [row.cells for row in table.rows] == [("one", "1.50", ""), ("two", "true", "[1, 2.5]"), ("", "7", "")]
    assert [row.line for row in table.rows] == [1, 2, 4]


def test_json_lines_are_recognised_under_another_suffix():
    """The name is a hint, the content decides."""
    rows = [{"text": f"thing number {n}", "y": n % 2} for n in range(4)]
    assert read("\n".join(map(json.dumps, rows))).classes == ("0", "1")


def test_parquet_integers_do_not_become_floats():
    """One missing value turns 1 into 1.0 in pandas, and every label with it."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    columns = {
        "text": ["a b c", "d e f", "g h i", None, "k l m", "n o p"],
        "y": pa.array([1, 0, None, 1, 1, 0]),
        "on": [True, False, True, None, True, True],
        "raw": [b"x"] * 6,
    }
    pyarrow.parquet.write_table(pa.table(columns), "f.csv")  # found by content
    table = read_table("f.csv")
    assert table.columns == ("text", "y", "on")
    assert table.rows[2].cells == ("g h i", "", "true")
    examples = read_csv("f.csv", "y")
    assert examples.labels() == ("1", "0", "1", "0")
    assert notices(examples) == [
        "f.csv: columns without text or numbers were left out: 'raw'.",
        "f.csv: 1 row with a blank text left out (row 4).",
        "f.csv: 1 row with a blank label in column 'y' is taken for a row without a label (row 3); --ignore-unlabelled"
        " leaves it out.",
    ]


def test_few_shots_are_balanced_repeatable_and_nested():
    """Draws are compared across sizes, so the larger must contain the smaller."""
    examples = read("text,y\n" + "".join(f"text number {n},{'ab'[n > 13]}\n" for n in range(20)))
    four, eight = few_shots(examples, 4, 0), few_shots(examples, 8, 0)
    assert four.class_counts() == {"a": 4, "b": 4}
    assert eight.class_counts() == {"a": 8, "b": 6}
    assert set(four.rows) < set(eight.rows)
    assert four == few_shots(examples, 4, 0) != few_shots(examples, 4, 1)
    assert [row.line for row in four.rows] == sorted(row.line for row in four.rows)


def test_a_subset_keeps_the_classes_of_the_whole():
    """A fold without a class must still know of it."""
    part = read(GOOD).subset([2, 0])
    assert texts(part) == ["quite good thing", "fine and dandy thing"]
    assert part.class_counts() == {"a": 2, "b": 0}


def test_importing_the_room_brings_no_heavy_library():
    """The command line must answer in 0.4 s."""
    heavy = "numpy torch pandas pyarrow datasets"
    code = f"import sys, crosspt_cli.data; print(*set('{heavy}'.split()) & set(sys.modules))"
    root = __file__.rsplit("/tests/", 1)[0]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


# Excluded from the round trip: characters no text file holds (NUL, lone surrogates) or that are removed where a row
# starts (byte order marks), blank texts and labels (left out), spaces around a label (removed), and rows whose bytes in
# cp1252 happen to be other characters in UTF-8.
CHARACTERS = st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"])
CELL = st.text(CHARACTERS, max_size=30) | st.text(" ,;|\t\"\r\n'ab\u00e9\u20ac", max_size=12)


def _unchanged_by_reading(rows, path, delimiter, encoding):
    with open(path, "w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter)
        writer.writerows([("text", "y"), *rows])
    table = read_table(path)
    assert table.columns == ("text", "y")
    assert [row.cells for row in table.rows] == rows


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), st.sampled_from(",;\t|"), st.sampled_from("8us"))
def test_whatever_csv_writes_is_read_back(tmp_path_factory, rows, delimiter, kind):
    """The reader must undo the writer, whatever people put in their cells."""
    encoding = {"8": "utf-8", "u": "utf-16", "s": "utf-8-sig"}[kind]
    _unchanged_by_reading(rows, tmp_path_factory.mktemp("trip") / "f.csv", delimiter, encoding)


LATIN = st.text(st.sampled_from(' ,;|\t"\r\nabc\u00e9\u00fc\u00df\u20ac\u201c\u2019'), max_size=20)


@given(st.lists(st.tuples(LATIN, LATIN), max_size=8), st.sampled_from(",;\t|"))
def test_whatever_csv_writes_in_cp1252_is_read_back(tmp_path_factory, rows, delimiter):
    """Old spreadsheets still write it."""
    said = [
        "Le caf\u00e9 \u00e9tait d\u00e9licieux et le gar\u00e7on tr\u00e8s aimable",
        "la livraison a \u00e9t\u00e9 retard\u00e9e, tr\u00e8s d\u00e9\u00e7u",
    ]
    rows = [*((text, "x") for text in said * 5), *rows]  # what is in an encoding is told by its words
    _unchanged_by_reading(rows, tmp_path_factory.mktemp("trip") / "f.csv", delimiter, "cp1252")


@given(st.lists(st.tuples(CELL, st.sampled_from(["x", "y z", "None", "007"])), min_size=1, max_size=12))
def test_labelled_rows_come_back_unless_a_notice_says_otherwise(tmp_path_factory, rows):
    """Rows in are rows out plus rows in notices; nothing disappears."""
    path = tmp_path_factory.mktemp("trip") / "f.csv"
    rows = [*rows, ("first", "l1"), ("second", "l1"), ("third", "l2"), ("fourth", "l2")]
    with open(path, "w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([("text", "y"), *rows])
    examples = read_csv(path, "y", ["text"], drop_rare=True)
    gone = sum(len(notice.lines) for notice in examples.notices if notice.kind != "missing-word")
    assert len(examples) + gone == len(rows)
    assert {(row.fields[0], row.label) for row in examples.rows} <= set(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label_col": None}, "label_col: is of type NoneType, but must be a string."),
        ({"label_col": ["label"]}, "label_col: is of type list, but must be a string."),
        (
            {"label_col": "label", "label_map": "a=b"},
            "label_map: must be a dict of strings to strings.\nPass for example {'old': 'new'}.",
        ),
        (
            {"label_col": "label", "label_map": {"a": None}},
            "label_map: must be a dict of strings to strings.\nPass for example {'old': 'new'}.",
        ),
    ],
)
def test_an_argument_of_another_type_is_named(arguments, message, tmp_path):
    """A string's letters were taken for labels, and None ended in a traceback from the middle of a module."""
    path = tmp_path / "f.csv"
    path.write_text("text,label\nIt is late,a\nIt is broken,b\n")

    with pytest.raises(OptionError) as refused:
        read_csv(path, **arguments)

    assert str(refused.value) == message


@pytest.mark.parametrize("given", [None, b"f.csv", {"text": ["It is late"]}, 5])
def test_what_is_no_file_is_refused_by_its_argument(given):
    """A dict's keys and a table's columns were looked for as files."""
    with pytest.raises(OptionError) as refused:
        read_csv(given, "label")

    assert str(refused.value) == (
        f"path: is of type {type(given).__name__}, where a file's name or a list of names is meant.\n"
        "Write the rows to a CSV first."
    )


def test_what_cannot_be_seen_does_not_make_another_text(tmp_path):
    """A copy with a zero-width space in it looks the same, is the same to the backbone, and was counted as a row."""
    path = tmp_path / "f.csv"
    path.write_text("text,label\nIt is late,a\nIt is\u200b late,a\nMore is late,a\nIt broke,b\nIt leaks,b\n", "utf-8")

    assert read_csv(path, "label").class_counts() == {"a": 2, "b": 2}
