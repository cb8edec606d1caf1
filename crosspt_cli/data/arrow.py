"""Parquet files and Arrow batches as rows of text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from crosspt_cli.data.delimited import Row
from crosspt_cli.data.lines import check_cells
from crosspt_cli.data.notices import Notice, quoted
from crosspt_cli.foundation.errors import DataError

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
    return columns, _parquet_rows(file, columns, where), notices


def _parquet_rows(file: pyarrow.parquet.ParquetFile, columns: tuple[str, ...], where: str) -> Iterator[Row]:
    import pyarrow

    try:
        yield from batch_rows(file.iter_batches(BATCH, columns=list(columns)), columns, where)
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
    from pyarrow import types

    tests = (types.is_nested, types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


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
    return str(value)
