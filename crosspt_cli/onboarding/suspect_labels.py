"""Labels that are probably wrong, where the person finds them: file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosspt_cli.data import Examples
from crosspt_cli.evidence.outcome import Suspect


@dataclass(frozen=True)
class SuspectLabel:
    """A row that is probably labelled wrongly.

    Args:
        file: as the person named it.
        line: on which the row starts; the row number for Parquet and hub data sets.
        given: its label.
        likely: the label it should probably have.
        confidence: held-out probability of the likely label, 0 to 1.
        given_share: held-out probability of the given label.
    """

    file: str
    line: int
    given: str
    likely: str
    confidence: float
    given_share: float


def suspect_labels(suspects: Sequence[Suspect], examples: Examples) -> tuple[SuspectLabel, ...]:
    """Return suspects of a study by file, line and label, in the same order."""
    classes = examples.classes
    return tuple(
        SuspectLabel(
            *examples.rows[each.row].place,
            classes[each.given],
            classes[each.likely],
            round(each.likely_share, 4),
            round(each.given_share, 4),
        )
        for each in suspects
    )
