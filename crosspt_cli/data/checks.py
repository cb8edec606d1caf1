"""What can be wrong with labelled rows, found for a whole file before anything stops."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from crosspt_cli.data.identity import row_digest
from crosspt_cli.data.label_forms import how_they_differ, several_labels, similar_groups
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.pairs import advised
from crosspt_cli.foundation.words import SHOWN, counted, joined, places, quote, quoted


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

    def notice(
        self, kind: str, rows: Sequence[Example], what: str, shown: str = "", after: str = ""
    ) -> tuple[Notice, ...]:
        """Return one notice about some rows, or none when no row is concerned.

        Args:
            kind: the notice's kind.
            rows: the rows concerned, in the order in which they were read.
            what: what is so about them and what was done, e.g. ``"with a blank text left out"``.
            shown: where they are; their first places unless something better can be said.
            after: what is to be said after the places.
        """
        if not rows:
            return ()
        text = f"{self.path}: {counted(len(rows), 'row')} {what} ({shown or self.places(rows)}){after}."
        files = tuple(row.file for row in rows) if len(self.files) > 1 else ()
        return (Notice(kind, tuple(row.line for row in rows), text, files),)


Checked = tuple[list[Example], tuple[Notice, ...]]


@dataclass(frozen=True)
class SoundRows:
    """The rows that can be learned from: those with a label, those without, and what was noticed of all."""

    labelled: list[Example]
    unlabelled: list[Example]
    notices: tuple[Notice, ...]


def sound_examples(rows: Sequence[Example], about: Labelled, ignore_unlabelled: bool = False) -> SoundRows:
    """Return the rows that can be learned from, and a notice for every kind of row left out.

    Left out are rows without any text, rows without a label whose text stands under one, every copy of a text that has
    two labels, and all but the first of equal rows. Rows are equal when their texts differ at most in case, spaces and
    Unicode form. A row with some of several texts blank is kept, with a notice.

    Args:
        rows: of all files.
        about: the files.
        ignore_unlabelled: leave out every row without a label.
    """
    kept, notices = _blank_texts(list(rows), about)
    blank = [row for row in kept if not row.label]
    kept = [row for row in kept if row.label]
    unlabelled, found = _ignored(blank, about) if ignore_unlabelled else _unlabelled(blank, kept, about)
    notices += found
    for check in (_two_labels, _duplicates):
        kept, found = check(kept, about)
        notices += found
    notices += _blank_fields(kept, about) + _similar_labels(kept, about) + _several_labels(kept, about)
    return SoundRows(kept, unlabelled, notices)


def without(
    rows: Iterable[Example], gone: Sequence[Example], kind: str, what: str, about: Labelled, shown: str = ""
) -> Checked:
    """Return the rows but for some, and a notice of these."""
    notices = about.notice(kind, gone, f"{what} left out", shown)
    places_gone = {row.place for row in gone}
    return [row for row in rows if row.place not in places_gone], notices


def _blank_texts(rows: list[Example], about: Labelled) -> Checked:
    blank = [row for row in rows if not any(text.strip() for text in row.fields)]
    return without(rows, blank, "blank-text", "with a blank text", about)


def _ignored(blank: list[Example], about: Labelled) -> Checked:
    return without(blank, blank, "blank-label", f"with a blank label in column '{about.label_column}'", about)


def _unlabelled(blank: list[Example], labelled: list[Example], about: Labelled) -> Checked:
    """Return the rows without a label whose text has none elsewhere either."""
    known = {row_digest(row.fields) for row in labelled} if blank else set()
    again = [row for row in blank if row_digest(row.fields) in known]
    what = f"with a blank label in column '{about.label_column}'"
    kept, notices = without(blank, again, "blank-label-copy", f"{what} and the text of a labelled row", about)
    used = "is taken for a row without a label" if len(kept) == 1 else "are taken for rows without labels"
    them = "it" if len(kept) == 1 else "them"
    told = about.notice("blank-label", kept, f"{what} {used}", after=f"; --ignore-unlabelled leaves {them} out")
    return [replace(row, label=None) for row in kept], told + notices


def _two_labels(rows: list[Example], about: Labelled) -> Checked:
    copies = _copies(rows)
    torn = [row for row in rows if len({copy.label for copy in copies[row_digest(row.fields)]}) > 1]
    apart = [copies[digest] for digest in dict.fromkeys(row_digest(row.fields) for row in torn)]
    what = f"whose text also stands under another label{_but_for(apart)}: all copies"
    return without(rows, torn, "two-labels", what, about, _contradictions(apart, about))


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
    return without(rows, again, "duplicate", what, about)


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
