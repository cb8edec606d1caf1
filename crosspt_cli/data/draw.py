"""A draw by lot from rows that come by one by one: each text once, at most so many rows, the same each time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from crosspt_cli.data.identity import row_digest

BLANK, COPY = "blank", "with the text of an earlier row"

Row = TypeVar("Row")


class Draw(Generic[Row]):
    """Rows drawn so far, and why others were passed over.

    The rows with the smallest digests are kept, which for digests is a draw by lot, and yet the same whatever the order
    of the rows. Memory holds those rows and a number for every other text.

    Args:
        most: how many rows to keep.
        known: digests of rows that are not to be drawn.
        why_known: why they are passed over.
    """

    def __init__(self, most: int, known: Iterable[str], why_known: str) -> None:
        self.read = 0
        self.passed_over: Counter[str] = Counter()
        self._most, self._known, self._why_known = most, frozenset(known), why_known
        self._seen: set[int] = set()
        self._kept: list[tuple[int, int, Row]] = []  # a heap; the largest digest comes out first
        self._sum = 0

    def offer(self, row: Row, texts: Sequence[str], why: str = "") -> None:
        """Draw a row, or pass it over.

        Args:
            row: what is kept.
            texts: the row's texts.
            why: why it is to be passed over whatever its texts are; "" to look at them.
        """
        self.read += 1
        digest = row_digest(texts)
        number = int(digest, 16)
        why = why or self._unfit(texts, digest, number)
        self._seen.add(number)
        if why:
            self.passed_over[why] += 1
            return
        self._sum += number
        entry = (-number, -self.read, row)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that are kept, in the order in which they came."""
        return tuple(row for _, _, row in sorted(self._kept, key=lambda entry: -entry[1]))

    @property
    def digest(self) -> str:
        """16 hex digits that stand for all rows not passed over, in whatever order they came."""
        return f"{self._sum % (1 << 64):016x}"

    def _unfit(self, texts: Sequence[str], digest: str, number: int) -> str:
        """Return why a row is not to be drawn; "" when it is."""
        if not any(text.strip() for text in texts):
            return BLANK
        if digest in self._known:
            return self._why_known
        return COPY if number in self._seen else ""
