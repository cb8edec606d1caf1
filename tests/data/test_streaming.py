"""Rows to predict come one for one, from files and pipes, in constant memory."""

import io
import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crosspt_cli.data import open_stream, stream_table
from crosspt_cli.foundation.errors import DataError, OptionError

ROOT = __file__.rsplit("/tests/", 1)[0]


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(text, name="f.csv"):
    with open(name, "w", encoding="utf-8", newline="") as handle:
        handle.write(text)
    return name


def opened(text, text_cols=(), known=("text",), name="f.csv"):
    return open_stream(written(text, name), text_cols, known)


def piped(text, text_cols=(), known=("text",)):
    data = text if isinstance(text, bytes) else text.encode()
    return open_stream(None, text_cols, known, stdin=io.BytesIO(data))


def refusal(action, kind=DataError):
    with pytest.raises(kind) as caught:
        action()
    return str(caught.value)


def test_every_cell_and_every_row_of_a_csv_comes_through():
    """The output keeps the input's columns, and a blank text still needs its answer row."""
    with opened("id,text,n\n007,good,NA\n008,,1.0\n") as stream:
        assert (stream.format, stream.columns, stream.text_columns) == ("csv", ("id", "text", "n"), ("text",))
        rows = list(stream)
    assert [row.cells for row in rows] == [("007", "good", "NA"), ("008", "", "1.0")]
    assert [row.texts for row in rows] == [("good",), ("",)]
    assert [row.line for row in rows] == [2, 3]


def test_the_tasks_columns_are_taken_in_the_tasks_order():
    """A premise and a hypothesis exchanged would be answered wrongly without a word."""
    stream = opened("hypothesis;premise\nh1;p1\n", known=("premise", "Hypothesis "))
    assert stream.text_columns == ("premise", "hypothesis")
    assert next(iter(stream)).texts == ("p1", "h1")


def test_named_columns_come_before_the_tasks_own():
    """The person knows their file."""
    assert next(iter(opened("text,other\na,b\n", ["other"]))).texts == ("b",)
    assert refusal(lambda: opened("text,other\na,b\n", ["othr"])) == (
        "f.csv: no column 'othr'; it has columns 'text' and 'other'.\nPass --text-col other."
    )
    assert refusal(lambda: opened("a,b\n1,2\n", ["a"], ("x", "z")), OptionError) == (
        "text_cols: 1 given, and the task reads 2 ('x' and 'z').\nName 2, in the task's order."
    )


def test_text_columns_are_found_when_the_tasks_own_are_missing():
    """A new file often calls its text something else; that guess is said."""
    stream = opened("nr,said\n1,this is my text\n2,and this another one\n")
    assert [row.texts for row in stream] == [("this is my text",), ("and this another one",)]
    (notice,) = stream.notices
    assert notice.text == "f.csv: texts were taken from 'said', for there is no 'text'."
    assert refusal(lambda: opened("a,b\n1,2\n")) == (
        "f.csv: the task reads 'text', and no column looks like text; it has columns 'a' and 'b'.\nPass text_cols."
    )
    assert refusal(lambda: opened("a,b\nsome words are here,and some more here\n")) == (
        "f.csv: the task reads 'text', and 'a' and 'b' look like texts; it has columns 'a' and 'b'.\nPass text_cols."
    )


def test_a_single_column_is_the_text_and_commas_in_it_are_text():
    """A column of sentences is not a table of clauses."""
    assert [row.texts for row in opened("message\nyes, sure, fine\nno\n")] == [("yes, sure, fine",), ("no",)]


def test_a_row_that_cannot_be_read_stops_with_its_line():
    """Left out silently, it would shift every answer below it."""
    stream = opened("text,y\ngood,a\nbad, worse,b\n")
    assert refusal(lambda: list(stream)) == (
        "f.csv line 3: has 3 cells, and the header has 2.\n"
        "Mend that line; every row in gets one row out, so none is left out."
    )


CASES = Path(__file__).parents[1] / "cases" / "predict"
NO_HEADER = {
    "one column of short texts": "Great lamp\nBroken kettle\n",
    "one word that is no name of texts": "Thanks\nwhere is my parcel\nit broke\n",
    "a favoured word at the end of a sentence": "Please read my message\nit broke again\n",
    "numbers beside texts": "1,this is my text\n2,and this another one\n3,and a third one\n",
    "a label that comes again": "positive,Great\nnegative,it broke after two days\npositive,it still works very well\n",
    "a table by tabs": "good\tgreat lamp for me\nbad\ta broken kettle again\n",
}


@pytest.mark.parametrize("case", NO_HEADER)
def test_a_first_line_that_may_be_a_row_is_never_taken_for_a_header(case):
    """Its text would get no answer, and nobody would miss it."""
    message = refusal(lambda: opened(NO_HEADER[case]))
    assert message.startswith("f.csv: the first line may be a row: it has '")
    assert message.endswith(
        ", and the task reads 'text'.\nPass header=False if it is a row, or text_cols with names that stand in it."
    )
    with open_stream("f.csv", (), ("text",), header=False) as stream:
        rows = list(stream)
    assert len(rows) == len(NO_HEADER[case].splitlines()) and rows[0].line == 1
    assert stream.notices == ()


