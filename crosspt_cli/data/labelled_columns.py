"""Which columns of a labelled table hold labels and texts; of several tables, the same ones."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosspt_cli.data.columns import (
    FAVOURED,
    RESTATES,
    TextColumns,
    Wanted,
    clean_name,
    columns_text,
    find_column,
    look_for_texts,
    match_columns,
    no_text_column,
    plain,
)
from crosspt_cli.data.labelled_table import seeming_header
from crosspt_cli.data.notices import Notice
from crosspt_cli.data.table import Table
from crosspt_cli.foundation.errors import Argument, DataError, OptionError
from crosspt_cli.foundation.words import joined, named, quote, quoted

LATE = re.compile(
    r"(?<![a-z])(response|resolution|resolved|resolve|reply|replies|replied|solution|outcome|agents?|assignee|closing|"
    r"closed|closure|explanation|rationale|justification|verdict|decision|annotators?|annotation|moderators?|reviewers?|"
    r"labell?er|action[ _-]taken|follow[ _-]?up|root[ _-]cause)(?![a-z])"
)  # what is written in answer to a text, or while it is labelled


@dataclass(frozen=True)
class LabelledColumns:
    """Where labels and texts stand in a table.

    `label` and `texts` are indexes, `names` those of the texts, `notices` what was noticed on looking.
    """

    label: int
    texts: tuple[int, ...]
    names: tuple[str, ...]
    notices: tuple[Notice, ...]


def choose_columns(table: Table, label_col: str, text_cols: Sequence[str]) -> LabelledColumns:
    """Return a table's column of labels and its columns of texts: those named, else those that look like it.

    Raises:
        DataError: a column that is named does not exist, or none looks like text.
        OptionError: a column is named twice, or is text and label.
    """
    wanted = [Wanted(label_col, "--label-col"), *(Wanted(name, "--text-col") for name in text_cols)]
    (label, *texts), notices = _match(wanted, table, label_col)
    looked = look_for_texts(table.columns, [row.cells for row in table.rows], label=label)
    if label in texts:
        name = clean_name(table.columns[label])
        raise OptionError(
            Argument("text_cols"), f"'{name}' is the label column already.", "Name another column of texts."
        )
    if len(set(texts)) < len(texts):
        raise OptionError(Argument("text_cols"), f"{quoted(text_cols)} name a column twice.", "Name each column once.")
    told = _told(table, looked, texts)
    texts = texts or list(looked.found)
    if not texts:
        raise no_text_column(table.columns, table.path, table.columns[label], looked.left_out)
    return LabelledColumns(label, tuple(texts), _names(table, texts), notices + told)


def _told(table: Table, looked: TextColumns, named: Sequence[int]) -> tuple[Notice, ...]:
    """Return what is to be known of the choice: what was taken, what was left out and why, what may be too good."""
    if named:
        return _restating(table, looked, named)
    found = _names(table, looked.found)
    others = [(table.columns[index], why) for index, why in looked.left_out.items() if why != RESTATES]
    notices = _restating(table, looked, looked.left_out) + _late(table, found)
    if others and found:
        each = joined(f"{quote(clean_name(column))} {why}" for column, why in others)
        notices += (Notice("left-out-column", (), f"{table.path}: not taken for texts: {each}."),)
    if len(found) > 1 and not all(FAVOURED.fullmatch(plain(name)) for name in found):
        notices += (Notice("text-columns", (), f"{table.path}: columns {quoted(found)} are read as texts, together."),)
    return notices


def _restating(table: Table, looked: TextColumns, among: Iterable[int]) -> tuple[Notice, ...]:
    return tuple(
        Notice("restates-label", (), f"{table.path}: column {quote(clean_name(table.columns[index]))} {RESTATES}.")
        for index in among
        if looked.left_out.get(index) == RESTATES
    )


def _late(table: Table, found: Sequence[str]) -> tuple[Notice, ...]:
    late = [name for name in found if LATE.search(plain(name))]
    if not late or len(late) == len(found):
        return ()
    columns = named("column", late)
    flags = " ".join(f"--text-col {shlex.quote(name)}" for name in found if name not in late)
    text = f"{table.path}: {columns} may be written after the label is known; {flags} leaves "
    return (Notice("late-column", (), f"{text}{'them' if len(late) > 1 else 'it'} out."),)


def _match(wanted: Sequence[Wanted], table: Table, label_col: str) -> tuple[tuple[int, ...], tuple[Notice, ...]]:
    try:
        return match_columns(wanted, table.columns, table.path)
    except DataError as error:
        line = seeming_header(table, label_col)
        if line is None:
            raise
        hint = f"The header seems to be on line {line}: delete what is above it."
        raise DataError(error.where, error.problem, hint) from error


def same_columns(
    table: Table, label_col: str, text_cols: Sequence[str], names: tuple[str, ...], first: str
) -> LabelledColumns:
    """Return a further table's columns; its texts are in the columns that have them in the first one.

    Args:
        table: the further one.
        label_col, text_cols: as the person gave them.
        names: the first table's columns of texts.
        first: the first table's file, for messages.

    Raises:
        DataError: one of the columns is missing, or others look like texts too, which would be lost without a word.
        OptionError: see `choose_columns`.
    """
    missing = [name for name in names if find_column(name, table.columns) is None]
    if missing:
        problem = f"no column {quoted(missing)}, where {first} has its texts; it has {columns_text(table.columns)}."
        raise DataError(table.path, problem, "Give the columns of texts the same names in every file.")
    chosen = choose_columns(table, label_col, names)
    looked = look_for_texts(table.columns, [row.cells for row in table.rows], label=chosen.label)
    found = () if text_cols else _names(table, looked.found)
    more = [name for name in found if plain(name) not in map(plain, names)]
    if more:
        problem = f"{quoted(more)} would not be read, for {first} has its texts in {quoted(names)}."
        flags = " ".join(f"--text-col {shlex.quote(name)}" for name in names)
        hint = f"Pass {flags} if that is meant, or give the columns of texts the same names in every file."
        raise DataError(table.path, problem, hint)
    return chosen


def _names(table: Table, indexes: Sequence[int]) -> tuple[str, ...]:
    return tuple(clean_name(table.columns[index]) for index in indexes)
