"""What becomes of the rows of one `predict`: how many are answered, how many are not, how many are unusual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.words import counted
from crosspt_cli.report.numbers import percent

if TYPE_CHECKING:
    from crosspt_cli.answering.predict import Prediction
    from crosspt_cli.evidence.promise import Promise


class Tally:
    """Counts of the answers that passed by.

    Args:
        limit: the confidence below which there is no answer; 0 answers all.
        promise: where the limit comes from, if it was not given.
    """

    def __init__(self, limit: float, promise: Promise | None) -> None:
        self.limit, self.promise = limit, promise
        self.rows = self.abstained = self.blank = self.unusual = self.cut = 0
        self.windows = False  # whether texts that are too long are read in windows
        self.adapted: int | None = None  # rows that the task was adapted to; None where that was not asked for

    def counting(self, answers: Iterable[Prediction]) -> Iterator[Prediction]:
        """Yield the answers, counting them."""
        for answer in answers:
            self.rows += 1
            self.blank += answer.blank
            self.abstained += answer.label is None and not answer.blank
            self.unusual += answer.unusual and not answer.blank
            self.cut += answer.cut
            yield answer

    @property
    def promised(self) -> str:
        """What is promised, in a sentence; empty if nothing is."""
        made = self.promise
        if made is None:
            return ""
        return (
            f"--target-accuracy {made.target:g}: answers of {percent(made.threshold)} confidence or more are given; "
            f"of {made.rows} held-out rows {made.accepted} are as sure, {made.right} of them right."
        )

    @property
    def sentence(self) -> str:
        """How many rows were answered, and what is to be known of the others."""
        parts = [f"{counted(self.rows, 'row')} answered"]
        if self.limit or self.blank:
            parts = [f"{counted(self.rows, 'row')}, {self.rows - self.abstained - self.blank:,} of them answered"]
        if self.blank:
            parts.append(f"{self.blank:,} without text {'is' if self.blank == 1 else 'are'} not")
        if self.limit:
            parts.append(f"{self.abstained:,} below {percent(self.limit)} confidence are not")
        if self.unusual:
            parts.append(f"{self.unusual:,} unlike anything seen in onboarding")
        if self.cut:
            more = "" if self.windows else " (--windows reads more)"
            parts.append(f"{self.cut:,} too long to be read to the end{more}")
        return f"{'; '.join(parts)}."

    def record(self) -> dict[str, Any]:
        """Return the counts for scripts: what was asked for, and what the task knows; each row counts once."""
        found: dict[str, Any] = {}
        if self.limit:
            found |= {"abstain_below": self.limit, "abstained": self.abstained}
        if self.promise:
            found["promise"] = vars(self.promise)
        if self.adapted is not None:
            found["adapted"] = self.adapted
        return found | {"blank": self.blank, "unusual": self.unusual, "cut": self.cut}
