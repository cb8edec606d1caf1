"""Which columns are meant: names matched with forgiveness, text columns found by looking."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crosspt_cli.data.column_kinds import is_distinct, is_wordy, kind_of, restates, same_cells
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import named, nearest, quote

SAMPLE_ROWS = 200  # rows looked at to tell what a column's cells are
COMPARED_ROWS = 5_000  # rows on which columns are compared with the labels and each other
SAMPLE_CHARACTERS = 2_000  # of a cell; more would not change what it is
SHOWN_COLUMNS = 20
INVISIBLE = re.compile(r"[\s\ufeff\u200b\u200c\u200d\u2060]+")  # \s has the no-break space
FAVOURED = re.compile(
    r"(.*[ _-])?(text|sentence|premise|hypothesis|question|query|context|passage|paragraph|title|headline|subject|body|"
    r"description|content|message|review|comment|tweet|utterance|document|abstract|answer|ticket|complaint|issue|"
    r"request|summary|caption|feedback)s?[ _-]?[0-9ab]?"
)
SURE = re.compile(r"(text|sentence|question)s?[ _-]?[0-9ab]?|premise|hypothesis|context|passage")
OWN = re.compile(r"crosspt[ _].*")
NUMBER = re.compile(r"[-+]?[$€£]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?\s?%?", re.IGNORECASE)
NEVER_TEXT = ("numbers", "dates", "addresses", "codes")
WHY = {
    "dates": "holds dates",
    "addresses": "holds addresses",
    "lists": "holds lists",
    "names": "holds names",
    "values": "holds a few values again and again",
}
RESTATES = "has about one value for each class, so it says the label again"


Item = TypeVar("Item")


@dataclass(frozen=True)
class Wanted:
    """A column asked for: its name, and the flag that named it."""

    name: str
    flag: str


def clean_name(name: str) -> str:
    """Return a column name without byte order mark, no-break or doubled spaces; case stays."""
    return INVISIBLE.sub(" ", name).strip()


def plain(name: str) -> str:
    """Return what two column names must share to be taken for the same."""
    return clean_name(name).casefold()


def find_column(name: str, columns: Sequence[str]) -> int | None:
    """Return the index of the column of that name, forgiving spaces and case; None when none or several fit."""
    for same in (str, clean_name, plain):
        found = [index for index, column in enumerate(columns) if same(column) == same(name)]
        if len(found) == 1:
            return found[0]
    return None


def match_columns(
    wanted: Sequence[Wanted], columns: Sequence[str], where: str
) -> tuple[tuple[int, ...], tuple[Notice, ...]]:
    """Return the index of every column asked for, and a notice where the header's spelling differs.

    Raises:
        DataError: names every missing column at once, the columns there are, and the nearest.
    """
    found = [find_column(item.name, columns) for item in wanted]
    missing = [item for item, index in zip(wanted, found, strict=True) if index is None]
    if missing:
        raise _missing(missing, columns, where)
    indexes = tuple(index for index in found if index is not None)
    differing = [index for item, index in zip(wanted, indexes, strict=True) if columns[index] != item.name]
    return indexes, tuple(_spelling(columns[index], where) for index in differing)


def _spelling(column: str, where: str) -> Notice:
    text = f"{where}: the header spells a column {column[:80]!a}; its spaces and case were forgiven."
    return Notice("header", (), text)


def _missing(missing: list[Wanted], columns: Sequence[str], where: str) -> DataError:
    problem = f"no {named('column', [item.name for item in missing])}; it has {columns_text(columns)}."
    near = [hint for item in missing if (hint := _nearest(item, columns))]
    hint = f"Pass {' '.join(near)}." if near else f"Pass {missing[0].flag} with one of these."
    if any(_is_data(column) for column in columns):
        hint += " If that is a row and not a header, add a first line that names the columns."
    return DataError(where, problem, hint)


def columns_text(columns: Sequence[str]) -> str:
    """Return the column names for a message."""
    return named("column", columns, SHOWN_COLUMNS) if columns else "no columns"


def _nearest(item: Wanted, columns: Sequence[str]) -> str:
    names = {plain(column): clean_name(column) for column in columns}
    near = nearest(plain(item.name), names)
    return "" if near is None else f"{item.flag} {shlex.quote(names[near])}"


def _is_data(column: str) -> bool:
    return bool(NUMBER.fullmatch(column.strip())) or len(column.split()) > 5


@dataclass(frozen=True)
class TextColumns:
    """Which columns of a table are texts.

    Args:
        found: their indexes, in file order.
        left_out: index → why a column is no text, for those that could be taken for one: their cells have several
            words, or they are called like texts.
    """

    found: tuple[int, ...]
    left_out: Mapping[int, str]


def find_text_columns(columns: Sequence[str], rows: Sequence[Sequence[str]], but: Sequence[int] = ()) -> list[int]:
    """Return the indexes, in file order, of the columns that hold texts; see `look_for_texts`.

    Args:
        columns: the column names.
        rows: the cells of the first rows.
        but: indexes of columns that are something else.
    """
    return list(look_for_texts(columns, rows, but).found)


def look_for_texts(
    columns: Sequence[str], rows: Sequence[Sequence[str]], but: Sequence[int] = (), label: int | None = None
) -> TextColumns:
    """Return which columns hold texts, and why others do not that could be taken for texts.

    Every column of sentences is one, whatever its name: cells of several words on average that mostly differ. A name
    such as `title` or `review` adds columns of short texts that differ. Names alone never leave a column out, but for
    those that crosspt itself wrote beside a text. Left out are numbers, dates, codes, addresses, names, lists, a few
    values again and again, what says the label again, and of two columns that say the same the one with the less
    telling name. A blank column is a text only if it is called like one and there is no other.

    Args:
        columns: the column names.
        rows: the cells; of many rows a part is looked at.
        but: indexes of columns that are something else.
        label: the column of labels, if there is one.
    """
    other = {*but, label}
    rows = [[cell[:SAMPLE_CHARACTERS].strip() for cell in row] for row in _spread(rows, COMPARED_ROWS)]
    cells = {
        index: [row[index] for row in rows]
        for index, name in enumerate(columns)
        if index not in other and not OWN.fullmatch(plain(name))
    }
    filled = {index: [cell for cell in _spread(column, SAMPLE_ROWS) if cell] for index, column in cells.items()}
    kinds = {index: kind_of(column) if column else "blank" for index, column in filled.items()}
    possible = [index for index in cells if _can_be_text(columns[index], kinds[index], filled[index])]
    labels = [row[label] for row in rows] if label is not None else [""] * len(rows)
    restating = _restating(possible, cells, labels)
    copies = _copies([index for index in possible if index not in restating], columns, cells)
    found = [index for index in possible if index not in restating and index not in copies]
    wordy = [index for index in cells if index not in found and is_wordy(filled[index])]
    left_out = {index: WHY[kinds[index]] for index in wordy if kinds[index] in WHY}
    left_out |= copies | dict.fromkeys(_restating([*restating, *wordy], cells, labels), RESTATES)
    blank = [index for index in cells if kinds[index] == "blank" and FAVOURED.fullmatch(plain(columns[index]))]
    return TextColumns(tuple(found or blank), dict(sorted(left_out.items())))


def _spread(items: Sequence[Item], most: int) -> Sequence[Item]:
    """Return at most so many items from all over a table: many files are sorted by class."""
    return items[:: max(1, -(-len(items) // most))]


def _restating(indexes: Iterable[int], cells: Mapping[int, Sequence[str]], labels: Sequence[str]) -> list[int]:
    return [index for index in indexes if restates(cells[index], labels)]


def _can_be_text(column: str, kind: str, filled: Sequence[str]) -> bool:
    """Whether cells are sentences or, in a column that is called like a text, at least no numbers and the like."""
    if kind == "blank" or kind in NEVER_TEXT:
        return False
    if kind == "sentences" or SURE.fullmatch(plain(column)):
        return True
    return bool(FAVOURED.fullmatch(plain(column))) and (is_wordy(filled) or is_distinct(filled))


def _copies(indexes: Sequence[int], columns: Sequence[str], cells: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Return the columns that say what another says, each with a clause that names it."""
    ranked = sorted(indexes, key=lambda index: _telling(columns[index]))
    copies: dict[int, str] = {}
    for place, index in enumerate(ranked):
        for first in ranked[:place] if not SURE.fullmatch(plain(columns[index])) else ():
            if first not in copies and same_cells(cells[first], cells[index]):
                copies[index] = f"says the same as '{clean_name(columns[first])}'"
                break
    return copies


def _telling(column: str) -> int:
    name = plain(column)
    return 0 if SURE.fullmatch(name) else 1 if FAVOURED.fullmatch(name) else 2


def no_text_column(
    columns: Sequence[str], where: str, label: str = "", left_out: Mapping[int, str] | None = None
) -> DataError:
    """Return the error for a file in which no column looks like text, with what those hold that nearly do."""
    others = [column for column in columns if column != label]
    beside = f" beside '{label}'" if label else ""
    problem = f"no column{beside} looks like text; it has {columns_text(others)}{' there' if label else ''}."
    problem += "".join(f" {quote(clean_name(columns[index]))} {why}." for index, why in (left_out or {}).items())
    return DataError(where, problem, "Pass --text-col with the column that holds the texts.")
