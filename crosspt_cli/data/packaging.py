"""Labels as annotation tools pack them: lists of one, choices, shares of every class."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterable

from crosspt_cli.data.notices import Notice, row_notice
from crosspt_cli.data.table import Row, Table
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import counted, cut, places, quote, quoted

WRAPPERS = ("choices", "label", "labels", "value", "name", "rating", "result")
"""Keys under which tools put the label itself: Label Studio, Prodigy, Doccano, Argilla."""
SPAN_KEYS = ("start", "start_offset", "end", "end_offset")
SHOWN_CELL = 60


class PackedLabels(DataError):
    """Cells of labels hold several of them, or something that is no label."""


def unpacked(rows: Iterable[Row], label: int, table: Table, name: str) -> tuple[list[Row], tuple[Notice, ...]]:
    """Return rows with every label taken out of its packaging, and a notice when one was.

    A list of one is its element, an empty list no label, ``{"a": 1.0, "b": 0.0}`` is ``a``.

    Args:
        rows: of the table.
        label: index of the column of labels.
        table: where the rows are from.
        name: the column, for messages.

    Raises:
        PackedLabels: cells hold several labels, or something of which none can be told.
    """
    kept: list[Row] = []
    found: dict[int, str] = {}
    several: dict[int, tuple[str, ...]] = {}
    opaque: dict[int, str] = {}
    for row in rows:
        cell = row.cells[label]
        try:
            labels = labels_in(cell)
        except ValueError:
            opaque[row.line] = cell
            continue
        if labels is not None and len(labels) > 1:
            several[row.line] = labels
        elif labels is not None:
            found |= {row.line: cell} if labels else {}
            row = with_cell(row, label, labels[0] if labels else "")
        kept.append(row)
    _refuse(several, opaque, table, name)
    return kept, _notice(found, kept, label, table, name)


def with_cell(row: Row, index: int, cell: str) -> Row:
    """Return the row with another cell at `index`."""
    return Row((*row.cells[:index], cell, *row.cells[index + 1 :]), row.line, row.record)


def labels_in(cell: str) -> tuple[str, ...] | None:
    """Return the labels packed into a cell, or None when it is a label as it stands.

    Raises:
        ValueError: it is packed, and no label can be told.

    Example:
        >>> labels_in('{"a": 1.0, "b": 0.0}'), labels_in('[]'), labels_in("['a', 'b']"), labels_in("[sic]")
        (('a',), (), ('a', 'b'), None)
    """
    packed = _parsed(cell.strip())
    return None if packed is None else tuple(dict.fromkeys(_labels(packed)))


def _parsed(cell: str) -> list[object] | dict[str, object] | None:
    if cell[:1] not in ("[", "{"):
        return None
    for parse in (json.loads, ast.literal_eval):  # a list of Python's is what data frames write into a CSV
        try:
            found = parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list | dict) else None
    return None


def _labels(packed: object) -> list[str]:
    if packed is None or (isinstance(packed, float) and math.isnan(packed)):
        return []
    if isinstance(packed, list):
        return [label for each in packed for label in _labels(_not_a_span(each))]
    if isinstance(packed, dict):
        return _of_object(packed)
    label = packed if isinstance(packed, str) else json.dumps(packed)
    return [label.strip()] if label.strip() else []


def _not_a_span(each: object) -> object:
    if isinstance(each, list) and len(each) > 2 and all(isinstance(place, int) for place in each[:2]):
        raise ValueError("a label of a part of the text")
    return each


def _of_object(packed: dict[str, object]) -> list[str]:
    shares = packed.values()
    if len(packed) > 1 and all(isinstance(share, int | float) for share in shares):
        if not all(share in (0, 1) for share in shares):
            raise ValueError("shares of several classes")
        return [str(name) for name, share in packed.items() if share == 1]
    inner = next((packed[key] for key in WRAPPERS if key in packed), None)
    if any(key in packed for key in SPAN_KEYS) or (inner is None and packed and not set(packed) & set(WRAPPERS)):
        raise ValueError("no known packaging, or a label of a part of the text")
    return _labels(inner)


def _refuse(several: dict[int, tuple[str, ...]], opaque: dict[int, str], table: Table, name: str) -> None:
    if several:
        line, labels = next(iter(several.items()))
        have = f"{counted(len(several), 'row has', 'rows have')} several labels"
        where = f"{places(tuple(several), table.unit)}; {table.unit} {line} has {quoted(labels)}"
        hint = (
            "Keep one label in each of these rows, or delete them. To tell each label alone, "
            "give it a column of yes and no, and onboard every such column with --label-col."
        )
        raise PackedLabels(table.path, f"{have} in column '{name}' ({where}), and a text can have one.", hint)
    if opaque:
        line, cell = next(iter(opaque.items()))
        have = counted(len(opaque), "row has", "rows have")
        shown = cut(cell, SHOWN_CELL)
        where = f"{places(tuple(opaque), table.unit)}; {table.unit} {line} has {shown}"
        hint = f"Write the label alone into column '{name}', or pass --label-col with the column that has it."
        raise PackedLabels(table.path, f"{have} no label that can be told in column '{name}' ({where}).", hint)


def _notice(found: dict[int, str], kept: list[Row], label: int, table: Table, name: str) -> tuple[Notice, ...]:
    if not found:
        return ()
    line, cell = next(iter(found.items()))
    taken = next(row.cells[label] for row in kept if row.line == line)
    shown = cut(cell, SHOWN_CELL)
    what = f"whose label in column '{name}' was taken out of its packaging, as {quote(taken)} out of {shown}"
    return row_notice("packed-label", table.path, found, table.unit, what)
