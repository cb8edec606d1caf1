"""Every bad input gets one clear sentence with file, line and remedy."""

import contextlib
import gzip
import os
import resource
import subprocess
import sys

import pytest

from crosspt_cli.data import open_stream, read_csv, read_table
from crosspt_cli.foundation.errors import DataError, NotFound, OptionError

ROOT = __file__.rsplit("/tests/", 1)[0]
GOOD = "text,y\nfine and dandy thing,a\nvery bad thing,b\nquite good thing,a\nsad old thing,b\n"


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(content, *text_cols, name="f.csv", label="y", kind=DataError, **options):
    if isinstance(content, str):
        content = content.encode()
    if content is not None:
        with open(name, "wb") as handle:
            handle.write(content)
    with pytest.raises(kind) as caught:
        read_csv(name, label, text_cols, **options)
    return str(caught.value)


def test_a_missing_file_names_the_nearest():
    """Typing mistakes are the commonest cause."""
    open("reviews.csv", "w").close()
    message = refusal(None, name="review.csv", kind=NotFound)
    assert message == "review.csv: there is no such file.\nThe nearest is 'reviews.csv'."
    message = refusal(None, name="no/where.csv", kind=NotFound)
    assert message == "no/where.csv: there is no such file.\nThere is no folder no to look in either; check the path."


def test_a_folder_is_refused():
    """Tab completion stops at folders."""
    os.mkdir("d")
    assert refusal(None, name="d") == "d: is a folder, not a file.\nName one file in it."


