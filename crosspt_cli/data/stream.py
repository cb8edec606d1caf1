"""Rows to predict, one by one: from a file or a pipe, in constant memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from crosspt_cli.data.columns import Wanted, clean_name, find_column, find_text_columns, listed, match_columns
from crosspt_cli.data.delimited import Row, header_of
from crosspt_cli.data.encoding import PARQUET, TextFile, open_binary, open_pipe, open_text
from crosspt_cli.data.lines import MAX_CELL, read_line
from crosspt_cli.data.notices import Notice, quoted
from crosspt_cli.data.source import Source, is_jsonl, open_source, suffix, text_source
from crosspt_cli.data.table import LOOK_AHEAD, sound_rows
from crosspt_cli.foundation.errors import CrossptError, DataError, OptionError

STDIN = "stdin"


@dataclass(frozen=True)
class _TextColumns:
    """The text columns the person named, and those of the task."""

    named: tuple[str, ...]
    known: tuple[str, ...]


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
    record: dict[str, object] | None = None


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
    """

    path: str
    format: str
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    notices: tuple[Notice, ...]
    rows: Iterator[StreamRow]
    close: Callable[[], None]

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
    stdin: BinaryIO | None = None,
) -> Stream:
    """Return the input opened, with its text columns found; rows come out in file order, one for each row in.

    A pipe, and a ``.txt`` file, hold one text a line unless the first line is a header or a JSON object with the
    task's columns.

    Args:
        path: a CSV, TSV, JSONL, Parquet or text file; None reads stdin.
        text_cols: the text columns, in the task's order; when empty, the task's own names, else found by looking.
        known_columns: the task's text columns; when empty, any number of texts will do.
        stdin: the pipe to read instead of the process's own.

    Raises:
        NotFound: there is no such file.
        DataError: it cannot be read, or its text columns cannot be told. While iterating: a row that cannot be read.
        OptionError: as many `text_cols` as the task has texts are needed.
    """
    _check_count(text_cols, known_columns)
    wanted = _TextColumns(tuple(text_cols), tuple(known_columns))
    source = _open_pipe(stdin or sys.stdin.buffer, wanted) if path is None else _open_file(path, wanted)
    try:
        return _stream(source, wanted)
    except CrossptError:
        source.close()
        raise


def _check_count(text_cols: Sequence[str], known: Sequence[str]) -> None:
    if text_cols and known and len(text_cols) != len(known):
        problem = f"{len(text_cols)} given, and the task reads {len(known)} ({quoted(known)})."
        raise OptionError("--text-col", problem, f"Pass --text-col {len(known)} times, in the task's order.")


def _open_file(path: str | Path, wanted: _TextColumns) -> Source:
    if suffix(str(path)) != ".txt":
        return open_source(path, LOOK_AHEAD)
    binary = open_binary(path)
    try:
        return _table_or_lines(open_text(binary, str(path)), str(path), wanted, binary.close, LOOK_AHEAD)
    except CrossptError:
        binary.close()
        raise


def _open_pipe(pipe: BinaryIO, wanted: _TextColumns) -> Source:
    file = open_pipe(pipe, STDIN)
    if "\0" in file.head or file.head.startswith(PARQUET.decode()):
        raise DataError(STDIN, "is not text.", "Send text; name a Parquet file instead of piping it.")
    # a pipe may be a person typing: no more is read ahead than the first row
    return _table_or_lines(file, STDIN, wanted, file.text.detach, 1)


def _table_or_lines(
    file: TextFile, where: str, wanted: _TextColumns, close: Callable[[], None], look_ahead: int
) -> Source:
    if wanted.named or is_jsonl(file.head, where) or _has_header(file, wanted.known):
        return text_source(file, where, close, look_ahead)
    if len(wanted.known) > 1:
        problem = f"the task reads {len(wanted.known)} texts ({quoted(wanted.known)}), and plain lines hold one."
        raise DataError(where, problem, f"Start with a header line: {','.join(wanted.known)}")
    columns = wanted.known or ("text",)
    return Source(where, "lines", columns, _lines(file, where), file.notices, "line", close, file.encoding)


def _has_header(file: TextFile, known: tuple[str, ...]) -> bool:
    columns = header_of(file.head, file.whole)
    return bool(known) and all(find_column(name, columns) is not None for name in known)


def _lines(file: TextFile, where: str) -> Iterator[Row]:
    number = 1
    while line := read_line(file.text, where, number, MAX_CELL):
        yield Row((line.rstrip("\r\n"),), number)
        number += 1


def _stream(source: Source, wanted: _TextColumns) -> Stream:
    rows = sound_rows(source.rows, source.path, source.unit)
    indexes, notices = _by_name(source, wanted)
    if indexes is None:
        sample = list(islice(rows, LOOK_AHEAD))
        indexes, notices = _by_look(source, sample, wanted.known)
        rows = chain(sample, rows)
    names = tuple(clean_name(source.columns[index]) for index in indexes)
    kind = "csv" if source.format == "parquet" else source.format
    found = _with_texts(rows, indexes)
    return Stream(source.path, kind, source.columns, names, source.notices + notices, found, source.close)


def _by_name(source: Source, wanted: _TextColumns) -> tuple[tuple[int, ...] | None, tuple[Notice, ...]]:
    if wanted.named:
        return match_columns([Wanted(name, "--text-col") for name in wanted.named], source.columns, source.path)
    indexes = tuple(index for name in wanted.known if (index := find_column(name, source.columns)) is not None)
    return (indexes if indexes and len(indexes) == len(wanted.known) else None), ()


def _by_look(source: Source, sample: list[Row], known: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[Notice, ...]]:
    found = find_text_columns(source.columns, [row.cells for row in sample])
    if len(source.columns) == 1 and len(known) < 2:
        found = [0]
    if not found or (known and len(found) != len(known)):
        raise _no_texts(source, found, known)
    taken = quoted(source.columns[index] for index in found)
    text = f"{source.path}: texts were taken from {taken}, for there is no {quoted(known)}."
    return tuple(found), (Notice("header", (), text),) if known else ()


def _no_texts(source: Source, found: list[int], known: tuple[str, ...]) -> DataError:
    looks = quoted(source.columns[index] for index in found)
    like = f"{looks} look like texts" if found else "no column looks like text"
    needs = f"the task reads {quoted(known)}, and " if known else ""
    hint = f"Pass --text-col {len(known)} times, in the task's order." if len(known) > 1 else "Pass --text-col."
    return DataError(source.path, f"{needs}{like}; it has {listed(source.columns)}.", hint)


def _with_texts(rows: Iterator[Row], indexes: tuple[int, ...]) -> Iterator[StreamRow]:
    for row in rows:
        yield StreamRow(row.cells, tuple(row.cells[index] for index in indexes), row.line, row.record)
