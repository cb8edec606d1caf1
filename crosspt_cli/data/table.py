"""A whole file in memory as a table of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crosspt_cli.data.delimited import Row
from crosspt_cli.data.notices import Notice, RowProblem, row_notice
from crosspt_cli.data.source import Source, open_source
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import counted, places

__all__ = ["Row", "Table", "read_table", "stream_table"]

LOOK_AHEAD = 100  # JSON objects read to know the columns of a stream

_LEFT_OUT = {
    "too-many-cells": "with more cells than the header left out, often for a separator that is not within quotes",
    "too-few-cells": "with fewer cells than the header left out",
    "bad-quotes": "with text after a closing quote left out; a quote inside a quoted cell is written twice",
    "backslash": 'with a backslash before a quote (\\") left out; a quote inside a quoted cell is written twice',
    "bad-json": "that cannot be read as JSON left out",
}
_QUOTES = {
    "bad-quotes": "there is text after a closing quote",
    "backslash": 'quotes have a backslash before them (\\"), which ends the cell',
}


@dataclass(frozen=True)
class Table:
    """A file's rows, every cell as the text that stands in the file.

    Args:
        columns: the column names as they stand in the file.
        rows: the rows that have one cell for each column, in file order.
        path: the file as the person named it.
        notices: what was noticed on reading: a guessed encoding, rows left out.
        unit: what a row's number counts: ``"line"`` or, for Parquet and hub data sets, ``"row"``.
        format: ``"csv"``, ``"tsv"``, ``"jsonl"``, ``"parquet"`` or ``"hub"``.
        encoding: the codec of a text file; else "".
        delimiter: what divides the cells of a delimited file that has several columns; else "".
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    path: str
    notices: tuple[Notice, ...]
    unit: str
    format: str
    encoding: str = ""
    delimiter: str = ""


def read_table(path: str | Path) -> Table:
    """Return the file as text cells; no value becomes a number or missing by itself.

    Args:
        path: a CSV, TSV, JSONL or Parquet file. Encoding and delimiter are found.

    Returns:
        Rows with too many or too few cells are left out, with a notice that has their lines.

    Raises:
        NotFound: there is no such file.
        DataError: it is no table, a quote is never closed, a cell is too long, a JSON line is bad, or it has no rows.

    Example:
        >>> read_table("examples/reviews.csv").columns
        ('text', 'y')
    """
    source = open_source(path)
    with closing(source):
        found = list(source.rows)
    problems = [item for item in found if isinstance(item, RowProblem)]
    _refuse_bad_json(source, problems)
    rows = tuple(item for item in found if isinstance(item, Row))
    notices = source.notices + problem_notices(source.path, source.unit, problems)
    written = (source.unit, source.format, source.encoding, source.delimiter)
    table = Table(source.columns, rows, source.path, notices, *written)
    _refuse_no_rows(table)
    return table


def _refuse_bad_json(source: Source, problems: list[RowProblem]) -> None:
    bad = [problem for problem in problems if problem.kind == "bad-json"]
    if not bad:
        return
    where, problem = f"{source.path} line {bad[0].line}", f"{bad[0].detail}."
    if len(bad) > 1:
        lines = places(tuple(item.line for item in bad))
        where, problem = source.path, f"{counted(len(bad), 'line')} are no JSON objects ({lines}); the first {problem}"
    raise DataError(where, problem, 'Write one object a line, e.g. {"text": "...", "label": "..."}')


def problem_notices(path: str, unit: str, problems: Sequence[RowProblem]) -> tuple[Notice, ...]:
    """Return a notice for every kind of row that could not be read and was left out."""
    notices: tuple[Notice, ...] = ()
    for kind, what in _LEFT_OUT.items():
        lines = [problem.line for problem in problems if problem.kind == kind]
        notices += row_notice(kind, path, lines, unit, what)
    return notices


def _refuse_no_rows(table: Table) -> None:
    if table.rows:
        return
    causes = [notice for notice in table.notices if notice.kind in _LEFT_OUT]
    quotes = [notice for notice in causes if notice.kind in _QUOTES]
    if causes:
        lines = places(tuple(sorted(line for notice in causes for line in notice.lines)), table.unit)
        problem = f"no row has the header's {len(table.columns)} cells ({lines})."
        hint = "Give every row one cell for each column; put a cell that has the separator in it within quotes."
        if quotes:
            what = " or ".join(_QUOTES[notice.kind] for notice in quotes)
            problem = f"no row can be read ({lines}): {what}."
            hint = 'Write a quote inside a quoted cell twice ("").'
        raise DataError(table.path, problem, hint)
    raise DataError(table.path, "has a header and no rows.", "Add labelled rows below the header.")


def stream_table(path: str | Path) -> Iterator[Row]:
    """Yield a file's rows one by one, in constant memory; a row that cannot be read stops it.

    Raises:
        NotFound: there is no such file.
        DataError: the file or a row cannot be read; names the line.
    """
    source = open_source(path, LOOK_AHEAD)
    with closing(source):
        yield from sound_rows(source.rows, source.path, source.unit)


def sound_rows(
    rows: Iterable[Row | RowProblem],
    path: str,
    unit: str,
    unreadable: Callable[[RowProblem], object] | None = None,
) -> Iterator[Row]:
    """Yield rows, and raise at the first that cannot be read; or tell `unreadable` of each and leave it out.

    Raises:
        DataError: names the line. A row left out where each gets an answer would shift every answer after it.
    """
    for row in rows:
        if isinstance(row, RowProblem):
            if unreadable:
                unreadable(row)
                continue
            hint = "Mend that line; every row in gets one row out, so none is left out."
            raise DataError(f"{path} {unit} {row.line}", f"{row.detail}.", hint)
        yield row
