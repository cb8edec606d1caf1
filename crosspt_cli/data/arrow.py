"""Parquet files and Arrow batches as rows of text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from crosspt_cli.data.delimited import Row
from crosspt_cli.data.lines import check_cells
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import quoted

if TYPE_CHECKING:
    import pyarrow

BATCH = 1024  # rows held at a time


def open_parquet(binary: BinaryIO, where: str) -> tuple[tuple[str, ...], Iterator[Row], tuple[Notice, ...]]:
    """Return the columns that can be written as text, the rows (read a batch at a time), and what was left out.

    Raises:
        DataError: the file is damaged.
    """
    import pyarrow.parquet  # inside: only who has a Parquet file waits for it

    try:
        file = pyarrow.parquet.ParquetFile(binary)
    except (pyarrow.ArrowException, OSError) as error:
        raise _damaged(where, error) from error
    columns, notices = text_columns_of(file.schema_arrow, where)
    names = _class_names(file.schema_arrow, columns)
    if names:
        text = f"{where}: class numbers in {quoted(names)} were read as the names that the file has for them."
        notices += (Notice("class-names", (), text),)
    return columns, _parquet_rows(file, columns, where, names), notices


def _class_names(schema: pyarrow.Schema, columns: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the names of classes that a file saved by Hugging Face's `datasets` has for the numbers of a column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {column: features[column]["names"] for column in columns if "names" in features.get(column, ())}
    except (KeyError, TypeError, ValueError):
        return {}


def _parquet_rows(
    file: pyarrow.parquet.ParquetFile, columns: tuple[str, ...], where: str, names: Mapping[str, list[str]]
) -> Iterator[Row]:
    import pyarrow

    try:
        yield from batch_rows(file.iter_batches(BATCH, columns=list(columns)), columns, where, names)
    except (pyarrow.ArrowException, OSError) as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> DataError:
    reason = (str(error).splitlines() or ["no reason given"])[0][:200]
    return DataError(where, f"is a damaged Parquet file ({reason}).", "Fetch or export it again.")


def text_columns_of(schema: pyarrow.Schema, where: str) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Return the columns whose values have a plain text, and a notice naming the others."""
    left_out = [field.name for field in schema if _has_no_text(field.type)]
    columns = tuple(name for name in schema.names if name not in left_out)
    text = f"{where}: columns without text or numbers were left out: {quoted(left_out)}."
    return columns, (Notice("columns", (), text),) if left_out else ()


def _has_no_text(kind: pyarrow.DataType) -> bool:
    """Whether values are bytes, vectors of numbers, or hold such; other lists and objects can be written as JSON."""
    from pyarrow import types

    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return True
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = kind.value_type
        return types.is_integer(inner) or types.is_floating(inner) or _has_no_text(inner)
    if types.is_struct(kind):
        return any(_has_no_text(field.type) for field in kind)
    return types.is_nested(kind)


def batch_rows(
    batches: Iterator[pyarrow.RecordBatch],
    columns: tuple[str, ...],
    where: str,
    names: Mapping[str, list[str]] | None = None,
) -> Iterator[Row]:
    """Yield the batches' rows as text, numbered from 1.

    Args:
        batches: record batches or tables that have the columns.
        columns: the columns wanted, in order.
        where: the file's name, for messages.
        names: for a column of class numbers, the classes' names; a number outside them is an empty cell.
    """
    number = 0
    for batch in batches:
        lists = [_named(batch.column(column).to_pylist(), (names or {}).get(column)) for column in columns]
        for values in zip(*lists, strict=True):
            number += 1
            cells = tuple(map(_cell, values))
            check_cells(cells, where, number, "row")
            yield Row(cells, number)


def _named(values: list[object], names: list[str] | None) -> list[object]:
    if names is None:
        return values
    return [names[value] if isinstance(value, int) and 0 <= value < len(names) else None for value in values]


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
