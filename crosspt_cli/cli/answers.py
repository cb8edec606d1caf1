"""Answers beside the rows they belong to: which columns are added, and how each format writes them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from crosspt_cli.foundation.errors import DataError
from crosspt_cli.report.numbers import percent

if TYPE_CHECKING:
    from crosspt_cli.answering.predict import Prediction
    from crosspt_cli.data import StreamRow

Write = Callable[["StreamRow", "Prediction"], None]

DIGITS = 6  # of a probability; more is noise
NO_ANSWER = "(no answer)"  # for people; in files the label is left empty, in JSON it is null


@dataclass(frozen=True)
class Layout:
    """The columns of the output.

    Args:
        columns: the input's, as they stand there.
        label: name of the column of answers.
        confidence: name of the column of their probabilities.
        shares: class → name of the column of its probability; empty unless asked for.
        unusual: name of the column that says whether a text is unlike the training rows.
    """

    columns: tuple[str, ...]
    label: str
    confidence: str
    shares: dict[str, str]
    unusual: str

    @property
    def added(self) -> tuple[str, ...]:
        """The names of the columns after the input's."""
        return (self.label, self.confidence, *self.shares.values(), self.unusual)

    def values(self, prediction: Prediction) -> dict[str, str | float | bool | None]:
        """Return the added columns' values of one row.

        A row without an answer has None for a label, and one without text for everything that is said of an answer.
        """
        shares = {name: rounded(prediction.shares.get(of)) for of, name in self.shares.items()}
        return {
            self.label: prediction.label,
            self.confidence: confidence_of(prediction),
            **shares,
            self.unusual: prediction.unusual,
        }


def confidence_of(prediction: Prediction) -> float | None:
    """Return an answer's confidence as it is written; None for a row without text."""
    return None if prediction.blank else rounded(prediction.confidence)


def rounded(share: float | None) -> float | None:
    """Return a probability as it is written."""
    return None if share is None else round(share, DIGITS)


def make_layout(columns: Sequence[str], classes: Sequence[str], with_shares: bool) -> Layout:
    """Return the output's columns; a name that the input has already becomes ``predicted_…``.

    Args:
        columns: the input's.
        classes: the task's.
        with_shares: whether every class's probability is wanted.
    """
    taken = {column.strip() for column in columns}
    label, confidence = (free_name(name, taken) for name in ("label", "confidence"))
    shares = {name: free_name(f"p_{name}", taken) for name in classes} if with_shares else {}
    return Layout(tuple(columns), label, confidence, shares, free_name("unusual", taken))


def free_name(name: str, taken: set[str]) -> str:
    """Return the name, or ``predicted_name``, or that with the first free number; it is taken from now on."""
    tries = [name, f"predicted_{name}", *(f"predicted_{name}_{number}" for number in range(2, len(taken) + 3))]
    found = next(each for each in tries if each not in taken)
    taken.add(found)
    return found


def renaming_note(layout: Layout, path: str) -> str:
    """Return a sentence when answers do not go by their usual names; empty when they do."""
    usual = ["label", "confidence", *(f"p_{name}" for name in layout.shares), "unusual"]
    renamed = [(old, new) for old, new in zip(usual, layout.added, strict=True) if old != new]
    if not renamed:
        return ""
    moved = ", ".join(f"{new!r} for {old!r}" for old, new in renamed)
    return f"{path}: has columns of the answers' names already, so these are called {moved}."


def open_writer(kind: str, handle: TextIO, layout: Layout, path: str, delimiter: str = ",") -> Write:
    """Return what writes one row with its answer; a header was written if the format has one.

    Args:
        kind: ``"csv"``, ``"tsv"``, ``"jsonl"`` or ``"lines"`` (for people: a line per text).
        handle: where to write; line ends are written as ``\\n``.
        layout: the columns.
        path: the input, for messages.
        delimiter: what divides the cells of a CSV.
    """
    if kind == "jsonl":
        return _jsonl_writer(handle, layout, path)
    if kind == "lines":
        return _line_writer(handle, layout)
    return _delimited_writer(handle, layout, "\t" if kind == "tsv" else delimiter)


def _delimited_writer(handle: TextIO, layout: Layout, delimiter: str) -> Write:
    writer = csv.writer(handle, delimiter=delimiter, lineterminator="\n")
    writer.writerow((*layout.columns, *layout.added))

    def write(row: StreamRow, prediction: Prediction) -> None:
        writer.writerow((*row.cells, *map(_cell, layout.values(prediction).values())))

    return write


def _cell(value: str | float | bool | None) -> str | float:
    """Return a value as CSV has it: nothing for None, and truth as JSON writes it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _jsonl_writer(handle: TextIO, layout: Layout, path: str) -> Write:
    def write(row: StreamRow, prediction: Prediction) -> None:
        record = dict(zip(layout.columns, row.cells, strict=True)) if row.record is None else row.record
        late = [name for name in layout.added if name in record]
        if late:
            problem = f"has the key {late[0]!r}, which the first rows do not have and an answer would overwrite."
            raise DataError(f"{path} line {row.line}", problem, "Rename the key, or pass --format csv.")
        written = json.dumps(record, ensure_ascii=False) if row.record is None else row.record.text
        handle.write(with_keys(written, layout.values(prediction)) + "\n")

    return write


def with_keys(written: str, values: dict[str, Any]) -> str:
    """Return a JSON object with keys after its own, which stay as they are written: 1.50 is not 1.5 to everybody.

    Example:
        >>> with_keys('{"n": 1.50}', {"label": "a"}), with_keys("{ }", {"label": None})
        ('{"n": 1.50, "label": "a"}', '{"label": null}')
    """
    own = written.strip()[1:-1].strip()
    added = json.dumps(values, ensure_ascii=False)[1:]
    return f"{{{own}, {added}" if own else f"{{{added}"


def _line_writer(handle: TextIO, layout: Layout) -> Write:
    width = max(map(len, layout.shares), default=0)

    def write(row: StreamRow, prediction: Prediction) -> None:
        handle.write(f"{answer_line(prediction, bool(layout.shares), width)}  {' | '.join(row.texts)}\n")

    return write


def answer_line(prediction: Prediction, with_shares: bool, width: int = 0) -> str:
    """Return an answer for people, e.g. ``"positive  93.1 %"``, with every class's share where wanted."""
    label = NO_ANSWER if prediction.label is None else prediction.label
    if prediction.blank:
        return f"{label:<{width}}  no text"
    line = f"{label:<{width}}  {percent(prediction.confidence):>7}"
    line += "  unusual" if prediction.unusual else ""
    if not with_shares:
        return line
    ordered = sorted(prediction.shares.items(), key=lambda item: -item[1])
    return f"{line}  ({', '.join(f'{name} {percent(share)}' for name, share in ordered)})"


def answer_dict(number: int, prediction: Prediction, with_shares: bool) -> dict[str, Any]:
    """Return an answer for scripts.

    Args:
        number: of the row, from 0.
        prediction: its answer.
        with_shares: whether every class's probability is wanted.
    """
    answer: dict[str, Any] = {
        "row": number,
        "label": prediction.label,
        "confidence": confidence_of(prediction),
        "unusual": prediction.unusual,
    }
    if with_shares:
        answer["shares"] = {name: rounded(share) for name, share in prediction.shares.items()}
    return answer
