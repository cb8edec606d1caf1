"""How many rows a study takes: what it holds of each of them, for every candidate, must fit into memory."""

from __future__ import annotations

import shlex

from crosspt_cli.data import Examples
from crosspt_cli.foundation.errors import DataError

SEARCH_ROWS = 2_000
"""That candidates are compared on, of more: they tell candidates apart that are a percent or two apart."""
CLASS_ROWS = 5  # of each class, at least: a fold has one to hold out
MOST_ROWS = 20_000
MOST_SCORES = 5_000_000
"""Rows of a search times classes: every candidate keeps two numbers of each, about 200 bytes over all candidates."""


def check_size(examples: Examples) -> None:
    """Raise where a study of these rows would not fit into the memory of a usual machine.

    Raises:
        DataError: says how many rows there may be, and how to make a sample of them.
    """
    rows, classes = len(examples), len(examples.classes)
    searched = min(rows, max(SEARCH_ROWS, CLASS_ROWS * classes))
    most = MOST_ROWS if searched * classes <= MOST_SCORES else MOST_SCORES // classes
    if rows > most:
        path = examples.rows[0].file
        typed = shlex.quote(path)
        raise DataError(
            path,
            f"has {rows:,} rows, and a study of {classes:,} classes takes {most:,} at most.",
            "A sample is enough for a prompt. Of a CSV file without line breaks in its cells make one by "
            f"(head -1 {typed}; tail -n +2 {typed} | shuf -n {min(most, SEARCH_ROWS)}) > sample.csv",
        )
