"""Rows to predict, one by one: from a file or a pipe, in constant memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from crosspt_cli.data.columns import Wanted, clean_name, columns_text, find_column, find_text_columns, match_columns
from crosspt_cli.data.delimited import Row, header_of, read_rows
from crosspt_cli.data.dialect import ONE_COLUMN, SEPARATOR_LINE, find_dialect
from crosspt_cli.data.encoding import PARQUET, PIPES, TextFile, open_binary, open_pipe, open_text
from crosspt_cli.data.headers import can_be_header, is_surely_header
from crosspt_cli.data.jsonl import Record
from crosspt_cli.data.lines import MAX_CELL, read_line
from crosspt_cli.data.notices import Notice, RowProblem
from crosspt_cli.data.source import Source, is_jsonl, open_source, parquet_source, suffix, text_source
from crosspt_cli.data.table import LOOK_AHEAD, sound_rows
from crosspt_cli.foundation.errors import Argument, CrossptError, DataError, OptionError
from crosspt_cli.foundation.words import quoted

STDIN = "stdin"
LEAVE_OUT = "Leave it out."

Unreadable = Callable[[RowProblem], object]
"""Is told of every row that cannot be read."""


class NoTextColumns(DataError):
    """Which columns hold the task's texts cannot be told."""


class NoHeader(NoTextColumns):
    """The first line of a delimited file may as well be a row."""


@dataclass(frozen=True)
class _Wanted:
    """The text columns the person named, those of the task, and whether the first line is a header."""

    named: tuple[str, ...]
    known: tuple[str, ...]
    header: bool


@dataclass(frozen=True)
class StreamRow:
    """One row to predict.

    Args:
        cells: every cell, in column order.
        texts: the text columns' cells; a blank one is "" or spaces as it stands, never left out.
        line: 1-based line on which the row starts; the row number for Parquet.
        record: the JSON object the row was read from, where it was.
    """

    cells: tuple[str, ...]
    texts: tuple[str, ...]
    line: int
    record: Record | None = None


@dataclass(frozen=True)
class Stream:
    """An open input whose rows are read as they are asked for; iterate it once.

    Args:
        path: the file as the person named it, or ``"stdin"``.
        format: ``"csv"`` (Parquet too), ``"tsv"``, ``"jsonl"`` or ``"lines"`` (a text a line, no header).
        columns: the column names as they stand in the file.
        text_columns: the names of the columns the texts come from, in the task's order.
        notices: what was noticed on opening.
        rows: the rows.
        close: gives the file back; a `with` does it too.
        delimiter: what divides the cells of a delimited file; "" elsewhere, and where there is one column.
        unit: what a row's number counts: ``"line"`` or ``"row"``.
    """

    path: str
    format: str
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    notices: tuple[Notice, ...]
    rows: Iterator[StreamRow]
    close: Callable[[], object]
    delimiter: str = ""
    unit: str = "line"

    def __iter__(self) -> Iterator[StreamRow]:
        return self.rows

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_stream(
    path: str | Path | None,
    text_cols: Sequence[str] = (),
    known_columns: Sequence[str] = (),
    *,
    header: bool = True,
    stdin: BinaryIO | None = None,
    unreadable: Unreadable | None = None,
) -> Stream:
    """Return the input opened, with its text columns found; rows come out in file order, one for each row in.

    A pipe, and a ``.txt`` file, hold one text a line unless the first line is a header or a JSON object. A delimited
    file whose first line may as well be a row is refused: taken for a header, it would get no answer.

    Args:
        path: a CSV, TSV, JSONL, Parquet or text file; ``"-"`` is all that a pipe holds, of any of these formats; None
            reads stdin row by row, as text.
        text_cols: the text columns, in the task's order; when empty, the task's own names, else found by looking.
        known_columns: the task's text columns; when empty, any number of texts will do.
        header: whether the first line of a delimited file names its columns.
        stdin: the pipe to read instead of the process's own.
        unreadable: told of every row that cannot be read, which is then left out; None stops there.

    Raises:
        NotFound: there is no such file.
        DataError: it cannot be read, or header or text columns cannot be told. While iterating: a row that cannot be
            read, unless `unreadable` is told.
        OptionError: as many `text_cols` as the task has texts are needed, and a header to find them in.
    """
    _check_arguments(text_cols, known_columns, header)
    wanted = _Wanted(tuple(text_cols), tuple(known_columns), header)
    source = _open_pipe(stdin or sys.stdin.buffer, wanted) if path is None else _open_file(path, wanted)
    return _stream(source, wanted, unreadable)


