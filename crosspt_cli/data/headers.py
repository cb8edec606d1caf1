"""Whether a first line names columns or is a row already; taken for a header, a row would be lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crosspt_cli.data.column_kinds import FEWEST_WORDS, kind_of
from crosspt_cli.data.columns import FAVOURED, find_column, plain

NAME = re.compile(r"[^\W\d][\w.-]{0,39}( [\w.-]{1,40})?")
"""One word or two, without a sentence's punctuation."""


def can_be_header(cells: Sequence[str], known: Sequence[str]) -> bool:
    """Return whether a line, of which nothing else is known, is taken for a header.

    Args:
        cells: of the line.
        known: the task's text columns.
    """
    if known and all(find_column(name, cells) is not None for name in known):
        return True
    if len(cells) == 1:
        return is_text_name(cells[0]) and " " not in cells[0].strip()
    names = [plain(cell) for cell in cells]
    return bool(cells) and all(map(NAME.fullmatch, cells)) and len(set(names)) == len(names)


def is_text_name(cell: str) -> bool:
    """Return whether a cell is called like a column of texts, e.g. ``"review"`` or ``"Post title"``."""
    return bool(NAME.fullmatch(cell.strip()) and FAVOURED.fullmatch(plain(cell)))


def is_surely_header(
    columns: Sequence[str], sample: Sequence[Sequence[str]], texts: Sequence[int], known: Sequence[str]
) -> bool:
    """Return whether something speaks for a first line being a header, beside its being the first.

    That is: a column called as the task's or like one of texts, a word over numbers or dates, or names over sentences.

    Args:
        columns: cells of the first line.
        sample: cells of the rows below it.
        texts: the columns, by index, that hold texts.
        known: the task's text columns.
    """
    if any(find_column(name, columns) is not None for name in known):
        return True
    if len(columns) == 1:
        return can_be_header(columns, known)
    if any(is_text_name(columns[index]) for index in texts):
        return True
    below = {index: [cells[index].strip() for cells in sample if cells[index].strip()] for index in range(len(columns))}
    if any(_is_over_measures(column, below[index]) for index, column in enumerate(columns)):
        return True
    named = all(NAME.fullmatch(column) and column not in below[index] for index, column in enumerate(columns))
    return named and bool(texts) and all(_are_sentences(below[index]) for index in texts)


def _is_over_measures(column: str, cells: Sequence[str]) -> bool:
    return bool(column.strip()) and not _is_measure(column) and len(cells) > 1 and all(map(_is_measure, cells))


def _is_measure(cell: str) -> bool:
    return kind_of([cell.strip()]) in ("numbers", "dates")


def _are_sentences(cells: Sequence[str]) -> bool:
    return sum(len(cell.split()) for cell in cells) >= FEWEST_WORDS * max(1, len(cells))
