"""How many rows a file has, for whoever waits for them; a count to show, not to rely on."""

from __future__ import annotations

import codecs
import os
from pathlib import Path
from typing import BinaryIO

from crosspt_cli.data.encoding import PARQUET, open_binary
from crosspt_cli.data.source import JSON_SUFFIXES, suffix
from crosspt_cli.foundation.errors import CrossptError

WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def count_rows(path: str | Path) -> int:
    """Return about how many rows a file has, 0 where that cannot be told: of a pipe, or of two bytes a character.

    Nothing is decoded: lines are counted, those within quotes not.
    """
    if not os.path.isfile(path):
        return 0
    try:
        with open_binary(path) as binary:
            start = binary.read(len(PARQUET))
            binary.seek(0)
            if start == PARQUET:
                return _parquet_rows(binary)
            return 0 if start.startswith(WIDE_MARKS) else _text_rows(binary, suffix(str(path)))
    except (CrossptError, OSError, EOFError):
        return 0  # whoever reads the rows tells what is wrong with the file


def _parquet_rows(binary: BinaryIO) -> int:
    import pyarrow.parquet  # inside: only who has a Parquet file waits for it

    try:
        return pyarrow.parquet.ParquetFile(binary).metadata.num_rows
    except pyarrow.ArrowException:
        return 0


def _text_rows(binary: BinaryIO, ending: str) -> int:
    lines = rows = quotes = 0
    json = ending in JSON_SUFFIXES
    for line in binary:
        filled = bool(line.strip())
        json = json or (not lines and line.lstrip().startswith(b"{"))
        lines += filled
        quotes += line.count(b'"')
        rows += filled and quotes % 2 == 0
    if json or ending == ".txt":
        return lines
    # a quote that nothing closes is part of a text, and quotes then say nothing
    return max(0, (lines if quotes % 2 else rows) - 1)
