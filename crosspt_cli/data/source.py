"""One way into every file format: columns, and rows that are read as they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePath
from typing import BinaryIO

from crosspt_cli.data.delimited import Row, read_rows
from crosspt_cli.data.dialect import ONE_COLUMN, find_dialect
from crosspt_cli.data.encoding import PARQUET, TextFile, open_binary, open_text
from crosspt_cli.data.jsonl import Record, columns_of, is_object, read_records, record_row
from crosspt_cli.data.notices import Notice, RowProblem
from crosspt_cli.foundation.errors import CrossptError, DataError
from crosspt_cli.foundation.words import quoted

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
JSON_ARRAY = re.compile(r'\s*\[\s*\{\s*"')
TAB_SUFFIXES = (".tsv", ".tab")


@dataclass(frozen=True)
class Source:
    """An open table whose rows are read as they are asked for.

    Args:
        path: the file as the person named it.
        format: ``"csv"``, ``"tsv"``, ``"jsonl"``, ``"lines"``, ``"parquet"`` or ``"hub"``.
        columns: the column names as they stand in the file.
        rows: rows of as many cells as there are columns, and in the place of one that cannot be read its problem.
        notices: what was noticed on opening.
        unit: what a row's number counts: ``"line"`` or ``"row"``.
        close: gives the file back.
        encoding: the codec of a text file; "" for Parquet.
        delimiter: what divides the cells of a delimited file that has several columns; else "".
    """

    path: str
    format: str
    columns: tuple[str, ...]
    rows: Iterator[Row | RowProblem]
    notices: tuple[Notice, ...]
    unit: str
    close: Callable[[], object]
    encoding: str = ""
    delimiter: str = ""


def open_source(path: str | Path, look_ahead: int | None = None) -> Source:
    """Return the file opened as what its content, and then its suffix, say it is.

    Args:
        path: a CSV, TSV, JSONL or Parquet file, packed with gzip or not.
        look_ahead: how many JSON objects are read to know the columns; None reads all.

    Raises:
        NotFound: there is no such file.
        DataError: it cannot be read as a table; says where and why.
    """
    binary = open_binary(path)
    try:
        start = binary.read(len(PARQUET))
        binary.seek(0)
        if start == PARQUET:
            return parquet_source(binary, str(path))
        return text_source(open_text(binary, str(path)), str(path), binary.close, look_ahead)
    except CrossptError:
        binary.close()
        raise


def parquet_source(binary: BinaryIO, where: str) -> Source:
    """Return an opened Parquet file as a table."""
    from crosspt_cli.data.arrow import open_parquet

    columns, rows, notices = open_parquet(binary, where)
    _check_columns(columns, where)
    return Source(where, "parquet", columns, rows, notices, "row", binary.close)


def text_source(file: TextFile, where: str, close: Callable[[], object], look_ahead: int | None = None) -> Source:
    """Return an opened text file as a table: JSON objects when the name or the first line says so, else delimited."""
    if is_jsonl(file.head, where):
        return _jsonl_source(file, where, close, look_ahead)
    return _delimited_source(file, where, close)


def is_jsonl(head: str, where: str) -> bool:
    """Return whether the first line is a JSON object, objects follow in an array, or the file name says so."""
    first = (head.lstrip().splitlines() or [""])[0]
    return suffix(where) in JSON_SUFFIXES or is_object(first) or bool(JSON_ARRAY.match(head))


def suffix(where: str) -> str:
    """Return the file name's suffix in lower case, before a ``.gz``."""
    path = PurePath(where.lower())
    return PurePath(path.stem).suffix if path.suffix == ".gz" else path.suffix


def _delimited_source(file: TextFile, where: str, close: Callable[[], object]) -> Source:
    dialect = find_dialect(file.head, file.whole, where, suffix(where) in TAB_SUFFIXES)
    rows = read_rows(file.text, where, dialect)
    header = next(rows, None)
    if header is None:
        raise DataError(where, "has no header, only blank lines.", "Add a first line that names the columns.")
    if isinstance(header, RowProblem):
        raise DataError(f"{where} line {header.line}", f"the header {header.detail}.", "Write the header again.")
    _check_columns(header.cells, f"{where} line {header.line}")
    kind = "tsv" if dialect.delimiter == "\t" else "csv"
    divides = "" if dialect.delimiter == ONE_COLUMN else dialect.delimiter
    notices = file.notices + dialect.notices
    return Source(where, kind, header.cells, rows, notices, "line", close, file.encoding, divides)


def _check_columns(columns: tuple[str, ...], where: str) -> None:
    names = [column.strip() for column in columns]
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        problem = f"the header names {quoted(twice)} more than once."
        raise DataError(where, problem, "Give every column a name of its own.")


def _jsonl_source(file: TextFile, where: str, close: Callable[[], object], look_ahead: int | None) -> Source:
    if file.head.lstrip().startswith("["):
        hint = f"Write one object a line, e.g. with: jq -c '.[]' {where}"
        raise DataError(where, "is one JSON array, not one object a line.", hint)
    found = read_records(file.text, where)
    first = list(islice(found, look_ahead))
    columns = columns_of(item[1] for item in first if isinstance(item, tuple))
    rows = (_json_row(item, columns, where) for item in chain(first, found))
    return Source(where, "jsonl", columns, rows, file.notices, "line", close, file.encoding)


def _json_row(item: tuple[int, Record] | RowProblem, columns: tuple[str, ...], where: str) -> Row | RowProblem:
    return item if isinstance(item, RowProblem) else record_row(item[1], item[0], columns, where)
