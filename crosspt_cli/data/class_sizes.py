"""Whether labelled rows have classes that can be learned: enough of them, not too many, enough rows of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from crosspt_cli.data.checks import Checked, Example, Labelled, without
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import counted, joined, named, quote, quoted

MOST_CLASSES = 1_000
REMOVING = {
    "too-many-cells": "too many cells",
    "too-few-cells": "too few cells",
    "bad-quotes": "text after a closing quote",
    "backslash": "a quote with a backslash before it",
    "swallowed": "other rows inside a cell",
    "repeated-header": "the header again",
    "rejected": "an answer other than accept",
    "blank-text": "a blank text",
    "blank-label": "a blank label",
    "blank-label-copy": "a blank label beside a labelled copy",
    "two-labels": "one text under two labels",
    "duplicate": "a duplicate",
}


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
    gone = [row for row in rows if row.label in rare]
    names = quoted(rare)
    what = f"of {counted(len(rare), 'class', 'classes')} with fewer than {least} examples ({names})"
    return without(rows, gone, "rare-class", what, about)


def _gone(notices: Sequence[Notice]) -> str:
    """Return where rows went, as a sentence to put after a count, or "" when all are there."""
    causes: Counter[str] = Counter()
    for notice in notices:
        if notice.kind in REMOVING:
            causes[notice.kind] += len(notice.lines)
    if not causes:
        return ""
    parts = joined((f"{count:,} for {REMOVING[kind]}" for kind, count in causes.items()), len(REMOVING))
    total = sum(causes.values())
    return f" {counted(total, 'row')} had been set aside: {parts}."


def _no_rows(about: Labelled, notices: Sequence[Notice]) -> DataError:
    kinds = {notice.kind: notice for notice in notices if notice.kind in REMOVING}
    if set(kinds) == {"blank-text"}:
        columns = named("column", about.text_columns)
        lines = _spots(kinds["blank-text"], about)
        hint = "Fill in the texts, or pass --text-col with the column that has them."
        return DataError(about.path, f"every text in {columns} is blank ({lines}).", hint)
    if set(kinds) == {"blank-label"}:
        lines = _spots(kinds["blank-label"], about)
        hint = "Fill in the labels, or pass --label-col with the column that has them."
        return DataError(about.path, f"every label in column '{about.label_column}' is blank ({lines}).", hint)
    return DataError(about.path, f"no usable row is left.{_gone(notices)}", "Mend those rows, or add others.")


def _spots(notice: Notice, about: Labelled) -> str:
    files = notice.files or (about.path,) * len(notice.lines)
    return about.places([Example((), None, line, file) for file, line in zip(files, notice.lines, strict=True)])


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
    missing = joined(f"{least - counts[label]} {quote(label)}" for label in rare)
    classes = "the class" if len(rare) == 1 else "these classes"
    row = "row" if sum(least - counts[label] for label in rare) == 1 else "rows"
    fewer = ", or ask for fewer folds" if least > 2 else ""
    leave = f", or pass --drop-rare to leave {classes} out" if len(counts) - len(rare) > 1 else ""
    hint = f"Add {missing} {row}{fewer}{leave}."
    if len(rare) == 1:
        has = f"class {quote(rare[0])} has {counted(counts[rare[0]], 'example')}"
        return DataError(about.path, f"{has}, and {least} folds need at least {least}.{gone}", hint)
    each = joined(f"{quote(label)} has {counts[label]}" for label in rare)
    problem = f"{len(rare):,} classes have fewer than the {least} examples that {least} folds need: {each}.{gone}"
    if len(counts) > sum(counts.values()) / 2:
        hint += f" If '{about.label_column}' is not the label, pass --label-col with the column that is."
    return DataError(about.path, problem, hint)


def _refuse_few(counts: Counter[str], kept: list[Example], least: int, about: Labelled, gone: str) -> None:
    classes = sorted({row.label or "" for row in kept})
    if len(classes) > 1:
        return
    if len(counts) > 1:
        left = f"only {quote(classes[0])} has" if classes else "none has"
        problem = f"of {len(counts):,} classes {left} the {least} examples that {least} folds need.{gone}"
        fewer = ", or ask for fewer folds" if least > 2 else ""
        raise DataError(about.path, problem, f"Add rows of the rare classes{fewer}.")
    every = f"all {counted(len(kept), 'row')} have the label {quote(classes[0])}"
    raise DataError(about.path, f"{every}; it takes two classes to tell apart.{gone}", "Add rows of another class.")
