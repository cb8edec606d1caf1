"""What held-out answers say, counted: who is taken for whom, how sure and how right, and which rows are hardest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosspt_cli.evidence.intervals import Estimate, wilson
from crosspt_cli.onboarding.report_record import RowRecord

GRID = 10  # classes; a larger grid cannot be read on a page
MOST_PAIRS = 15
MOST_BINS = 5
ROWS_IN_BIN = 10  # at least, where that leaves two bins
HARDEST = 10
MOST_HARD = 50  # with the suspects beyond


@dataclass(frozen=True)
class ClassNumbers:
    """A class: its label and label words, its rows, and its held-out recall and precision.

    `answers`: how many rows were answered with it · `precision` is None where no row was.
    """

    label: str
    words: str
    rows: int
    recall: Estimate
    answers: float
    precision: Estimate | None


@dataclass(frozen=True)
class Confused:
    """How many rows of one class were answered with another."""

    given: str
    answered: str
    rows: float


@dataclass(frozen=True)
class Bin:
    """Rows of similar confidence: how many, their mean confidence, and how many are right, with an interval."""

    rows: int
    confidence: float
    accuracy: Estimate


@dataclass(frozen=True)
class HardRow:
    """A row whose given label got little of the held-out probability.

    Attributes:
        file, line: where it is.
        given, likely: its label, and the most probable one.
        given_share, likely_share: their held-out probabilities.
        suspect: whether the label is probably wrong.
        texts: in the order of the text columns, shortened; None where the file is gone or was changed.
    """

    file: str
    line: int
    given: str
    likely: str
    given_share: float
    likely_share: float
    suspect: bool
    texts: tuple[str, ...] | None


def confusion_of(rows: RowRecord) -> np.ndarray:
    """Return how many rows of each class, down, were answered with each, across: [C, C], averaged over seeds."""
    seeds, _, classes = rows.shares.shape
    counts = np.zeros((classes, classes))
    for answers in rows.shares.argmax(2):
        np.add.at(counts, (rows.label, answers), 1 / seeds)
    return counts.round(3)


def class_numbers(counts: np.ndarray, labels: tuple[str, ...], words: tuple[str, ...]) -> tuple[ClassNumbers, ...]:
    """Return recall and precision of each class from a confusion matrix [C, C]."""
    right, given, answered = np.diag(counts), counts.sum(1), counts.sum(0)
    return tuple(
        ClassNumbers(
            label=label,
            words=said,
            rows=round(given[c]),
            recall=estimate(right[c], given[c]),
            answers=round(float(answered[c]), 3),
            precision=estimate(right[c], answered[c]) if answered[c] else None,
        )
        for c, (label, said) in enumerate(zip(labels, words, strict=True))
    )


def confused_pairs(counts: np.ndarray, labels: tuple[str, ...]) -> tuple[Confused, ...]:
    """Return the pairs of classes most often confused, the first of them the class that was given."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = (divmod(int(place), len(labels)) for place in order)
    return tuple(Confused(labels[a], labels[b], float(wrong[a, b])) for a, b in pairs if wrong[a, b])


def reliability(rows: RowRecord) -> tuple[Bin, ...]:
    """Return rows in a few bins of equal size, from the least to the most confident; averaged over seeds.

    Bins of equal size rather than of equal width: with a few dozen rows most bins of equal width are empty.
    """
    confidence = rows.shares.max(2).mean(0)
    right = (rows.shares.argmax(2) == rows.label).mean(0)
    bins = min(MOST_BINS, max(2, len(right) // ROWS_IN_BIN))
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    return tuple(
        Bin(len(part), round(float(confidence[part].mean()), 4), estimate(right[part].sum(), len(part)))
        for part in parts
    )


def hard_rows(rows: RowRecord) -> list[int]:
    """Return the rows whose given label is least probable, and suspects beyond them; the hardest first."""
    order = np.argsort(_given_shares(rows), kind="stable").tolist()
    return [row for place, row in enumerate(order) if place < HARDEST or row in rows.suspects][:MOST_HARD]


def hard_row(rows: RowRecord, row: int, labels: tuple[str, ...], texts: tuple[str, ...] | None) -> HardRow:
    """Return a row as a report shows it."""
    shares = rows.shares[:, row].mean(0)
    likely = rows.suspects.get(row, int(shares.argmax()))
    return HardRow(
        *rows.place(row),
        given=labels[rows.label[row]],
        likely=labels[likely],
        given_share=round(float(shares[rows.label[row]]), 4),
        likely_share=round(float(shares[likely]), 4),
        suspect=row in rows.suspects,
        texts=texts,
    )


def _given_shares(rows: RowRecord) -> np.ndarray:
    """Return the held-out probability of each row's given label, averaged over seeds."""
    return rows.shares.mean(0)[np.arange(len(rows.label)), rows.label]


def estimate(right: float, rows: float) -> Estimate:
    """Return the fraction of rows that are right, with Wilson's interval."""
    found = wilson(float(right / rows), float(rows))
    return Estimate(*(round(each, 4) for each in (found.value, *found.ends)))
