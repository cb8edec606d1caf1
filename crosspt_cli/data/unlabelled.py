"""Rows without labels that a task may learn from beside its labelled ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crosspt_cli.data.checks import Example
from crosspt_cli.data.columns import find_column
from crosspt_cli.data.draw import BLANK, COPY, Draw
from crosspt_cli.data.encoding import PIPES
from crosspt_cli.data.hub import is_hub_name, open_hub
from crosspt_cli.data.identity import row_digest
from crosspt_cli.data.notices import Notice, RowProblem
from crosspt_cli.data.shots import Examples, Paths, UsableRows, file_names
from crosspt_cli.data.source import Source
from crosspt_cli.data.stream import NoHeader, NoTextColumns, Stream, Unreadable, open_stream, stream_of
from crosspt_cli.data.table import Table, problem_notices
from crosspt_cli.foundation.errors import Argument, DataError, OptionError
from crosspt_cli.foundation.words import counted, joined, quoted

MOST_UNLABELLED = 2_000
KNOWN = "with the text of a labelled row"


@dataclass(frozen=True)
class UnlabelledRows:
    """Rows without labels that a task may learn from.

    Args:
        rows: label None; a sample where there are more than are wanted. Rows with a blank label first, then file after
            file, in file order.
        read: how many rows were looked at in all files, those with a blank label included.
        passed_over: why rows were left out → how many.
        digest: 16 hex digits that stand for the texts of all rows that could be used, in whatever order.
        notices: what was noticed on reading, each with the file of its lines.
        files: the files as the person named them; empty where all rows are those with a blank label.
        units: what a row's number counts in each file: ``"line"`` or ``"row"``.
    """

    rows: tuple[Example, ...]
    read: int
    passed_over: dict[str, int]
    digest: str
    notices: tuple[Notice, ...]
    files: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def possible(self) -> int:
        """How many rows could be used; `rows` is a sample of them."""
        return self.read - sum(self.passed_over.values())


Unlabelled = Paths | UnlabelledRows
"""Files of rows without labels, or those rows where they were read already; none is an empty tuple."""


def unlabelled_names(files: Unlabelled) -> tuple[str, ...]:
    """Return the names of the files, as the person wrote them.

    Raises:
        OptionError: one is named twice, or something is no name.
    """
    if isinstance(files, UnlabelledRows):
        return files.files
    return () if isinstance(files, tuple | list) and not files else file_names(files, "unlabelled")


def read_unlabelled(
    files: Unlabelled,
    text_columns: Sequence[str],
    known: Examples | UsableRows,
    blank: Sequence[Example],
    most: int = MOST_UNLABELLED,
) -> UnlabelledRows:
    """Return rows that may be learned from without their labels, drawn by lot where there are many.

    Files are read row by row, as those that `predict` reads. Memory holds the rows that are drawn, and a number for
    every other text. Left out, and counted, are rows without text, copies of an earlier row, and copies of a labelled
    row. A label that stands in a file is not read.

    Args:
        files: CSV, TSV, JSONL, Parquet or text files, ``-`` or hub data sets; what was read already is not read again.
        text_columns: the labelled rows' columns of texts, which must be found in each file.
        known: the labelled rows.
        blank: rows of the labelled files that have no label.
        most: how many rows to keep.

    Raises:
        NotFound: there is no such file or hub data set.
        DataError: a file cannot be read, has no rows, or its columns of texts cannot be told.
        OptionError: a file is named twice, or is the pipe that the labelled rows came through.
    """
    if isinstance(files, UnlabelledRows):
        return files
    names = unlabelled_names(files)
    _check_pipe(names, known)
    draw: Draw[Example] = Draw(most, (row_digest(row.fields) for row in known.rows), KNOWN)
    for row in blank:
        draw.offer(row, row.fields)
    notices: tuple[Notice, ...] = ()
    units = dict(known.about.files)
    for file in _each(files):
        noticed, unit = _read(file, text_columns, known.about.label_column, draw)
        notices += noticed
        units[_shown(file)] = unit
    passed = {why: draw.passed_over[why] for why in (BLANK, KNOWN, COPY) if draw.passed_over[why]}
    rows = UnlabelledRows(draw.rows, draw.read, passed, draw.digest, notices, names, units)
    return replace(rows, notices=notices + _summary(rows, blank))


def _check_pipe(names: Sequence[str], known: Examples | UsableRows) -> None:
    if any(name in PIPES for name in names) and any(name in PIPES for name, _ in known.about.files):
        hint = "Write one of them to a file."
        raise OptionError(Argument("unlabelled"), "is the pipe that the labelled rows came through.", hint)


def _each(files: Paths) -> Sequence[str | Path | Table]:
    return (files,) if isinstance(files, str | Path | Table) else files


def _shown(file: str | Path | Table) -> str:
    return file.path if isinstance(file, Table) else str(file)


def _read(
    file: str | Path | Table, text_columns: Sequence[str], label_column: str, draw: Draw[Example]
) -> tuple[tuple[Notice, ...], str]:
    """Return what was noticed in a file whose rows were offered to the draw, and what their numbers count."""
    name, problems = _shown(file), list[RowProblem]()
    before, labelled = draw.read, 0
    with _open(file, text_columns, problems.append) as stream:
        label = find_column(label_column, stream.columns)
        for row in stream:
            known = draw.passed_over[KNOWN]
            draw.offer(Example(row.texts, None, row.line, name), row.texts)
            # a labelled row's own label says nothing new
            is_new = draw.passed_over[KNOWN] == known
            labelled += is_new and label is not None and bool(row.cells[label].strip())
    if draw.read == before:
        why = f" that can be read, of {len(problems):,}" if problems else ""
        raise DataError(stream.path, f"has no rows{why}.", "Name a file with rows without labels, or leave it out.")
    notices = stream.notices + problem_notices(stream.path, stream.unit, problems)
    notices += _labels(stream.path, labelled, label_column)
    return tuple(replace(notice, files=(name,) * len(notice.lines)) for notice in notices), stream.unit


def _open(file: str | Path | Table, text_columns: Sequence[str], unreadable: Unreadable) -> Stream:
    try:
        if isinstance(file, Table):
            return stream_of(_of_table(file), text_columns, unreadable)
        if is_hub_name(file):
            return stream_of(open_hub(str(file)), text_columns, unreadable)
        return open_stream(file, (), text_columns, unreadable=unreadable)
    except NoHeader as error:
        hint = f"Add a first line {quoted(text_columns)}; of a list with a text a line, call the file .txt."
        raise DataError(error.where, error.problem, hint) from error
    except NoTextColumns as error:
        hint = f"Name its columns of texts as in the labelled file: {quoted(text_columns)}."
        raise DataError(error.where, error.problem, hint) from error


def _of_table(table: Table) -> Source:
    rows, delimiter = iter(table.rows), table.delimiter
    return Source(
        table.path,
        table.format,
        table.columns,
        rows,
        table.notices,
        table.unit,
        lambda: None,
        table.encoding,
        delimiter,
    )


def _labels(path: str, count: int, column: str) -> tuple[Notice, ...]:
    if not count:
        return ()
    rows = counted(count, "row not among the labelled ones has", "rows not among the labelled ones have")
    text = f"{path}: {rows} something in column '{column}', which is not read of rows without labels."
    return (Notice("unlabelled-labels", (), text),)


def _summary(rows: UnlabelledRows, blank: Sequence[Example]) -> tuple[Notice, ...]:
    """Return how many rows can be used; of rows with a blank label alone, only where that is not all of them."""
    if not rows.files and len(rows.rows) == rows.read:
        return ()
    where = joined(dict.fromkeys((*(row.file for row in blank), *rows.files)), None)
    can = f"{rows.possible:,} of {counted(rows.read, 'row')} can be used as rows without labels"
    gone = joined(f"{count:,} {why}" for why, count in rows.passed_over.items())
    of_them = f" Of these {len(rows.rows):,} are used, drawn by lot." if len(rows.rows) < rows.possible else ""
    text = f"{where}: {can}{f'; left out: {gone}' if gone else ''}.{of_them}"
    return (Notice("unlabelled", (), text),)
