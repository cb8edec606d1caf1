"""Rows of delimited text (CSV, TSV and their kin) with the line each starts on, in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosspt_cli.data.dialect import Dialect, fitted, header_of
from crosspt_cli.data.lines import MAX_CELL, MAX_ROW, Text, check_cells, read_line, too_long
from crosspt_cli.data.notices import RowProblem
from crosspt_cli.foundation.errors import DataError

if TYPE_CHECKING:
    from crosspt_cli.data.jsonl import Record

__all__ = ["Row", "header_of", "read_rows"]

MAX_ROW_LINES = 1_000  # a cell of more lines is a quote that was never closed


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        cells: the cells as text, in column order, nothing stripped.
        line: 1-based line on which the row starts; the row number for Parquet and hub data sets.
        record: the JSON object the row was read from, where it was.
    """

    cells: tuple[str, ...]
    line: int
    record: Record | None = None


def read_rows(text: Text, where: str, dialect: Dialect) -> Iterator[Row | RowProblem]:
    """Yield the header and then every row that is not an empty line; memory does not grow with the file.

    Args:
        text: the characters, opened so that line ends are untouched.
        where: the file's name, for messages.
        dialect: how the rows are written.

    Raises:
        DataError: a cell or row is too long, a quote is never closed, or bytes do not decode.
    """
    lines = _Lines(text, where, dialect)
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
    reader = dialect.reader(lines)
    header = None
    while True:
        row = _next_row(reader, lines)
        if row is None:
            return
        if isinstance(row, Row):
            check_cells(row.cells, where, row.line)
            header = header or row.cells
            row = _of_width(row, header)
        yield row


def _next_row(reader: Iterator[list[str]], lines: _Lines) -> Row | RowProblem | None:
    while True:
        start = lines.begin_row()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            return lines.misread(error)
        if cells is None:
            return None
        if cells:
            return Row(tuple(cells), start)


def _of_width(row: Row, header: tuple[str, ...]) -> Row | RowProblem:
    cells = fitted(row.cells, header)
    if cells is not None:
        return Row(cells, row.line)
    kind = "too-many-cells" if len(row.cells) > len(header) else "too-few-cells"
    return RowProblem(kind, row.line, f"has {len(row.cells)} cells, and the header has {len(header)}")


class _Lines:
    """The lines under a csv reader: counts them and stops what would otherwise swallow the file."""

    def __init__(self, text: Text, where: str, dialect: Dialect) -> None:
        self._text, self._where, self._dialect = text, where, dialect
        self._line = 0
        self._row: list[str] = []
        self._size = 0
        for number in range(1, dialect.above + 1):
            read_line(text, where, number)
            self._line = number

    def __iter__(self) -> _Lines:
        return self

    def begin_row(self) -> int:
        """Forget the previous row and return the line on which the next one starts."""
        self._row, self._size = [], 0
        return self._line + 1

    def __next__(self) -> str:
        line = read_line(self._text, self._where, self._line + 1)
        if not line and self._row:
            raise self._unclosed("the file ends")
        if not line:
            raise StopIteration
        self._line += 1
        if not self._row:
            line = line.lstrip("\ufeff")  # where files were put together, each may have begun with a mark
        line = self._dialect.line(line)
        self._row.append(line)
        self._size += len(line)
        if len(self._row) > MAX_ROW_LINES:
            raise self._unclosed(f"{MAX_ROW_LINES:,} lines go by")
        if self._size > MAX_ROW:
            raise too_long(f"{self._where} line {self._opened(self._row[:-1])}", "row", MAX_ROW)
        return line

    def misread(self, error: csv.Error) -> RowProblem:
        """Return the problem of a row on one line; one over several lines swallowed others and stops the reading."""
        opened = self._opened(self._row[:-1])
        if "field limit" in str(error):
            raise too_long(f"{self._where} line {opened}", "cell", MAX_CELL)
        if len(self._row) == 1:
            return self._bad_quotes(opened)
        problem = f"the quote that opens here closes in the middle of a cell on line {self._line}."
        raise DataError(f"{self._where} line {opened}", problem, _QUOTE_HINT)

    def _bad_quotes(self, line: int) -> RowProblem:
        if '\\"' in self._row[0]:
            return RowProblem("backslash", line, 'has a quote with a backslash before it (\\"), which ends the cell')
        return RowProblem("bad-quotes", line, "has text after a closing quote")

    def _unclosed(self, what: str) -> DataError:
        problem = f"a quote opens here, and {what} before it closes."
        return DataError(f"{self._where} line {self._opened(self._row)}", problem, _QUOTE_HINT)

    def _opened(self, parsed: list[str]) -> int:
        """Return the line on which the quote was opened that is still open after the `parsed` lines of this row."""
        start = self._line - len(self._row) + 1
        opened = start
        # every line but the first begins inside a quote; a second cell means that it closed and another opened
        for number, line in enumerate(parsed[1:], start + 1):
            if len(next(csv.reader([f'"{line}'], delimiter=self._dialect.delimiter))) > 1:
                opened = number
        return opened


_QUOTE_HINT = 'Close the quote, or write a quote inside a quoted cell twice ("").'
