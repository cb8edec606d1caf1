"""Rows without labels: of any file, each text once, a sample of many, and those of the labelled file itself."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tracemalloc
from pathlib import Path

import pytest

from crosspt_cli.data import few_shots, read_csv, read_labelled, read_unlabelled, row_digest, unlabelled_names
from crosspt_cli.foundation.errors import DataError, NotFound, OptionError

LABELLED = "text,y\ngood thing,a\nbad thing,b\nbetter thing,a\nworse thing,b\n"
TEXTS = ("it came late", "nobody answers", "the box, it was wet")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """Work in a folder that has labelled rows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text(LABELLED)
    return tmp_path


def write(name: str, content: str | bytes) -> str:
    """Write a file, and return its name."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def read(*files, most: int = 2_000, labelled: str = "f.csv", **options):
    """Return the rows without labels beside those of the labelled file."""
    examples = read_csv(labelled, "y", **options)
    return read_unlabelled(files, examples.text_columns, examples, examples.unlabelled, most)


def texts(found) -> list[str]:
    """Return the first text of every row."""
    return [row.fields[0] for row in found.rows]


def told(found) -> list[str]:
    """Return the sentences."""
    return [notice.text for notice in found.notices]


def parquet(name: str) -> str:
    """Write the texts as Parquet, and return its name."""
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"number": [1, 2, 3], "text": list(TEXTS)}), name)
    return name


FORMATS = {
    "CSV": lambda: write("p.csv", "text\n" + "".join(f'"{text}"\n' for text in TEXTS)),
    "TSV": lambda: write("p.tsv", "id\ttext\n" + "".join(f"{n}\t{text}\n" for n, text in enumerate(TEXTS))),
    "JSONL": lambda: write("p.jsonl", "".join(json.dumps({"id": 1, "text": text}) + "\n" for text in TEXTS)),
    "gzip": lambda: write("p.csv.gz", gzip.compress(b'text\nit came late\nnobody answers\n"the box, it was wet"\n')),
    "text": lambda: write("p.txt", "\n".join(TEXTS)),
    "Parquet": lambda: parquet("p.parquet"),
    "a path": lambda: Path(write("p.csv", "text\n" + "".join(f'"{text}"\n' for text in TEXTS))),
    "a table": lambda: read_labelled(parquet("p.parquet")),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_its_rows_in_file_order(kind):
    """What `predict` reads has no labels either."""
    file = FORMATS[kind]()
    found = read(file)
    assert (texts(found), found.read, found.possible, found.passed_over) == (list(TEXTS), 3, 3, {})
    assert {row.label for row in found.rows} == {None}
    name = getattr(file, "path", None) or str(file)
    assert found.files == unlabelled_names([file]) == (name,)
    assert [row.line for row in found.rows] == ([2, 3, 4] if kind in ("CSV", "TSV", "gzip", "a path") else [1, 2, 3])
    assert {row.file for row in found.rows} == {name}
    assert told(found) == [f"{name}: 3 of 3 rows can be used as rows without labels."]


@pytest.mark.parametrize("content", ["it came late\nnobody answers\n", 'text\nit came late\n"nobody answers"\n'])
def test_a_pipe_may_hold_lines_or_a_table(content, monkeypatch):
    """As it does for `predict`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    assert texts(read("-")) == ["it came late", "nobody answers"]


@pytest.mark.parametrize("kind", ["Parquet", "gzip"])
def test_a_pipe_may_hold_what_a_file_may(kind, monkeypatch):
    """`cat pool.parquet | crosspt add-task … --unlabelled -`, as labelled rows come through a pipe."""
    content = Path(str(FORMATS[kind]())).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert texts(read("-")) == list(TEXTS)


def test_an_empty_word_names_no_file():
    """A shell variable that was never set is the usual cause."""
    with pytest.raises(OptionError) as caught:
        read("")
    assert str(caught.value) == "unlabelled: an empty word names no file.\nName a file, or leave it out."


