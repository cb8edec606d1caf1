"""Which columns are meant: names matched with forgiveness, text columns found by looking."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from crosspt_cli.data.notices import Notice, quoted
from crosspt_cli.foundation.errors import DataError

SAMPLE_ROWS = 200  # rows looked at to tell text columns
SAMPLE_CHARACTERS = 2_000  # of a cell; more would not change what it is
SHOWN_COLUMNS = 20
FEWEST_WORDS = 3.0  # on average
FEWEST_DISTINCT = 0.5  # share of the filled cells
INVISIBLE = re.compile(r"[\s\ufeff\u200b\u200c\u200d\u2060]+")  # \s has the no-break space
NO_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # Thai, Japanese, Chinese
FAVOURED = re.compile(
    r"(.*[ _-])?(text|sentence|premise|hypothesis|question|query|context|passage|paragraph|title|headline|subject|body|"
    r"description|content|message|review|comment|tweet|utterance|document|abstract|answer)s?[ _-]?[0-9ab]?"
)
SURE = re.compile(r"(text|sentence|question)s?[ _-]?[0-9ab]?|premise|hypothesis|context|passage")
NEVER = re.compile(
    r"|crosspt[ _].*|"
    r"(.*[ _-])?(id|ids|idx|uuid|guid|index|date|time|datetime|timestamp|url|link)|(id|idx|index|date|time)([ _-].*)?|"
    r"unnamed: ?\d+|(created|updated|modified)([ _-].*)?"
)
NUMBER = re.compile(r"[-+]?[$€£]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?\s?%?", re.IGNORECASE)
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ,]+\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")


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
    names = quoted(item.name for item in missing)
    problem = f"no column{'s' if len(missing) > 1 else ''} {names}; it has {listed(columns)}."
    near = [hint for item in missing if (hint := _nearest(item, columns))]
    hint = f"Pass {' '.join(near)}." if near else f"Pass {missing[0].flag} with one of these."
    if any(_is_data(column) for column in columns):
        hint += " If that is a row and not a header, add a first line that names the columns."
    return DataError(where, problem, hint)


def listed(columns: Sequence[str]) -> str:
    """Return the column names for a message."""
    what = "column" if len(columns) == 1 else "columns"
    return f"{what} {quoted(columns, SHOWN_COLUMNS)}" if columns else "no columns"


def _nearest(item: Wanted, columns: Sequence[str]) -> str:
    names = {plain(column): clean_name(column) for column in columns}
    near = difflib.get_close_matches(plain(item.name), list(names), 1)
    return f"{item.flag} {shlex.quote(names[near[0]])}" if near else ""


def _is_data(column: str) -> bool:
    return bool(NUMBER.fullmatch(column.strip())) or len(column.split()) > 5


def find_text_columns(columns: Sequence[str], rows: Sequence[Sequence[str]], but: Sequence[int] = ()) -> list[int]:
    """Return the indexes, in file order, of the columns that hold texts.

    Names such as `text` or `premise` win; without one, cells must have several words on average and mostly differ.
    Columns of ids, dates and numbers are never texts, nor are those that crosspt itself wrote beside a text.

    Args:
        columns: the column names.
        rows: the cells of the first rows.
        but: indexes of columns that are something else, e.g. the label.
    """
    named = [index for index, name in enumerate(columns) if not NEVER.fullmatch(plain(name))]
    cells = {index: _filled(rows, index) for index in named if index not in but}
    possible = [index for index in cells if not _is_measure(cells[index])]
    favoured = [index for index in possible if _is_favoured(columns[index], cells[index])]
    return favoured or [index for index in possible if _looks_like_text(cells[index])]


def _filled(rows: Sequence[Sequence[str]], index: int) -> list[str]:
    cells = (row[index][:SAMPLE_CHARACTERS].strip() for row in rows[:SAMPLE_ROWS])
    return [cell for cell in cells if cell]


def _is_measure(cells: list[str]) -> bool:
    measures = sum(bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell)) for cell in cells)
    return bool(cells) and measures >= 0.8 * len(cells)


def _looks_like_text(cells: list[str]) -> bool:
    return bool(cells) and _is_wordy(cells) and _is_distinct(cells)


def _is_favoured(column: str, cells: list[str]) -> bool:
    """Whether a column is called like a text and, unless the name leaves no doubt, can be one."""
    if SURE.fullmatch(plain(column)) or not cells:
        return bool(FAVOURED.fullmatch(plain(column)))
    return bool(FAVOURED.fullmatch(plain(column))) and (_is_wordy(cells) or _is_distinct(cells))


def _is_wordy(cells: list[str]) -> bool:
    return sum(map(_words, cells)) >= FEWEST_WORDS * len(cells)


def _is_distinct(cells: list[str]) -> bool:
    return len(set(cells)) >= FEWEST_DISTINCT * len(cells)


def _words(cell: str) -> float:
    return len(cell.split()) + len(NO_SPACES.findall(cell)) / 2


def no_text_column(columns: Sequence[str], where: str, label: str = "") -> DataError:
    """Return the error for a file in which no column looks like text."""
    others = [column for column in columns if column != label]
    beside = f" beside '{label}'" if label else ""
    problem = f"no column{beside} looks like text; it has {listed(others)}{' there' if label else ''}."
    return DataError(where, problem, "Pass --text-col with the column that holds the texts.")
