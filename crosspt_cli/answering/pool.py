"""A file without labels as a pool of rows that could be asked about: each text once, and at most so many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosspt_cli.data import Stream, StreamRow, find_column
from crosspt_cli.data.draw import BLANK, COPY, Draw

POOL = 2_000  # rows at most; how alike every two of them are takes 16 MB, and to read them some seconds
LABELLED, KNOWN = "labelled already", "among the task's own rows"


@dataclass(frozen=True)
class Pool:
    """Rows that could be asked about.

    Args:
        rows: in file order.
        read: how many rows the file has.
        passed_over: why rows cannot be asked about → how many.
    """

    rows: tuple[StreamRow, ...]
    read: int
    passed_over: dict[str, int]

    @property
    def possible(self) -> int:
        """How many rows of the file could be asked about; the pool is a sample of them."""
        return self.read - sum(self.passed_over.values())


def sample_pool(stream: Stream, label_column: str, known: Iterable[str], most: int) -> Pool:
    """Return a sample of the stream's rows, each of them as likely to be in it; see `Draw`.

    Args:
        stream: the file.
        label_column: rows with something in this column are labelled already; it need not exist.
        known: digests of rows that the task was fitted on.
        most: how many rows to keep.
    """
    label = find_column(label_column, stream.columns)
    draw: Draw[StreamRow] = Draw(most, known, KNOWN)
    for row in stream:
        labelled = label is not None and row.cells[label].strip()
        draw.offer(row, row.texts, LABELLED if labelled else "")
    passed = draw.passed_over
    return Pool(draw.rows, draw.read, {why: passed[why] for why in (LABELLED, BLANK, KNOWN, COPY) if passed[why]})