def stream_of(source: Source, known_columns: Sequence[str], unreadable: Unreadable) -> Stream:
    """Return an open source as a stream, its text columns found as `open_stream` finds them.

    Args:
        source: whose rows are read as they are asked for.
        known_columns, unreadable: as for `open_stream`.

    Raises:
        DataError: see `open_stream`.
    """
    return _stream(source, _Wanted((), tuple(known_columns), True), unreadable)


def _check_arguments(text_cols: Sequence[str], known: Sequence[str], header: bool) -> None:
    if text_cols and not header:
        raise OptionError(Argument("text_cols"), "names a column, and without a header there are no names.", LEAVE_OUT)
    if text_cols and known and len(text_cols) != len(known):
        problem = f"{len(text_cols)} given, and the task reads {len(known)} ({quoted(known)})."
        hint = f"Name {len(known)}, in the task's order."
        raise OptionError(
            Argument("text_cols"), problem, hint, f"Pass --text-col {len(known)} times, in the task's order."
        )


def _open_file(path: str | Path, wanted: _Wanted) -> Source:
    where = str(path)
    may_be_lines = suffix(where) == ".txt" or where in PIPES
    if not may_be_lines and wanted.header:
        return open_source(path, LOOK_AHEAD)
    binary = open_binary(path)
    try:
        if binary.read(len(PARQUET)) == PARQUET:
            if not wanted.header:
                raise _no_header_there(where)
            return parquet_source(binary, where)
        file = open_text(binary, where)
        if may_be_lines:
            return _table_or_lines(file, where, wanted, binary.close, LOOK_AHEAD)
        return _without_header(file, where, wanted, binary.close)
    except CrossptError:
        binary.close()
        raise


def _no_header_there(where: str) -> OptionError:
    return OptionError(Argument("header"), f"has no meaning for {where}, where names come with every row.", LEAVE_OUT)


def _without_header(file: TextFile, where: str, wanted: _Wanted, close: Callable[[], object]) -> Source:
    """Return a delimited file whose first line is a row; columns are called as the task's, or by their numbers."""
    if is_jsonl(file.head, where):
        raise _no_header_there(where)
    dialect = find_dialect(file.head, file.whole, where)
    width = len(header_of(file.head, file.whole))
    numbered = tuple(f"column {number}" for number in range(1, width + 1))
    columns = wanted.known if width == len(wanted.known) else numbered
    rows, notices = read_rows(file.text, where, dialect), file.notices + dialect.notices
    kind = "tsv" if dialect.delimiter == "\t" else "csv"
    divides = "" if dialect.delimiter == ONE_COLUMN else dialect.delimiter
    return Source(where, kind, columns, rows, notices, "line", close, file.encoding, divides)


def _open_pipe(pipe: BinaryIO, wanted: _Wanted) -> Source:
    file = open_pipe(pipe, STDIN)
    if "\0" in file.head or file.head.startswith(PARQUET.decode()):
        raise DataError(STDIN, "is not text.", "Send text; name a Parquet file instead of piping it.")
    # a pipe may be a person typing: no more is read ahead than the first row
    return _table_or_lines(file, STDIN, wanted, file.text.detach, 1)


def _table_or_lines(
    file: TextFile, where: str, wanted: _Wanted, close: Callable[[], object], look_ahead: int
) -> Source:
    if not wanted.header and len(wanted.known) > 1:
        return _without_header(file, where, wanted, close)
    if wanted.header and _is_table(file, where, wanted):
        return text_source(file, where, close, look_ahead)
    if len(wanted.known) > 1:
        problem = f"the task reads {len(wanted.known)} texts ({quoted(wanted.known)}), and plain lines hold one."
        raise DataError(where, problem, f"Start with a header line: {','.join(wanted.known)}")
    columns = wanted.known or ("text",)
    return Source(where, "lines", columns, _lines(file, where), file.notices, "line", close, file.encoding)