def test_the_file_without_a_header_is_refused_or_read_whole():
    """The case that was reported: the first of three texts was lost."""
    assert refusal(lambda: open_stream(CASES / "noheader.csv", (), ("text",))) == (
        f"{CASES / 'noheader.csv'}: the first line may be a row: it has 'Why was I billed two times', and the task "
        "reads 'text'.\nPass header=False if it is a row, or text_cols with names that stand in it."
    )
    with open_stream(CASES / "noheader.csv", (), ("text",), header=False) as stream:
        assert stream.columns == ("text",)
        assert [row.texts[0] for row in stream] == [
            "Why was I billed two times", "Where is my parcel", "I forgot my password",
        ]  # fmt: skip


HEADERS = {
    "a word over numbers": "nr,said\n1,this is my text\n2,and this another one\n",
    "a question over dates and answers": "When,What is good?\n2024-01-02,it is very quick\n2024-01-03,the nice box\n",
    "a name of texts": "review\ngood\n",
    "names over sentences": "who,said\nann,this is my text\nbob,and this another one\n",
    "the task's own name in another case": "Text\ngood\n",
}


@pytest.mark.parametrize("case", HEADERS)
def test_what_speaks_for_a_header_is_enough(case):
    """Files seldom call their texts as the task's did; to refuse them all would be a nuisance."""
    with opened(HEADERS[case]) as stream:
        assert len(list(stream)) == len(HEADERS[case].splitlines()) - 1


def test_without_a_header_the_columns_are_found_by_looking():
    """And called by their numbers, so that the output has a header."""
    written("7;it is very quick\n8;it broke at once\n")
    with open_stream("f.csv", (), ("text",), header=False) as stream:
        assert (stream.columns, stream.text_columns, stream.delimiter) == (("column 1", "column 2"), ("column 2",), ";")
        assert [row.cells for row in stream] == [("7", "it is very quick"), ("8", "it broke at once")]
    pair = open_stream("f.csv", (), ("premise", "hypothesis"), header=False)
    assert (pair.columns, next(iter(pair)).texts) == (("premise", "hypothesis"), ("7", "it is very quick"))
    assert refusal(lambda: open_stream("f.csv", (), ("a", "b", "c"), header=False)) == (
        "f.csv: the task reads 'a', 'b' and 'c', and 'column 2' looks like a text; it has columns 'column 1' and "
        "'column 2'.\nAdd a first line that names the columns, 'a', 'b' and 'c' among them."
    )


def test_no_header_has_no_meaning_beside_names():
    """A column cannot be named that has no name, and every JSON object names its own."""
    written("a,b\n")
    assert refusal(lambda: open_stream("f.csv", ["a"], ("text",), header=False), OptionError) == (
        "text_cols: names a column, and without a header there are no names.\nLeave it out."
    )
    written('{"text": "a"}\n', "f.jsonl")
    assert refusal(lambda: open_stream("f.jsonl", (), ("text",), header=False), OptionError) == (
        "header: has no meaning for f.jsonl, where names come with every row.\nLeave it out."
    )


@pytest.mark.parametrize("text", ["id,review\n0,a b c\n1,d e f\n", "review\ngood, but late\n", "id;Text\n1;a\n"])
def test_a_table_through_a_pipe_is_the_table_it_is_by_name(text):
    """Line by line, header and ids would be answered as texts."""
    by_name, by_pipe = opened(text), piped(text)
    assert (by_pipe.columns, by_pipe.text_columns, by_pipe.format) == (
        by_name.columns, by_name.text_columns, by_name.format,
    )  # fmt: skip
    assert list(by_pipe) == list(by_name)


def test_the_table_that_was_reported_is_read_through_a_pipe():
    """With a column that is not called as the task's."""
    stream = piped((CASES / "wrongcol2.csv").read_text())
    assert [row.texts[0] for row in stream] == [
        "Why was I billed two times", "Where is my parcel", "I forgot my password",
    ]  # fmt: skip
    assert [notice.text for notice in stream.notices] == [
        "stdin: texts were taken from 'review', for there is no 'text'."
    ]


@pytest.mark.parametrize("text", ["Great, thanks\nbad\n", "Late again.\nbad\n", "Thanks\nbad\n", "yes,no\nbad\n"])
def test_lines_through_a_pipe_can_always_be_asked_for(text):
    """What looks like a header may be a text."""
    with open_stream(None, (), ("text",), header=False, stdin=io.BytesIO(text.encode())) as stream:
        assert [row.texts[0] for row in stream] == text.splitlines()


def test_json_objects_come_through_as_they_are():
    """JSONL out is JSONL in plus the answer."""
    objects = [{"text": "a", "n": 1.5, "deep": {"k": [None]}}, {"n": 2, "text": None}, {"text": "c", "new": True}]
    stream = opened("\n".join(map(json.dumps, objects)), name="f.jsonl")
    rows = list(stream)
    assert (stream.format, [row.record for row in rows]) == ("jsonl", objects)
    assert [row.texts for row in rows] == [("a",), ("",), ("c",)]
    assert [row.record for row in piped("\n".join(map(json.dumps, objects)))] == objects


