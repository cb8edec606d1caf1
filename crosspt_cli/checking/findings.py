"""What can be found in a labelled file before training: one maker of findings for each kind of question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crosspt_cli.checking.near_copies import classes_of_copies
from crosspt_cli.core.tokenizer import Tokenizer
from crosspt_cli.data import Example, Notice
from crosspt_cli.data.checks import Labelled
from crosspt_cli.data.label_forms import similar_groups
from crosspt_cli.data.near_duplicates import NearPair, near_duplicates, near_groups
from crosspt_cli.foundation.errors import DataError, TemplateError
from crosspt_cli.foundation.words import counted, joined, quote
from crosspt_cli.reading.readable import OTHER_BACKBONE, ReadTexts, reading_notices, unreadable
from crosspt_cli.search.plan import find_budget
from crosspt_cli.tasks import InputEncoder, Verbalizer

SEVERITIES = ("error", "warning", "note")
FOLDS = find_budget("normal").folds
UNEVEN = 5  # times the rows of the smallest class in the largest: always answering the largest then looks good

ADVICE = {
    "encoding": ("warning", "Look whether its letters are right; if not, save it as UTF-8."),
    "columns": ("note", "Nothing has to be done unless texts or labels are among them."),
    "header": ("note", "Nothing has to be done."),
    "too-many-cells": ("warning", "Put each cell that has the separator in it within quotes."),
    "too-few-cells": ("warning", "Give every row one cell for each column."),
    "bad-quotes": ("warning", "Mend the quotes."),
    "bad-json": ("warning", 'Write one object a line, e.g. {"text": "..."}'),
    "backslash": ("warning", 'Write a quote inside a quoted cell twice ("").'),
    "swallowed": ("warning", 'Close the quote on its line, or write a quote inside a quoted cell twice ("").'),
    "quotes": ("note", "Nothing has to be done."),
    "comment": ("note", "Nothing has to be done."),
    "repeated-header": ("note", "Nothing has to be done."),
    "rejected": ("note", "Nothing has to be done; rename the column 'answer' if it means something else."),
    "packed-label": ("note", "Nothing has to be done."),
    "whole-numbers": ("note", "Nothing has to be done."),
    "class-names": ("note", "Nothing has to be done."),
    "missing-word": ("note", "Leave the cell empty where nothing is meant."),
    "label-spaces": ("note", "Nothing has to be done."),
    "blank-text": ("warning", "Fill in the texts, or delete the rows."),
    "blank-label": ("note", "Fill in those that you know: a row teaches more with its label."),
    "blank-label-copy": ("note", "Nothing has to be done."),
    "unlabelled": ("note", "Nothing has to be done."),
    "unlabelled-labels": ("note", "Name the file among those of labelled rows if its labels are right."),
    "two-labels": ("warning", "Decide which label is right, and delete the other rows."),
    "duplicate": ("note", "Nothing has to be done."),
    "blank-field": ("note", "Nothing has to be done if there is no such text."),
    "late-column": ("warning", "Leave out what a new text will not have yet: it makes the score too good."),
    "left-out-column": ("note", "Pass --text-col with the columns that hold the texts if these do."),
    "restates-label": ("warning", "Leave it out: a score with it says nothing, for new texts come without it."),
    "text-columns": ("note", "Pass --text-col with those that are meant if others are."),
    "label-forms": ("note", "Nothing has to be done."),
    "several-labels": (
        "warning",
        "A row has one class: leave the label that matters most, or make one task for each label (has it, or not).",
    ),
    "unknown-tokens": ("warning", OTHER_BACKBONE),
    "language": ("warning", OTHER_BACKBONE),
    "same-texts": (
        "warning",
        "Put what tells the classes apart at the start of the texts, in words the backbone knows.",
    ),
    "near-copies": ("note", "Nothing has to be done; rows that say something else would teach more."),
    "class-of-copies": ("warning", "Add rows of that class that say it otherwise, or expect the score of copies."),
    "similar-labels": ("warning", "Pass that to 'crosspt add-task' if one class is meant."),
    "rare-class": ("note", "Add rows if they are to be told apart."),
}
"""Per kind of notice: how much it matters, and what to do."""


@dataclass(frozen=True)
class FileFinding:
    """One thing found in a file.

    Args:
        kind: what was found, e.g. ``"near-duplicate"``; stable, for scripts.
        severity: one of `SEVERITIES`: add-task would stop, the score or the answers may suffer, or neither.
        lines: every line (row, for Parquet and hub data sets) concerned; of near-duplicates pair after pair.
        message: a sentence that names the file and the first lines.
        remedy: what to do.
    """

    kind: str
    severity: str
    lines: tuple[int, ...]
    message: str
    remedy: str


Findings = tuple[FileFinding, ...]


def refusal(kind: str, error: DataError | TemplateError, lines: Iterable[int] = ()) -> FileFinding:
    """Return what `add-task` would stop with, in its words.

    Args:
        kind: what cannot be used: ``"file"``, ``"missing-column"``, ``"classes"``, ``"template"`` or texts that the
            backbone cannot read, see `unreadable`.
        error: the error.
        lines: the lines concerned, where the error does not name one itself.
    """
    # a template's error may name a line too, but of the template
    named = re.search(r" (?:line|row) (\d+)$", error.where) if isinstance(error, DataError) else None
    places = (int(named[1]),) if named else tuple(lines)
    return FileFinding(kind, "error", places, f"{error.where}: {error.problem}", error.hint)


def notice_findings(notices: Iterable[Notice]) -> Findings:
    """Return what was noticed on reading, each with what to do."""
    return tuple(FileFinding(n.kind, ADVICE[n.kind][0], n.lines, n.text, ADVICE[n.kind][1]) for n in notices)


def near_findings(rows: Sequence[Example], about: Labelled) -> Findings:
    """Return the rows that nearly repeat another: of their own label, and of another; and classes of nothing else."""
    pairs = near_duplicates(rows)
    apart = "Nothing has to be done: they are held out together. Rows that say something else would teach more."
    decide = "Look which label is right; where both are, the texts hardly tell the classes apart."
    one, other = ([pair for pair in pairs if pair.one_label == same] for same in (True, False))
    return (
        *_pairs("near-duplicate", "note", one, "and its label", apart, about),
        *_pairs("near-two-labels", "warning", other, "under another label", decide, about),
        *notice_findings(classes_of_copies(rows, near_groups(rows), about) if pairs else ()),
    )


def _pairs(kind: str, severity: str, pairs: Sequence[NearPair], label: str, remedy: str, about: Labelled) -> Findings:
    if not pairs:
        return ()
    have = f"{counted(len(pairs), 'row has', 'rows have')} almost the text of another row"
    shown = joined(f"{pair.first} with {pair.second}" for pair in pairs)
    lines = tuple(line for pair in pairs for line in (pair.first, pair.second))
    message = f"{about.path}: {have} {label} ({about.unit}s {shown})."
    return (FileFinding(kind, severity, lines, message, remedy),)


def class_findings(counts: Mapping[str, int], rows: Sequence[Example], about: Labelled) -> Findings:
    """Return what is so about the sizes of classes that `add-task` would take.

    Args:
        counts: label → rows, at least two of each.
        rows: the rows.
        about: the file.
    """
    return _few_rows(counts, rows, about) + _imbalance(counts, about)


def _few_rows(counts: Mapping[str, int], rows: Sequence[Example], about: Labelled) -> Findings:
    few = {label: count for label, count in counts.items() if count < FOLDS}
    if not few:
        return ()
    lines = tuple(row.line for row in rows if row.label in few)
    each = joined(f"{quote(label)} has {count}" for label, count in few.items())
    missing = joined(f"{FOLDS - count} {quote(label)}" for label, count in few.items())
    problem = f"too few rows for {FOLDS} folds, so there will be {min(few.values())}: {each}."
    row = "row" if sum(FOLDS - count for count in few.values()) == 1 else "rows"
    return (FileFinding("few-rows", "warning", lines, f"{about.path}: {problem}", f"Add {missing} {row}."),)


def _imbalance(counts: Mapping[str, int], about: Labelled) -> Findings:
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] < UNEVEN * counts[least]:
        return ()
    problem = f"class {quote(most)} has {counted(counts[most], 'row')}, and {quote(least)} has {counts[least]:,}."
    always = counts[most] / sum(counts.values())
    remedy = f"Add rows of the rare classes. Answering {quote(most)} always would score {100 * always:.0f} % here."
    return (FileFinding("imbalance", "warning", (), f"{about.path}: {problem}", remedy),)


def word_findings(verbalizer: Verbalizer, about: Labelled) -> Findings:
    """Return the labels whose words are not the first choice, or were given a meaning.

    Of spellings of one label nothing is said, for that is a finding by itself.
    """
    spellings = [label for group in similar_groups(dict.fromkeys(verbalizer.classes, 0)) for label in group]
    told = tuple(f"Label {label!r} is " for label in spellings)
    remedy = "Pass --label-words 'label=words' where others say better what the label means."
    return tuple(
        FileFinding("label-words", "warning", (), f"{about.path}: {note}", remedy)
        for note in verbalizer.notes
        if not note.startswith(told)
    )


def reading_findings(rows: Sequence[Example], encoder: InputEncoder, tokenizer: Tokenizer, about: Labelled) -> Findings:
    """Return what the backbone will not get of the texts: unknown tokens, another language, what is cut off.

    Texts that cannot be told apart, that are mostly unknown, or that are too long and may not be cut are an error.
    """
    ids, lost, refused = {}, {}, {}
    for row in rows:
        try:
            ids[row], lost[row] = encoder.encode(row.fields)
        except TemplateError as error:
            refused[row.line] = error
    texts = ReadTexts(
        tuple(ids), tuple(ids.values()), tuple(lost.values()), encoder, tokenizer.unknown, tokenizer.piece,
        tokenizer.backbone,
    )  # fmt: skip
    errors = (refusal("template", next(iter(refused.values())), refused),) if refused else ()
    found = unreadable(texts, about.path)
    less = (refusal(*found),) if found else notice_findings(reading_notices(texts, about))
    cut = _cut({row.line: tokens for row, tokens in lost.items() if tokens}, encoder.max_tokens, about)
    return errors + less + cut


def _cut(lost: Mapping[int, int], most: int, about: Labelled) -> Findings:
    if not lost:
        return ()
    shown = joined(f"{about.unit} {line} by {tokens:,}" for line, tokens in lost.items())
    longer = f"{counted(len(lost), 'row is', 'rows are')} longer than {most} tokens"
    message = f"{about.path}: {longer}, the template's included, and will be cut: {shown}."
    remedy = "Put what tells the classes apart at the start of the text, or shorten it."
    return (FileFinding("cut", "warning", tuple(lost), message, remedy),)