def _is_table(file: TextFile, where: str, wanted: _Wanted) -> bool:
    """Return whether the first line says so; more of a pipe may not have arrived, and would not always say the same."""
    if wanted.named or is_jsonl(file.head, where) or SEPARATOR_LINE.match(file.head):
        return True
    first = (file.head.splitlines() or [""])[0]
    return bool(wanted.known) and can_be_header(header_of(first, whole=True), wanted.known)


def _lines(file: TextFile, where: str) -> Iterator[Row]:
    number = 1
    while line := read_line(file.text, where, number, MAX_CELL):
        yield Row((line.rstrip("\r\n"),), number)
        number += 1


def _stream(source: Source, wanted: _Wanted, unreadable: Unreadable | None) -> Stream:
    try:
        return _with_columns(source, wanted, unreadable)
    except CrossptError:
        source.close()
        raise


def _with_columns(source: Source, wanted: _Wanted, unreadable: Unreadable | None) -> Stream:
    rows = sound_rows(source.rows, source.path, source.unit, unreadable)
    indexes, notices = _by_name(source, wanted)
    if indexes is None:
        sample = list(islice(rows, LOOK_AHEAD))
        indexes, notices = _by_look(source, sample, wanted)
        rows = chain(sample, rows)
    names = tuple(clean_name(source.columns[index]) for index in indexes)
    kind = "csv" if source.format == "parquet" else source.format
    found = _with_texts(rows, indexes)
    notices = source.notices + notices
    written = (source.delimiter, source.unit)
    return Stream(source.path, kind, source.columns, names, notices, found, source.close, *written)


def _by_name(source: Source, wanted: _Wanted) -> tuple[tuple[int, ...] | None, tuple[Notice, ...]]:
    if wanted.named:
        return match_columns([Wanted(name, "--text-col") for name in wanted.named], source.columns, source.path)
    indexes = tuple(index for name in wanted.known if (index := find_column(name, source.columns)) is not None)
    return (indexes if indexes and len(indexes) == len(wanted.known) else None), ()


def _by_look(source: Source, sample: list[Row], wanted: _Wanted) -> tuple[tuple[int, ...], tuple[Notice, ...]]:
    known, cells = wanted.known, [row.cells for row in sample]
    found = find_text_columns(source.columns, cells)
    if len(source.columns) == 1 and len(known) < 2:
        found = [0]
    if not found or (known and len(found) != len(known)):
        raise _no_texts(source, found, wanted)
    delimited = source.format in ("csv", "tsv") and wanted.header
    if known and delimited and not is_surely_header(source.columns, cells, found, known):
        raise _no_header(source, known)
    taken = quoted(source.columns[index] for index in found)
    text = f"{source.path}: texts were taken from {taken}, for there is no {quoted(known)}."
    return tuple(found), (Notice("header", (), text),) if known and wanted.header else ()


def _no_header(source: Source, known: tuple[str, ...]) -> NoHeader:
    first = quoted(source.columns)
    problem = f"the first line may be a row: it has {first}, and the task reads {quoted(known)}."
    hint = "Pass header=False if it is a row, or text_cols with names that stand in it."
    typed = "Pass --no-header if it is a row, or --text-col with a name that stands in it."
    return NoHeader(source.path, problem, hint, typed)


def _no_texts(source: Source, found: list[int], wanted: _Wanted) -> NoTextColumns:
    looks, known = quoted(source.columns[index] for index in found), wanted.known
    do = "looks like a text" if len(found) == 1 else "look like texts"
    like = f"{looks} {do}" if found else "no column looks like text"
    needs = f"the task reads {quoted(known)}, and " if known else ""
    hint = "Pass text_cols, in the task's order." if len(known) > 1 else "Pass text_cols."
    typed = f"Pass --text-col {len(known)} times, in the task's order." if len(known) > 1 else "Pass --text-col."
    if not wanted.header:
        hint = typed = f"Add a first line that names the columns, {quoted(known)} among them."
    return NoTextColumns(source.path, f"{needs}{like}; it has {columns_text(source.columns)}.", hint, typed)


def _with_texts(rows: Iterator[Row], indexes: tuple[int, ...]) -> Iterator[StreamRow]:
    for row in rows:
        yield StreamRow(row.cells, tuple(row.cells[index] for index in indexes), row.line, row.record)