def test_a_pipe_without_a_header_is_one_text_a_line():
    """`echo text | crosspt predict` is the first thing people try."""
    stream = piped('The battery, it "died".\r\n\ntoo bad\tindeed')
    assert (stream.format, stream.columns, stream.text_columns) == ("lines", ("text",), ("text",))
    assert [row.texts[0] for row in stream] == ['The battery, it "died".', "", "too bad\tindeed"]


@pytest.mark.parametrize("known", [("text",), ()])
def test_an_empty_pipe_has_no_rows(known):
    """Nothing in, nothing out."""
    assert list(piped("", known=known)) == []


def test_a_pipe_whose_first_line_is_the_tasks_header_is_a_table():
    """`cat file.csv | crosspt predict` is the second."""
    stream = piped("y;Text\nb;one, two\n")
    assert (stream.format, stream.columns) == ("csv", ("y", "Text"))
    assert next(iter(stream)).texts == ("one, two",)
    assert next(iter(piped("a\tb\n1\t2\n", ["b"]))).texts == ("2",)


def test_plain_lines_are_refused_for_a_task_of_two_texts():
    """There is no way to tell where one ends."""
    assert refusal(lambda: piped("one line\n", known=("premise", "hypothesis"))) == (
        "stdin: the task reads 2 texts ('premise' and 'hypothesis'), and plain lines hold one.\n"
        "Start with a header line: premise,hypothesis"
    )


def test_a_text_file_is_read_as_lines():
    """A .txt file is a pipe that was saved."""
    assert [row.texts for row in opened("one, two\nthree\n", name="f.txt")] == [("one, two",), ("three",)]


def test_piped_bytes_are_decoded_like_files():
    """Windows pipes old encodings."""
    assert next(iter(piped("\u00e9t\u00e9\n".encode("cp1252")))).texts == ("\u00e9t\u00e9",)
    assert next(iter(piped("\u00e9t\u00e9\n".encode("utf-16")))).texts == ("\u00e9t\u00e9",)
    assert (
        refusal(lambda: piped(b"PAR1\0\0"))
        == "stdin: is not text.\nSend text; name a Parquet file instead of piping it."
    )
    late = open_stream(None, (), ("text",), stdin=_Dribble(b"ok\n", b"\xe9 bad\n"))
    assert refusal(lambda: list(late)) == "stdin line 2: byte 0xe9 at or after this line is not UTF-8.\nSend UTF-8."


class _Dribble(io.RawIOBase):
    """A pipe that gives what was written piece by piece."""

    def __init__(self, *pieces):
        self._pieces = list(pieces)

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._pieces.pop(0) if self._pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_header_that_arrives_in_pieces_is_still_a_header():
    """Pipes split lines wherever they like."""
    stream = open_stream(None, (), ("text",), stdin=_Dribble(b"te", b"xt,y\n", b"a,", b"b\n"))
    assert [row.cells for row in stream] == [("a", "b")]


def test_a_line_is_answered_before_the_next_arrives():
    """`tail -f log | crosspt predict` must not wait for the end of the log."""
    reader, writer = os.pipe()
    os.write(writer, b"first\n")
    seen = []
    with os.fdopen(reader, "rb") as pipe:
        rows = iter(open_stream(None, (), ("text",), stdin=pipe))
        thread = threading.Thread(target=lambda: seen.append(next(rows)), daemon=True)
        thread.start()
        thread.join(5)
        os.close(writer)
        assert [row.texts for row in seen] == [("first",)]
        assert list(rows) == []


def test_parquet_is_streamed_by_batches():
    """Its rows are numbered through, across batches."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    columns = {"text": [f"text {n}" for n in range(3000)], "n": list(range(3000))}
    pyarrow.parquet.write_table(pa.table(columns), "f.parquet", row_group_size=700)
    stream = open_stream("f.parquet", (), ("text",))
    rows = list(stream)
    assert (stream.format, len(rows)) == ("csv", 3000)
    assert (rows[-1].cells, rows[-1].line) == (("text 2999", "2999"), 3000)


def test_a_table_can_be_streamed_without_a_task():
    """Converting or counting needs no text columns."""
    opened("text,y\na,b\nc,d\n").close()
    assert [row.cells for row in stream_table("f.csv")] == [("a", "b"), ("c", "d")]


def test_a_million_rows_take_constant_memory():
    """The file may be larger than the machine."""
    with open("f.csv", "w") as handle:
        handle.write("text,y\n")
        handle.writelines(f"this is text number {n} of a very long file,a\n" for n in range(500_000))
    code = (
        "from crosspt_cli.data import open_stream\n"
        f"print(sum(len(row.texts) for row in open_stream({os.path.abspath('f.csv')!r}, (), ('text',))))"
    )
    limit = 60 << 20
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert (done.stdout, done.stderr) == ("500000\n", "")