def test_a_hub_data_set_is_read_too(folder, monkeypatch):
    """Many a hub data set has a split without labels; class numbers of -1 are no labels."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "cache")
    (folder / "set").mkdir()
    datasets.Dataset.from_dict({"text": list(TEXTS), "y": [0, -1, -1]}).to_parquet(folder / "set" / "train.parquet")
    found = read(f"hf:{folder}/set")
    assert [(row.fields[0], row.line) for row in found.rows] == [(text, line) for line, text in enumerate(TEXTS, 1)]
    assert found.units[f"hf:{folder}/set"] == "row"
    with pytest.raises(NotFound):
        read(f"hf:{folder}/set:test")


def test_a_text_counts_once_and_not_where_it_has_a_label():
    """A copy of a labelled row would say about that row what its label says better."""
    one = write("one.csv", 'text\nGOOD  thing\nit came late\n" "\nIt came late\n')
    two = write("two.txt", "it came LATE\nnobody answers\n\n")
    found = read(one, two)
    assert [(row.fields[0], row.file, row.line) for row in found.rows] == [
        ("it came late", "one.csv", 3),
        ("nobody answers", "two.txt", 2),
    ]
    assert (found.read, found.possible) == (7, 2)
    assert found.passed_over == {
        "blank": 2,
        "with the text of a labelled row": 1,
        "with the text of an earlier row": 2,
    }
    assert told(found) == [
        "one.csv and two.txt: 2 of 7 rows can be used as rows without labels; left out: 2 blank, 1 with the text of a "
        "labelled row and 2 with the text of an earlier row."
    ]


def test_labels_in_a_file_without_labels_are_not_read_and_that_is_told():
    """A file of all tickets has labels for some; the rows of the labelled file are left out of it as copies."""
    found = read(write("all.csv", LABELLED + "it came late,a\nnobody answers,\n"))
    assert texts(found) == ["it came late", "nobody answers"]
    assert told(found) == [
        "all.csv: 1 row not among the labelled ones has something in column 'y', which is not read of rows "
        "without labels.",
        "all.csv: 2 of 6 rows can be used as rows without labels; left out: 4 with the text of a labelled row.",
    ]
    assert told(read("f.csv")) == [
        "f.csv: 0 of 4 rows can be used as rows without labels; left out: 4 with the text of a labelled row."
    ]


def test_of_many_rows_a_sample_is_kept_whatever_their_order():
    """The same rows in another order are the same rows, and later it can be told that they were."""
    numbers = list(range(3_000))
    found = read(write("p.txt", "".join(f"text {number}\n" for number in numbers)), most=300)
    assert (found.possible, len(found.rows)) == (3_000, 300)
    lines = [row.line for row in found.rows]
    assert lines == sorted(lines) and 1_300 < sum(lines) / len(lines) < 1_700
    assert told(found) == [
        "p.txt: 3,000 of 3,000 rows can be used as rows without labels. Of these 300 are used, drawn by lot."
    ]
    again = read(write("q.txt", "".join(f"text {number}\n" for number in reversed(numbers))), most=300)
    assert sorted(texts(again)) == sorted(texts(found))
    assert again.digest == found.digest
    assert read(write("r.txt", "text 1\ntext 2\n")).digest != found.digest


def test_the_digest_is_that_of_the_rows():
    """16 digits, of all that could be used and not of the sample alone."""
    found = read(write("p.txt", "one thing\nanother\n"), most=1)
    total = sum(int(row_digest([text]), 16) for text in ("one thing", "another"))
    assert found.digest == f"{total % 2**64:016x}"
    assert len(read().digest) == 16


def test_many_rows_stay_flat_in_memory():
    """A pool may be everything a help desk ever got: it is never held as a whole."""
    tail = b"and so on and on " * 40  # 680 bytes, so that all texts would take 14 MB
    write("p.csv.gz", gzip.compress(b"text\n" + b"".join(b"text %d %s\n" % (n, tail) for n in range(20_000)), 1))
    examples = read_csv("f.csv", "y")
    tracemalloc.start()
    found = read_unlabelled("p.csv.gz", examples.text_columns, examples, (), 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.read, len(found.rows)) == (20_000, 100)
    assert peak < 6_000_000


def test_a_row_that_cannot_be_read_is_left_out_with_its_line():
    """One bad line in a hundred thousand is no reason to stop where no row needs an answer."""
    found = read(write("p.csv", 'text,id\nit came late,1\na,b,c\n"odd" one,2\nnobody answers,3\n'))
    assert texts(found) == ["it came late", "nobody answers"]
    assert [(notice.kind, notice.lines, notice.files) for notice in found.notices] == [
        ("too-many-cells", (3,), ("p.csv",)),
        ("bad-quotes", (4,), ("p.csv",)),
        ("unlabelled", (), ()),
    ]
    found = read(write("p.jsonl", '{"text": "it came late"}\n{"text": \n'))
    assert told(found)[0] == "p.jsonl: 1 row that cannot be read as JSON left out (line 2)."


BAD = {
    "another name": (
        "body,about\nit came late today,it is wet outside\n",
        "p.csv: the task reads 'text', and 'body' and 'about' look like texts; it has columns 'body' and 'about'.\n"
        "Name its columns of texts as in the labelled file: 'text'.",
    ),
    "no header": (
        "it came late today\nnobody answers me now\n",
        "p.csv: the first line may be a row: it has 'it came late today', and the task reads 'text'.\n"
        "Add a first line 'text'; of a list with a text a line, call the file .txt.",
    ),
    "no rows": (
        "text\n",
        "p.csv: has no rows.\nName a file with rows without labels, or leave it out.",
    ),
    "no row that can be read": (
        "text,id\na,b,c\n1,2,3\n",
        "p.csv: has no rows that can be read, of 2.\nName a file with rows without labels, or leave it out.",
    ),
    "empty": ("", "p.csv: is empty.\nGive a file with a header line and one row per example."),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_cannot_be_used_is_refused_by_name(case):
    """In words that fit rows without labels: there is no --no-header here."""
    content, message = BAD[case]
    with pytest.raises(DataError) as caught:
        read(write("p.csv", content))
    assert str(caught.value) == message


def test_one_of_two_columns_of_texts_missing_is_refused():
    """A row without its second text is another kind of row."""
    write("two.csv", "title,body,y\n" + "".join(f"title {n},this is body {n},{'ab'[n % 2]}\n" for n in range(4)))
    options = {"labelled": "two.csv", "text_cols": ("title", "body")}
    with pytest.raises(DataError) as caught:
        read(write("p.csv", "title,number\nan odd thing,1\n"), **options)
    assert str(caught.value).startswith("p.csv: the task reads 'title' and 'body', and ")
    assert str(caught.value).endswith("\nName its columns of texts as in the labelled file: 'title' and 'body'.")
    with pytest.raises(DataError) as caught:
        read(write("p.txt", "an odd thing\n"), **options)
    assert str(caught.value) == (
        "p.txt: the task reads 2 texts ('title' and 'body'), and plain lines hold one.\n"
        "Start with a header line: title,body"
    )
    found = read(write("p.csv", "y,body,title\n,it is wet,an odd thing\n"), **options)
    assert [row.fields for row in found.rows] == [("an odd thing", "it is wet")]


def test_names_are_checked():
    """A list in a script is easily wrong."""
    for files in ((), []):
        assert unlabelled_names(files) == ()
    with pytest.raises(OptionError) as caught:
        read(write("p.txt", "it came late\n"), "./p.txt")
    assert str(caught.value) == "./p.txt: is the same file as p.txt, named before.\nName each file once."
    with pytest.raises(OptionError) as caught:
        unlabelled_names([1])
    assert str(caught.value).startswith("unlabelled: is of type list, where ")
    with pytest.raises(NotFound):
        read("none.csv")


def test_what_was_read_is_not_read_again():
    """The command line reads a pipe before anything slow, and passes its rows on."""
    found = read(write("p.txt", "it came late\n"))
    assert unlabelled_names(found) == ("p.txt",)
    assert read_unlabelled(found, (), read_csv("f.csv", "y"), ()) is found


BLANK = LABELLED + "it came late,\nnobody answers, \n ,\nGood thing,\nit came late,\n"


def test_rows_with_a_blank_label_are_rows_without_labels():
    """People label the first hundred rows of a file; the rest are texts of the same kind."""
    examples = read_csv(write("b.csv", BLANK), "y")
    assert examples.rows == read_csv("f.csv", "y").rows
    assert [(row.fields[0], row.label, row.line) for row in examples.unlabelled] == [
        ("it came late", None, 6),
        ("nobody answers", None, 7),
        ("it came late", None, 10),
    ]
    assert [notice.text for notice in examples.notices] == [
        "b.csv: 1 row with a blank text left out (line 8).",
        "b.csv: 3 rows with a blank label in column 'y' are taken for rows without labels (lines 6, 7 and 10); "
        "--ignore-unlabelled leaves them out.",
        "b.csv: 1 row with a blank label in column 'y' and the text of a labelled row left out (line 9).",
    ]
    found = read(labelled="b.csv")
    assert (texts(found), found.read, found.possible) == (["it came late", "nobody answers"], 3, 2)
    assert told(found) == [
        "b.csv: 2 of 3 rows can be used as rows without labels; left out: 1 with the text of an earlier row."
    ]
    found = read(write("p.txt", "Nobody answers\nsomething else\n"), labelled="b.csv")
    assert [(row.fields[0], row.file) for row in found.rows] == [
        ("it came late", "b.csv"), ("nobody answers", "b.csv"), ("something else", "p.txt"),
    ]  # fmt: skip


def test_rows_with_a_blank_label_can_be_ignored():
    """Then they are left out, and told."""
    examples = read_csv(write("b.csv", BLANK), "y", ignore_unlabelled=True)
    assert examples.unlabelled == ()
    assert [notice.text for notice in examples.notices] == [
        "b.csv: 1 row with a blank text left out (line 8).",
        "b.csv: 4 rows with a blank label in column 'y' left out (lines 6, 7, 9 and 10).",
    ]


def test_draws_of_labelled_rows_keep_the_rows_without_labels():
    """A benchmark that draws few shots may have a pool beside them."""
    examples = read_csv(write("b.csv", BLANK), "y")
    assert few_shots(examples, 1, 0).unlabelled == examples.unlabelled


def test_a_file_of_blank_labels_alone_is_refused_as_ever():
    """Rows without labels help labelled ones; they do not replace them."""
    with pytest.raises(DataError) as caught:
        read_csv(write("b.csv", "text,y\none thing,\ntwo things,\none thing,\n"), "y")
    assert str(caught.value) == (
        "b.csv: every label in column 'y' is blank (lines 2, 3 and 4).\n"
        "Fill in the labels, or pass --label-col with the column that has them."
    )
