"""A file without labels as a pool of rows that could be asked about: each text once, and at most so many."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from crosspt_cli.data import Stream, StreamRow, find_column, row_digest

POOL = 2_000  # rows at most; how alike every two of them are takes 16 MB, and to read them some seconds
LABELLED, BLANK, KNOWN, COPY = (
    "labelled already",
    "blank",
    "among the task's own rows",
    "with the text of an earlier row",
)


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
    """Return a sample of the stream's rows, each of them as likely to be in it.

    The rows with the smallest digests are kept, which for digests is a draw by lot, and yet the same whatever the order
    of the file. Memory holds those rows and a number for every other text.

    Args:
        stream: the file.
        label_column: rows with something in this column are labelled already; it need not exist.
        known: digests of rows that the task was fitted on.
        most: how many rows to keep.
    """
    label, known = find_column(label_column, stream.columns), frozenset(known)
    seen: set[int] = set()
    passed: Counter[str] = Counter()
    kept: list[tuple[int, int, StreamRow]] = []  # a heap; the largest digest comes out first
    read = 0
    for row in stream:
        read += 1
        digest = row_digest(row.texts)
        number = int(digest, 16)
        why = _unfit(row, label, digest in known, number in seen)
        passed[why] += 1
        seen.add(number)
        if why:
            continue
        entry = (-number, -row.line, row)
        if len(kept) < most:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    rows = tuple(sorted((row for _, _, row in kept), key=lambda row: row.line))
    return Pool(rows, read, {why: passed[why] for why in (LABELLED, BLANK, KNOWN, COPY) if passed[why]})


def _unfit(row: StreamRow, label: int | None, known: bool, seen: bool) -> str:
    """Return why a row cannot be asked about; "" when it can."""
    if label is not None and row.cells[label].strip():
        return LABELLED
    if not any(text.strip() for text in row.texts):
        return BLANK
    if known:
        return KNOWN
    return COPY if seen else ""
