"""Texts as a person in Python gives them, as rows of a task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set

from crosspt_cli.data.characters import check_characters
from crosspt_cli.foundation.errors import Argument, DataError, OptionError
from crosspt_cli.foundation.words import counted

Texts = str | Iterable[str | Sequence[str | None] | None]
"""One text, or one entry a row: a text, or a sequence of texts for a task of several text columns."""


def rows_of(texts: Texts, columns: Sequence[str], task: str) -> list[tuple[str, ...]]:
    """Return the rows that are meant; a missing text (None, NaN) is a blank one.

    Args:
        texts: what was given.
        columns: the task's text columns.
        task: its name, for messages.

    Raises:
        OptionError: what was given is no list of rows, such as a dict or a table; or a row has more or fewer texts
            than the task has text columns.
        DataError: something is no text, or has half a character.

    Example:
        >>> rows_of("It works.", ["text"], "reviews"), rows_of([("a", None)], ["premise", "hypothesis"], "pairs")
        ([('It works.',)], [('a', '')])
    """
    given = [texts] if isinstance(texts, str) else texts
    if isinstance(given, bytes | Mapping | Set) or hasattr(given, "columns") or not isinstance(given, Iterable):
        problem = f"is of type {type(texts).__name__}, where one text or a list of texts is meant."
        raise OptionError(Argument("texts"), problem, "Pass the texts of a column as a list, in the order of the rows.")
    return [_row(entry, columns, task, number) for number, entry in enumerate(given)]


def _row(entry: str | Sequence[str | None] | None, columns: Sequence[str], task: str, number: int) -> tuple[str, ...]:
    where = f"row {number}"
    given: Iterable[object] = (entry,)
    if isinstance(entry, Iterable) and not isinstance(entry, str | bytes | Mapping):
        given = entry
    row = tuple(_text(text, where) for text in given)
    if len(row) != len(columns):
        problem = f"has {counted(len(row), 'text')}, and task '{task}' takes {len(columns)}."
        raise OptionError(where, problem, f"Give it {', '.join(columns)}.")
    check_characters(row, where)
    return row


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    problem = f"has {str(value)[:40]!r}, a value of type {type(value).__name__}, where a text is meant."
    raise DataError(where, problem, "Give a string, or None for a missing text.")


def is_blank(row: Iterable[str]) -> bool:
    """Return whether none of a row's texts has anything in it; such rows teach nothing and get no answer."""
    return not any(text.strip() for text in row)
