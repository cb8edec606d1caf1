"""The texts of a task's rows, read again from their files where those are what they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosspt_cli.data import Table, find_column, is_hub_name, read_table, row_digest
from crosspt_cli.foundation.errors import CrossptError
from crosspt_cli.onboarding.fitted import FittedTask
from crosspt_cli.onboarding.report_record import RowRecord


@dataclass(frozen=True)
class RowTexts:
    """Row → its texts, for the rows whose file could be read and is unchanged; a sentence for each other file."""

    texts: dict[int, tuple[str, ...]]
    missing: tuple[str, ...]


def read_row_texts(rows: RowRecord, fitted: FittedTask, wanted: Sequence[int]) -> RowTexts:
    """Return the texts of the rows wanted; all rows of a file must be what the task was made of, or none is shown.

    Args:
        rows: of the task.
        fitted: the task, with a digest of each row.
        wanted: indices of rows.
    """
    texts: dict[int, tuple[str, ...]] = {}
    missing = []
    for number, file in enumerate(rows.files):
        own = [row for row in range(len(rows.file)) if rows.file[row] == number]
        if not set(own) & set(wanted):
            continue
        found, why = _read_file(rows, file, fitted, own)
        texts |= {row: found[row] for row in own if row in wanted and row in found}
        missing += [why] if why else []
    return RowTexts(texts, tuple(missing))


def _read_file(
    rows: RowRecord, file: str, fitted: FittedTask, own: Sequence[int]
) -> tuple[dict[int, tuple[str, ...]], str]:
    """Return the texts of a file's rows, or none and a sentence that says why."""
    if is_hub_name(file):
        return {}, f"{file} is a hub data set, and nothing is fetched for a report: its rows are shown without texts."
    path = rows.folder / file
    try:
        table = read_table(path) if path.is_file() else None  # a pipe is gone
    except CrossptError:
        table = None
    if table is None:
        return {}, f"{file} is not there any more, or cannot be read: its rows are shown without texts."
    cells = _cells(table, fitted.text_columns)
    found = {row: cells[rows.line[row]] for row in own if rows.line[row] in cells}
    same = {row: texts for row, texts in found.items() if row_digest(texts) == fitted.row_digests[row]}
    if len(same) < len(own):
        changed = len(own) - len(same)
        problem = f"{changed:,} of the {len(own):,} rows that the task has from it are not where they were"
        return {}, f"{file} was changed, {problem}: its rows are shown without texts."
    return same, ""


def _cells(table: Table, columns: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return line → texts; nothing where a column is gone."""
    places = [find_column(name, table.columns) for name in columns]
    if None in places:
        return {}
    return {row.line: tuple(row.cells[place] for place in places if place is not None) for row in table.rows}
