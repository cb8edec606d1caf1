"""What can be wrong with labelled rows, found for a whole file before anything stops."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crosspt_cli.data.identity import row_digest
from crosspt_cli.data.label_forms import how_they_differ, several_labels, similar_groups
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.pairs import advised
from crosspt_cli.foundation.words import SHOWN, counted, joined, named, places, quote, quoted

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
        file: the file as the person named it; no part of what makes two examples equal.
    """

    fields: tuple[str, ...]
    label: str | None
    line: int
    file: str = field(default="", compare=False)

    @property
    def place(self) -> tuple[str, int]:
        """File and line, which no other row has."""
        return self.file, self.line


@dataclass(frozen=True)
class Labelled:
    """The files under examination: what messages need to name them and their rows.

    Args:
        files: each file's name, and what a row's number counts there: ``"line"`` or ``"row"``.
        label_column, text_columns: by the names of the first file.
    """

    files: tuple[tuple[str, str], ...]
    label_column: str
    text_columns: tuple[str, ...]

    @property
    def path(self) -> str:
        """The file's name; of several, all names."""
        return joined((name for name, _ in self.files), None)

    @property
    def unit(self) -> str:
        """What a row's number counts in the first file."""
        return self.files[0][1]

    def place(self, row: Example) -> str:
        """Return file and line of a row, e.g. ``"a.csv line 3"``."""
        return f"{row.file} {dict(self.files)[row.file]} {row.line}"

    def places(self, rows: Sequence[Example]) -> str:
        """Return the first lines of some rows; with their files, where there are several."""
        if len(self.files) == 1:
            return places(tuple(row.line for row in rows), self.unit)
        return joined(map(self.place, rows))

    def notice(self, kind: str, rows: Sequence[Example], what: str, shown: str = "") -> tuple[Notice, ...]:
        """Return one notice about some rows, or none when no row is concerned.

        Args:
            kind: the notice's kind.
            rows: the rows concerned, in the order in which they were read.
            what: what is so about them and what was done, e.g. ``"with a blank text left out"``.
            shown: where they are; their first places unless something better can be said.
        """
        if not rows:
            return ()
        text = f"{self.path}: {counted(len(rows), 'row')} {what} ({shown or self.places(rows)})."
        files = tuple(row.file for row in rows) if len(self.files) > 1 else ()
        return (Notice(kind, tuple(row.line for row in rows), text, files),)


Checked = tuple[list[Example], tuple[Notice, ...]]


def sound_examples(rows: Sequence[Example], about: Labelled) -> Checked:
    """Return the rows that can be learned from, and a notice for every kind of row left out.

    Left out are rows without any text, rows without a label, every copy of a text that has two labels, and all but
    the first of equal rows. Rows are equal when their texts differ at most in case, spaces and Unicode form. A row
    with some of several texts blank is kept, with a notice.
    """
    notices: tuple[Notice, ...] = ()
    kept = list(rows)
    for check in (_blank_texts, _blank_labels, _two_labels, _duplicates):
        kept, found = check(kept, about)
        notices += found
    return kept, notices + _blank_fields(kept, about) + _similar_labels(kept, about) + _several_labels(kept, about)


def _without(
    rows: Iterable[Example], gone: Sequence[Example], kind: str, what: str, about: Labelled, shown: str = ""
) -> Checked:
    notices = about.notice(kind, gone, f"{what} left out", shown)
    places_gone = {row.place for row in gone}
    return [row for row in rows if row.place not in places_gone], notices


def _blank_texts(rows: list[Example], about: Labelled) -> Checked:
    blank = [row for row in rows if not any(text.strip() for text in row.fields)]
    return _without(rows, blank, "blank-text", "with a blank text", about)


def _blank_labels(rows: list[Example], about: Labelled) -> Checked:
    blank = [row for row in rows if not row.label]
    return _without(rows, blank, "blank-label", f"with a blank label in column '{about.label_column}'", about)


def _two_labels(rows: list[Example], about: Labelled) -> Checked:
    copies = _copies(rows)
    torn = [row for row in rows if len({copy.label for copy in copies[row_digest(row.fields)]}) > 1]
    apart = [copies[digest] for digest in dict.fromkeys(row_digest(row.fields) for row in torn)]
    what = f"whose text also stands under another label{_but_for(apart)}: all copies"
    return _without(rows, torn, "two-labels", what, about, _contradictions(apart, about))


def _copies(rows: Iterable[Example]) -> dict[str, list[Example]]:
    """Return the rows of each text; texts are the same that differ at most in case, spaces and Unicode form."""
    copies: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        copies[row_digest(row.fields)].append(row)
    return copies


def _but_for(texts: Iterable[Sequence[Example]]) -> str:
    """Return in what copies differ, if any do."""
    differ = any(len({row.fields for row in copies}) > 1 for copies in texts)
    return ", but for case, spaces or Unicode form" if differ else ""


def _contradictions(texts: Sequence[list[Example]], about: Labelled) -> str:
    """Return, of texts with two labels in several files, the first row of each label with its place."""
    if len(about.files) == 1:
        return ""
    each = []
    for copies in texts:
        first: dict[str, Example] = {}
        for row in copies:
            first.setdefault(row.label or "", row)
        each.append(" but ".join(f"{about.place(row)} {quote(label)}" for label, row in first.items()))
    return joined(each)


def _duplicates(rows: list[Example], about: Labelled) -> Checked:
    texts = [copies for copies in _copies(rows).values() if len(copies) > 1]
    later = {row.place for _, *others in texts for row in others}
    again = [row for row in rows if row.place in later]
    what = f"with the text{_but_for(texts)}{',' * bool(_but_for(texts))} and label of an earlier row"
    return _without(rows, again, "duplicate", what, about)


def _blank_fields(rows: list[Example], about: Labelled) -> tuple[Notice, ...]:
    notices: tuple[Notice, ...] = ()
    for index, column in enumerate(about.text_columns):
        blank = [row for row in rows if not row.fields[index].strip()]
        notices += about.notice("blank-field", blank, f"with nothing in column '{column}' kept for the other text")
    return notices


def _similar_labels(rows: list[Example], about: Labelled) -> tuple[Notice, ...]:
    counts = Counter(row.label or "" for row in rows)
    groups = similar_groups(counts)
    if not groups:
        return ()
    shown = "; ".join(map(_alternatives, groups[:SHOWN])) + f"; and {len(groups) - SHOWN:,} more" * (
        len(groups) > SHOWN
    )
    number = sum(map(len, groups))
    classes = "two" if number == 2 else f"{number:,}"
    differ = f"labels {shown} differ {how_they_differ(groups)} and are {classes} classes"
    pairs = {old: new for new, *others in groups for old in others}
    made = f"{advised('--label-map', pairs)} makes them {'one' if len(groups) == 1 else f'{len(groups):,}'}."
    return (Notice("similar-labels", (), f"{about.path}: {differ}; {made}"),)


def _alternatives(group: Sequence[str]) -> str:
    return joined(map(quote, sorted(group)), None)


def _several_labels(rows: list[Example], about: Labelled) -> tuple[Notice, ...]:
    found = several_labels(Counter(row.label or "" for row in rows))
    mixed = [row for row in rows if row.label in found]
    what = f"with what looks like several labels in column '{about.label_column}' ({quoted(sorted(found))})"
    return about.notice("several-labels", mixed, f"{what} read as one class each")


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
    return _without(rows, gone, "rare-class", what, about)


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
    return f" {counted(total, 'row')} had been left out: {parts}."


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
