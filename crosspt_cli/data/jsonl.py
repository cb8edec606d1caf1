"""JSON objects, one a line, as rows of text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator

from crosspt_cli.data.characters import check_characters
from crosspt_cli.data.delimited import Row
from crosspt_cli.data.lines import Text, check_cells, read_line
from crosspt_cli.data.notices import RowProblem


class Record(dict[str, object]):
    """An object that remembers how it was written, so that every number of it can be given back."""

    text: str


class _Float(float):
    """A number that remembers how it was written, so that 1.50 stays "1.50"."""

    text: str

    def __new__(cls, text: str) -> _Float:
        number = super().__new__(cls, text)
        number.text = text
        return number


def is_object(line: str) -> bool:
    """Return whether the line is one JSON object."""
    return line.lstrip().startswith("{") and isinstance(_parse(line), dict)


def _parse(line: str) -> object:
    try:
        found = json.loads(line, parse_float=_Float)
    except (ValueError, RecursionError) as error:
        return error
    if isinstance(found, dict):
        found = Record(found)
        found.text = line.strip()
    return found


def read_records(text: Text, where: str) -> Iterator[tuple[int, Record] | RowProblem]:
    """Yield every line's number and object, or what is wrong with it; empty lines are passed over.

    Raises:
        DataError: a line is too long, its bytes do not decode, or it has half a character.
    """
    number = 1
    while line := read_line(text, where, number):
        if line.strip():
            found = _parse(line)
            if "\\u" in line:  # only an escape can be half a character
                check_characters([json.dumps(found, ensure_ascii=False, default=str)], f"{where} line {number}")
            yield (number, found) if isinstance(found, Record) else RowProblem("bad-json", number, _complaint(found))
        number += 1


def _complaint(found: object) -> str:
    if isinstance(found, json.JSONDecodeError):
        return f"is not JSON ({found.msg} at character {found.pos + 1})"
    if isinstance(found, Exception):
        return "is not JSON that can be read"
    return f"is not a JSON object but {json.dumps(found)[:20]}"


def columns_of(records: Iterable[Record]) -> tuple[str, ...]:
    """Return every key, in order of first appearance."""
    return tuple(dict.fromkeys(key for record in records for key in record))


def record_row(record: Record, line: int, columns: tuple[str, ...], where: str) -> Row:
    """Return the object as a row: no key, null or NaN is an empty cell, and what is not text is its JSON text."""
    cells = tuple(_cell(record.get(column)) for column in columns)
    check_cells(cells, where, line)
    return Row(cells, line, record)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""  # data frames write NaN where there is nothing
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, _Float) else json.dumps(value, ensure_ascii=False)
