"""What can be wrong with labelled rows, found for a whole file before anything stops."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosspt_cli.data.notices import SHOWN, Notice, counted, joined, places, quoted, row_notice
from crosspt_cli.foundation.errors import DataError

MOST_CLASSES = 1_000
REMOVING = {
    "too-many-cells": "too many cells",
    "too-few-cells": "too few cells",
    "bad-quotes": "text after a closing quote",
    "blank-text": "a blank text",
    "blank-label": "a blank label",
    "two-labels": "one text under two labels",
    "duplicate": "a duplicate",
}


@dataclass(frozen=True)
class Example:
    """One row: its texts and its label.

    Args:
        fields: the texts, in the order of the text columns, as they stand in the file.
        label: the class, or None where there is none.
        line: 1-based line on which the row starts; the row number for Parquet and hub data sets.
    """

    fields: tuple[str, ...]
    label: str | None
    line: int


@dataclass(frozen=True)
class Labelled:
    """The file under examination: what messages need to name it."""

    path: str
    label_column: str
    text_columns: tuple[str, ...]
    unit: str


Checked = tuple[list[Example], tuple[Notice, ...]]


def sound_examples(rows: Sequence[Example], about: Labelled) -> Checked:
    """Return the rows that can be learned from, and a notice for every kind of row left out.

    Left out are rows without any text, rows without a label, every copy of a text that has two labels, and all but
    the first of equal rows. A row with some of several texts blank is kept, with a notice.
    """
    notices: tuple[Notice, ...] = ()
    kept = list(rows)
    for check in (_blank_texts, _blank_labels, _two_labels, _duplicates):
        kept, found = check(kept, about)
        notices += found
    return kept, notices + _blank_fields(kept, about) + _similar_labels(kept, about)


def _without(rows: Iterable[Example], lines: Iterable[int], kind: str, what: str, about: Labelled) -> Checked:
    gone = set(lines)
    notices = row_notice(kind, about.path, gone, about.unit, f"{what} left out")
    return [row for row in rows if row.line not in gone], notices


def _blank_texts(rows: list[Example], about: Labelled) -> Checked:
    blank = [row.line for row in rows if not any(field.strip() for field in row.fields)]
    return _without(rows, blank, "blank-text", "with a blank text", about)


def _blank_labels(rows: list[Example], about: Labelled) -> Checked:
    blank = [row.line for row in rows if not row.label]
    return _without(rows, blank, "blank-label", f"with a blank label in column '{about.label_column}'", about)


def _two_labels(rows: list[Example], about: Labelled) -> Checked:
    labels: dict[tuple[str, ...], set[str | None]] = defaultdict(set)
    for row in rows:
        labels[row.fields].add(row.label)
    torn = [row.line for row in rows if len(labels[row.fields]) > 1]
    return _without(rows, torn, "two-labels", "whose text also stands under another label: all copies", about)


def _duplicates(rows: list[Example], about: Labelled) -> Checked:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        first.setdefault(row.fields, row.line)
    again = [row.line for row in rows if first[row.fields] != row.line]
    return _without(rows, again, "duplicate", "with the text and label of an earlier row", about)


def _blank_fields(rows: list[Example], about: Labelled) -> tuple[Notice, ...]:
    notices: tuple[Notice, ...] = ()
    for index, column in enumerate(about.text_columns):
        blank = [row.line for row in rows if not row.fields[index].strip()]
        what = f"with nothing in column '{column}' kept for the other text"
        notices += row_notice("blank-field", about.path, blank, about.unit, what)
    return notices


def _similar_labels(rows: list[Example], about: Labelled) -> tuple[Notice, ...]:
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        spellings[(row.label or "").casefold()].add(row.label or "")
    notices = []
    for same in spellings.values():
        if len(same) > 1:
            one, *others = sorted(same, reverse=True)
            pairs = ",".join(f"{other}={one}" for other in others)
            text = f"{about.path}: labels {quoted(sorted(same))} differ only in case and are two classes; "
            notices.append(Notice("similar-labels", (), f"{text}--label-map '{pairs}' makes them one."))
    return tuple(notices)


def enough_classes(
    rows: list[Example], least: int, drop_rare: bool, about: Labelled, before: Sequence[Notice]
) -> Checked:
    """Return the rows of the classes that have enough of them.

    Args:
        rows: sound rows.
        least: the fewest rows a class may have: the number of folds, at least 2.
        drop_rare: leave rarer classes out, with a notice, instead of stopping.
        about: the file.
        before: the notices so far, so that an error can say where rows went.

    Raises:
        DataError: no row is left, more than 1,000 classes, rare classes (all of them), or a single class.
    """
    gone = _gone(before)
    if not rows:
        raise _no_rows(about, before)
    counts = Counter(row.label or "" for row in rows)
    _refuse_many(counts, len(rows), about)
    rare = sorted(label for label, count in counts.items() if count < least)
    if len(counts) > 1 and rare and not drop_rare:
        raise _rare(rare, counts, least, about, gone)
    kept, notices = _drop(rows, rare if drop_rare else [], least, about)
    _refuse_few(counts, kept, least, about, gone)
    return kept, notices


def _drop(rows: list[Example], rare: list[str], least: int, about: Labelled) -> Checked:
    lines = {row.line for row in rows if row.label in rare}
    names = quoted(rare)
    what = f"of {counted(len(rare), 'class', 'classes')} with fewer than {least} examples ({names})"
    return _without(rows, lines, "rare-class", what, about)


def _gone(notices: Sequence[Notice]) -> str:
    """Return where rows went, as a sentence to put after a count, or "" when all are there."""
    causes = [notice for notice in notices if notice.kind in REMOVING]
    if not causes:
        return ""
    parts = joined((f"{len(notice.lines):,} for {REMOVING[notice.kind]}" for notice in causes), len(REMOVING))
    total = sum(len(notice.lines) for notice in causes)
    return f" {counted(total, 'row')} had been left out: {parts}."


def _no_rows(about: Labelled, notices: Sequence[Notice]) -> DataError:
    kinds = {notice.kind: notice for notice in notices if notice.kind in REMOVING}
    if set(kinds) == {"blank-text"}:
        columns = f"column{'s' if len(about.text_columns) > 1 else ''} {quoted(about.text_columns)}"
        lines = places(kinds["blank-text"].lines, about.unit)
        hint = "Fill in the texts, or pass --text-col with the column that has them."
        return DataError(about.path, f"every text in {columns} is blank ({lines}).", hint)
    if set(kinds) == {"blank-label"}:
        lines = places(kinds["blank-label"].lines, about.unit)
        hint = "Fill in the labels, or pass --label-col with the column that has them."
        return DataError(about.path, f"every label in column '{about.label_column}' is blank ({lines}).", hint)
    return DataError(about.path, f"no usable row is left.{_gone(notices)}", "Mend those rows, or add others.")


def _refuse_many(counts: Counter[str], rows: int, about: Labelled) -> None:
    if len(counts) <= MOST_CLASSES:
        return
    column = about.label_column
    many = f"column '{column}' has {len(counts):,} different labels in {counted(rows, 'row')}"
    problem = f"{many}; at most {MOST_CLASSES:,} can be told apart."
    hint = "Put rare labels together with --label-map, or leave some out."
    if len(counts) > rows / 2:
        hint = f"'{column}' is probably not the label: pass --label-col with the column that is."
    raise DataError(about.path, problem, hint)


def _rare(rare: list[str], counts: Counter[str], least: int, about: Labelled, gone: str) -> DataError:
    missing = joined(f"{least - counts[label]} '{label[:80]}'" for label in rare)
    classes = "the class" if len(rare) == 1 else "these classes"
    row = "row" if sum(least - counts[label] for label in rare) == 1 else "rows"
    hint = f"Add {missing} {row}, or pass --drop-rare to leave {classes} out."
    if len(rare) == 1:
        has = f"class '{rare[0][:80]}' has {counted(counts[rare[0]], 'example')}"
        return DataError(about.path, f"{has}, and {least} folds need at least {least}.{gone}", hint)
    each = joined((f"'{label[:80]}' has {counts[label]}" for label in rare), SHOWN)
    problem = f"{len(rare):,} classes have fewer than the {least} examples that {least} folds need: {each}.{gone}"
    if len(counts) > sum(counts.values()) / 2:
        hint += f" If '{about.label_column}' is not the label, pass --label-col with the column that is."
    return DataError(about.path, problem, hint)


def _refuse_few(counts: Counter[str], kept: list[Example], least: int, about: Labelled, gone: str) -> None:
    classes = sorted({row.label or "" for row in kept})
    if len(classes) > 1:
        return
    if len(counts) > 1:
        left = f"only '{classes[0][:80]}' has" if classes else "none has"
        problem = f"of {len(counts):,} classes {left} the {least} examples that {least} folds need.{gone}"
        raise DataError(about.path, problem, "Add rows of the rare classes.")
    every = f"all {counted(len(kept), 'row')} have the label '{classes[0][:80]}'"
    raise DataError(about.path, f"{every}; it takes two classes to tell apart.{gone}", "Add rows of another class.")
