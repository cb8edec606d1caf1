"""Lines of text read with a limit, so that no file can fill the memory with one cell."""

from __future__ import annotations

from typing import Protocol

from crosspt_cli.foundation.errors import DataError

MAX_CELL = 1_000_000  # characters
MAX_ROW = 10_000_000  # characters: what is held of a row before its cells are known


class Text(Protocol):
    """Characters that can be read line by line."""

    def readline(self, size: int = -1, /) -> str:
        """Return the next line with its end, or its first `size` characters, or "" after the last."""
        ...


def check_cells(cells: tuple[str, ...], where: str, line: int, unit: str = "line") -> None:
    """Raise a `DataError` when a cell is longer than any text could be."""
    if any(len(cell) > MAX_CELL for cell in cells):
        raise too_long(f"{where} {unit} {line}", "cell", MAX_CELL)


def too_long(where: str, what: str, limit: int) -> DataError:
    """Return the error for a cell or row that is too long."""
    hint = f"A cell may have {MAX_CELL:,} characters: shorten the text, or close the quote that swallowed other rows."
    return DataError(where, f"a {what} has more than {limit:,} characters.", hint)


def read_line(text: Text, where: str, line: int, limit: int = MAX_ROW) -> str:
    """Return the next line with its end, or "" after the last.

    Raises:
        DataError: the line is longer than `limit` characters, or its bytes do not decode.
    """
    try:
        found = text.readline(limit + 3)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        problem = f"byte 0x{byte:02x} at or after this line is not {error.encoding.upper()}."
        raise DataError(f"{where} line {line}", problem, "Send UTF-8.") from error
    if len(found.rstrip("\r\n")) > limit:
        raise too_long(f"{where} line {line}", "row", limit)
    return found