def test_a_terminal_is_no_file_of_labelled_rows(monkeypatch):
    """Waiting for rows that somebody should type would look like a command that hangs."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert refusal(None, name="-", kind=OptionError) == (
        "/dev/stdin: is the terminal, and rows are read from a file or a pipe.\n"
        "Name a file, or send one: zcat rows.csv.gz | crosspt …"
    )


def test_an_unreadable_file_is_refused():
    """Permissions are no reason for a traceback."""
    open("f.csv", "w").close()
    os.chmod("f.csv", 0)
    os.chmod(".", 0o755)
    was_root = os.geteuid() == 0  # whom permissions do not bind
    if was_root:
        os.seteuid(65534)
    try:
        message = refusal(None)
    finally:
        if was_root:
            os.seteuid(0)
    assert message == "f.csv: cannot be read (permission denied).\nMake it readable, or copy it where you may read it."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.csv: is empty.\nGive a file with a header line and one row per example."),
        ("\n\n\n", "f.csv: has no header, only blank lines.\nAdd a first line that names the columns."),
        ("text,y\n", "f.csv: has a header and no rows.\nAdd labelled rows below the header."),
        (
            "text,y\na\nb\n",
            "f.csv: no row has the header's 2 cells (lines 2 and 3).\n"
            "Give every row one cell for each column; put a cell that has the separator in it within quotes.",
        ),
        (
            "text,y,text\na,b,c\n",
            "f.csv line 1: the header names 'text' more than once.\nGive every column a name of its own.",
        ),
        (
            GOOD.replace("y", "label", 1),
            "f.csv: no column 'y'; it has columns 'text' and 'label'.\nPass --label-col with one of these.",
        ),
        (
            GOOD[7:],
            "f.csv: no column 'y'; it has columns 'fine and dandy thing' and 'a'.\nPass --label-col with one of these.",
        ),
        (
            "id,price,y\n1,2.50,a\n2,3.50,b\n",
            "f.csv: no column beside 'y' looks like text; it has columns 'id' and 'price' there.\n"
            "Pass --text-col with the column that holds the texts.",
        ),
        (
            "text,y\n,a\n ,b\n",
            "f.csv: every text in column 'text' is blank (lines 2 and 3).\n"
            "Fill in the texts, or pass --text-col with the column that has them.",
        ),
        (
            "text,y\none,\ntwo, \n",
            "f.csv: every label in column 'y' is blank (lines 2 and 3).\n"
            "Fill in the labels, or pass --label-col with the column that has them.",
        ),
        (
            "text,y\none,\n,a\nthree,a\nthree,b\n",
            "f.csv: no usable row is left. 4 rows had been set aside: "
            "1 for a blank text, 1 for a blank label and 2 for one text under two labels.\n"
            "Mend those rows, or add others.",
        ),
        (
            "text,y\none,a\ntwo,a\nthree,a\n",
            "f.csv: all 3 rows have the label 'a'; it takes two classes to tell apart.\nAdd rows of another class.",
        ),
        (
            GOOD + "open,c\nopen,c\n",
            "f.csv: class 'c' has 1 example, and 2 folds need at least 2. "
            "1 row had been set aside: 1 for a duplicate.\n"
            "Add 1 'c' row, or pass --drop-rare to leave the class out.",
        ),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused_whole(content, message):
    """One sentence and one remedy, asserted whole, so that no message prints the wrong variable."""
    assert refusal(content) == message


def test_all_rare_classes_are_named_at_once():
    """Mending one class after the other would take as many runs as there are classes."""
    content = GOOD + "pay me back,refund\nsend it again,lost\nwhere is it,lost\n"
    assert refusal(content.replace("sad old thing,b\n", "sad,b\nold,b\ngone,b\nlost,b\n"), min_per_class=4) == (
        "f.csv: 3 classes have fewer than the 4 examples that 4 folds need: 'a' has 2, 'lost' has 2 and 'refund' has 1."
        "\nAdd 2 'a', 2 'lost' and 3 'refund' rows, or ask for fewer folds."
    )
    assert refusal(content, min_per_class=4, drop_rare=True) == (
        "f.csv: of 4 classes none has the 4 examples that 4 folds need.\n"
        "Add rows of the rare classes, or ask for fewer folds."
    )


def test_rare_classes_are_not_to_be_dropped_where_one_class_would_be_left():
    """Who follows the advice must not be refused again."""
    assert refusal("text,y\ngood one,a\nbad one,b\nworse one,b\n") == (
        "f.csv: class 'a' has 1 example, and 2 folds need at least 2.\nAdd 1 'a' row."
    )
    message = refusal(GOOD + "pay me back,refund\n", min_per_class=3)
    assert "\nAdd 1 'a', 1 'b' and 2 'refund' rows, or ask for fewer folds. If" in message


def test_missing_columns_are_collected_with_the_nearest():
    """The remedy can be pasted."""
    assert refusal(GOOD, "txt", "body", label="Y2") == (
        "f.csv: no columns 'Y2', 'txt' and 'body'; it has columns 'text' and 'y'.\nPass --label-col y --text-col text."
    )
    assert refusal("my first header of six words,1\na,b\n") == (
        "f.csv: no column 'y'; it has columns 'my first header of six words' and '1'.\n"
        "Pass --label-col with one of these. "
        "If that is a row and not a header, add a first line that names the columns."
    )


def test_the_label_column_is_not_a_text_column():
    """Training on the answer would score 100 %."""
    message = refusal(GOOD, "y", kind=OptionError)
    assert message == "text_cols: 'y' is the label column already.\nName another column of texts."


def test_five_thousand_classes_are_probably_no_label():
    """An id column taken for the label must be caught before hours of training."""
    content = "text,y,kind\n" + "".join(f"text number {n},id{n},{'ab'[n % 2]}\n" for n in range(5000))
    assert refusal(content, drop_rare=True) == (
        "f.csv: column 'y' has 5,000 different labels in 5,000 rows; at most 1,000 can be told apart.\n"
        "'y' is probably not the label: pass --label-col with the column that is."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "f.csv: is a PNG image, not a table.\nExport the data as CSV, TSV, JSONL or Parquet."),
        (
            b"PK\x03\x04rest",
            "f.csv: is a zip archive or an Excel workbook, not a table.\nUnpack it, or save the sheet as CSV.",
        ),
        (
            b"text,y\na,b\nc\0d,e\n",
            "f.csv line 3: has a NUL byte: this is a binary file, not text.\n"
            "Export the data as CSV, TSV, JSONL or Parquet. "
            r"If it is text but for that, take such bytes out: tr -d '\0' < FILE > MENDED.csv",
        ),
        (
            b"text,y\r\ngood,b\r" + bytes(range(128, 256)) + b"\n",
            "f.csv line 3: is not UTF-8, nor text in another encoding that is known.\nSave the file as UTF-8.",
        ),
        (
            "text,y\nétait là,b\ndéjà,a\n".encode() + "garçon,a\n".encode("cp1252"),
            "f.csv line 4: is not UTF-8, and 4 other characters nearby are.\n"
            "The file is in two encodings: save the rows of one in the other, or mend the line.",
        ),
        (b"\xff\xfet\0e\0x", "f.csv: is not the UTF-16 it starts as (byte 6).\nSave it as UTF-8."),
        (
            gzip.compress(b"text,y\n", mtime=0)[:-12],  # without the time, the case is named alike in every process
            "f.csv: cannot be read to its end (Compressed file ended before the end-of-stream marker was reached)."
            "\nFetch or pack the file again.",
        ),
    ],
)
def test_bytes_that_are_no_text_are_named(content, message):
    """A wrong file must not become strange texts."""
    assert refusal(content) == message


def test_a_damaged_parquet_file_is_named():
    """The magic bytes alone do not make a table."""
    pytest.importorskip("pyarrow")
    message = refusal(b"PAR1 and nothing more PAR1")
    assert message.startswith("f.csv: is a damaged Parquet file (")
    assert message.endswith(").\nFetch or export it again.")


QUOTES = '\nClose the quote, or write a quote inside a quoted cell twice ("").'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('text,y\ngood,a\n"bad,b\nfine,a\n', "f.csv line 3: a quote opens here, and the file ends before it closes."),
        (
            'text,y\n"two\nlines","open\nfor ever\n',
            "f.csv line 3: a quote opens here, and the file ends before it closes.",
        ),
        (
            'text,y\n"bad,b\nfine,a\n"A, b",a\n',
            "f.csv line 2: the quote that opens here closes in the middle of a cell on line 4.",
        ),
        (
            'text,y\n"bad,b\n' + "fine,a\n" * 5000,
            "f.csv line 2: a quote opens here, and 1,000 lines go by before it closes.",
        ),
    ],
)
def test_an_unbalanced_quote_is_named_by_the_line_it_opens_on(content, problem):
    """A lost quote swallows rows; the line where it opens is the one to mend."""
    assert refusal(content) == problem + QUOTES


def test_a_long_cell_is_refused_and_one_at_the_limit_is_read():
    """The limit is what the message says it is."""
    limit = 1_000_000
    hint = "\nA cell may have 1,000,000 characters: shorten the text, or close the quote that swallowed other rows."
    assert len(read_table(_written(f"text,y\n{'x' * limit},a\n")).rows[0].cells[0]) == limit
    for cell in ("x" * (limit + 1), f'"{"x" * limit}\nx"'):
        message = refusal(f"text,y\ngood,b\n{cell},a\n")
        assert message == "f.csv line 3: a cell has more than 1,000,000 characters." + hint
    assert refusal(f"text,y\n{'x' * 10_000_001},a\n") == (
        "f.csv line 2: a row has more than 10,000,000 characters." + hint
    )


def _written(text, name="f.csv"):
    with open(name, "w", newline="") as handle:
        handle.write(text)
    return name


@pytest.mark.parametrize(
    ("opening", "name"), [("text,y\n", "f.csv"), ('text,y\n"', "f.csv"), ('{"text": "', "f.jsonl")]
)
def test_a_200_mb_cell_is_refused_in_bounded_memory(opening, name):
    """One absurd cell must not take the machine down."""
    with open(name, "w") as handle:
        handle.write(opening)
        handle.writelines("x" * 1_000_000 for _ in range(200))
    code = f"from crosspt_cli.data import read_csv; read_csv({os.path.abspath(name)!r}, 'y')"
    limit = 150 << 20
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    line = 1 if name == "f.jsonl" else 2
    assert f"{name} line {line}: a row has more than 10,000,000 characters." in done.stderr


def test_bad_json_lines_are_named_together():
    """Errors of one file are collected."""
    content = '{"text": "a", "y": "b"}\nnot json\n[1]\n'
    hint = '\nWrite one object a line, e.g. {"text": "...", "label": "..."}'
    assert refusal(content, name="f.jsonl") == (
        "f.jsonl: 2 lines are no JSON objects (lines 2 and 3); "
        "the first is not JSON (Expecting value at character 1)." + hint
    )
    assert refusal(content.replace("not json\n", ""), name="f.jsonl") == (
        "f.jsonl line 2: is not a JSON object but [1]." + hint
    )


def test_a_json_array_is_told_from_json_lines():
    """It is the other thing people call a JSON data set."""
    assert refusal('[{"text": "a"}]', name="f.json") == (
        "f.json: is one JSON array, not one object a line.\nWrite one object a line, e.g. with: jq -c '.[]' f.json"
    )


def test_no_bytes_make_the_reader_crash(tmp_path_factory):
    """Whatever is in the file, the answer is a table or a sentence."""
    from hypothesis import given
    from hypothesis import strategies as st

    folder = tmp_path_factory.mktemp("bytes")
    pieces = st.sampled_from([b"text,y\n", b'"', b",", b"\n", b"\r", b"a b c", b"{", b'"y":', b"}", b"\xff", b"\xfe"])

    @given(st.binary(max_size=40) | st.lists(pieces, max_size=20).map(b"".join))
    def check(content):
        for name in ("f.csv", "f.jsonl"):
            (folder / name).write_bytes(content)
            with contextlib.suppress(DataError):
                list(open_stream(folder / name, (), ("text",)))
            with contextlib.suppress(DataError):
                read_csv(folder / name, "y")

    check()
