"""A table of labelled rows without what is in it for other reasons than to be learned from."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace

from crosspt_cli.data.columns import clean_name, find_column, plain
from crosspt_cli.data.dialect import find_delimiter
from crosspt_cli.data.notices import Notice, row_notice
from crosspt_cli.data.packaging import unpacked, with_cell
from crosspt_cli.data.table import Row, Table
from crosspt_cli.foundation.words import counted, quoted

EARLY_ROWS = 20
ANSWERS = {"accept", "reject", "ignore"}  # what Prodigy writes of a row that was shown
MISSING_WORDS = {"na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nil"}
WHOLE = re.compile(r"-?\d+\.0")

Cleaned = tuple[list[Row], tuple[Notice, ...]]


def clean_table(table: Table, label: int, texts: Sequence[int]) -> Table:
    """Return the table with plain labels and without rows that are none; its notices say what was done.

    Left out are rows that repeat the header, that swallowed others because of a quote, and that were not accepted in
    Prodigy.

    Args:
        table: as read.
        label: index of the column of labels.
        texts: indexes of the columns of texts.

    Raises:
        PackedLabels: the label of some rows cannot be told.
    """
    name = clean_name(table.columns[label])
    rows, notices = list(table.rows), table.notices
    for step in (_without_headers, _without_swallowers, _without_rejected):
        rows, found = step(rows, table, label)
        notices += found
    rows, found = unpacked(rows, label, table, name)
    rows, whole = _whole_numbers(rows, table, label)
    return replace(table, rows=tuple(rows), notices=notices + found + whole + _words(rows, table, label, texts))


def seeming_header(table: Table, name: str) -> int | None:
    """Return the line of an early row that has a cell of that name: lines above a header take its place."""
    for row in table.rows[:EARLY_ROWS]:
        cells: Sequence[str] = row.cells
        if len(cells) == 1:
            (cells,) = csv.reader([cells[0]], delimiter=find_delimiter(cells[0], True)) if cells[0] else ((),)
        if table.unit == "line" and row.record is None and find_column(name, cells) is not None:
            return row.line
    return None


def _without(rows: Sequence[Row], gone: Sequence[int], kind: str, table: Table, what: str) -> Cleaned:
    lines = set(gone)
    kept = [row for row in rows if row.line not in lines]
    return kept, row_notice(kind, table.path, gone, table.unit, f"{what} left out")


def _without_headers(rows: list[Row], table: Table, label: int) -> Cleaned:
    header = tuple(map(plain, table.columns))
    again = [row.line for row in rows if row.record is None and tuple(map(plain, row.cells)) == header]
    return _without(rows, again, "repeated-header", table, f"that {_repeat(again)} the header")


def _repeat(rows: Sequence[int]) -> str:
    return "repeats" if len(rows) == 1 else "repeat"


def _without_swallowers(rows: list[Row], table: Table, label: int) -> Cleaned:
    if not table.delimiter:
        return rows, ()
    long = [row for row in rows if any("\n" in cell or "\r" in cell for cell in row.cells)]
    apart = {row.line for row in long}
    labels = {row.cells[label].strip() for row in rows if row.line not in apart} - {""}
    found = {row.line: count for row in long if (count := _swallowed(row, table, label, labels))}
    inside = counted(sum(found.values()), "other row")
    what = f"whose quote closes only lines below, with {inside} inside the cell,"
    gone = list(found)
    return _without(rows, gone, "swallowed", table, what)


def _swallowed(row: Row, table: Table, label: int, labels: set[str]) -> int:
    """Return how many rows stand in a cell: lines with a cell for every column and a label that other rows have."""
    for index, cell in enumerate(row.cells):
        lines = [line for line in cell.splitlines() if line.strip()]
        inside = lines[:-1] if index == 0 else lines[1:-1]
        cells = [next(csv.reader([line], delimiter=table.delimiter), []) for line in inside]
        if cells and all(len(each) == len(table.columns) and each[label].strip() in labels for each in cells):
            return len(lines) - 1
    return 0


def _without_rejected(rows: list[Row], table: Table, label: int) -> Cleaned:
    answers = [index for index, column in enumerate(table.columns) if plain(column) == "answer" and index != label]
    if not answers or not _are_answers(found := [row.cells[answers[0]].strip() for row in rows]):
        return rows, ()
    gone = [row.line for row, answer in zip(rows, found, strict=True) if answer in ("reject", "ignore")]
    return _without(rows, gone, "rejected", table, "whose 'answer' is not 'accept'")


def _are_answers(cells: Sequence[str]) -> bool:
    return "accept" in cells and set(cells) <= ANSWERS | {""}


def _whole_numbers(rows: list[Row], table: Table, label: int) -> Cleaned:
    """Return rows with 1 for 1.0 where one missing label made the numbers of a typed column fractions."""
    labels = {row.cells[label] for row in rows} - {""}
    if table.format not in ("parquet", "hub", "jsonl") or not labels or not all(map(WHOLE.fullmatch, labels)):
        return rows, ()
    name, one = clean_name(table.columns[label]), min(labels)
    text = f"{table.path}: the labels in column '{name}' are whole numbers stored as fractions; {one} is read as "
    notice = Notice("whole-numbers", (), f"{text}{_whole(one)}.")
    return [with_cell(row, label, _whole(row.cells[label])) for row in rows], (notice,)


def _whole(label: str) -> str:
    return label.removesuffix(".0")


def _words(rows: list[Row], table: Table, label: int, texts: Sequence[int]) -> tuple[Notice, ...]:
    """Return a notice for the labels and one for the texts that are words which elsewhere stand for nothing."""
    notices: tuple[Notice, ...] = ()
    for indexes, what, taken in (((label,), "label", "class"), (texts, "text", "text")):
        found = {row.line: row.cells[index].strip() for row in rows for index in indexes if _is_missing(row, index)}
        words = quoted(dict.fromkeys(found.values()))
        sentence = f"with the {what} {words} kept: that is taken for a {taken}, not for a missing one"
        notices += row_notice("missing-word", table.path, found, table.unit, sentence)
    return notices


def _is_missing(row: Row, index: int) -> bool:
    return row.cells[index].strip().casefold() in MISSING_WORDS
