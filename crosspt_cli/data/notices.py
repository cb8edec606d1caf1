"""What is told to the person about their rows when nothing has to stop: which rows, why, and what was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosspt_cli.foundation.words import counted, places


@dataclass(frozen=True)
class Notice:
    """One thing noticed in the data, with every line it is about.

    Args:
        kind: what was noticed, e.g. ``"blank-text"``; stable, for scripts.
        lines: every line (row, for Parquet and hub data sets) concerned, in order; the text shows the first five.
        text: one sentence that names the file and the lines and says what was done.
        files: the file of each line, where rows of several files were read together; else empty.
    """

    kind: str
    lines: tuple[int, ...]
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowProblem:
    """A row that cannot be read; it takes the row's place until the reader decides what that means.

    Args:
        kind: ``"too-many-cells"``, ``"too-few-cells"``, ``"bad-quotes"`` or ``"bad-json"``.
        line: 1-based line on which the row starts.
        detail: what is wrong, as a clause with the numbers.
    """

    kind: str
    line: int
    detail: str


def row_notice(kind: str, path: str, lines: Iterable[int], unit: str, what: str) -> tuple[Notice, ...]:
    """Return one notice about some rows, or none when no line is concerned.

    Args:
        kind: the notice's kind.
        path: the file, as the person typed it.
        lines: the lines concerned.
        unit: ``"line"`` or ``"row"``.
        what: what is so about the rows and what was done, e.g. ``"with a blank text left out"``.
    """
    numbers = tuple(sorted(lines))
    if not numbers:
        return ()
    return (Notice(kind, numbers, f"{path}: {counted(len(numbers), 'row')} {what} ({places(numbers, unit)})."),)
