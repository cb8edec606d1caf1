"""Which columns of a labelled table hold labels and texts; of several tables, the same ones."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from crosspt_cli.data.columns import (
    SAMPLE_ROWS,
    Wanted,
    clean_name,
    find_column,
    find_text_columns,
    listed,
    match_columns,
    no_text_column,
    plain,
)
from crosspt_cli.data.labelled_table import seeming_header
from crosspt_cli.data.notices import Notice, quoted
from crosspt_cli.data.table import Table
from crosspt_cli.foundation.errors import Argument, DataError, OptionError


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
    if label in texts:
        name = clean_name(table.columns[label])
        raise OptionError(
            Argument("text_cols"), f"'{name}' is the label column already.", "Name another column of texts."
        )
    if len(set(texts)) < len(texts):
        raise OptionError(Argument("text_cols"), f"{quoted(text_cols)} name a column twice.", "Name each column once.")
    texts = texts or _like_texts(table, label)
    if not texts:
        raise no_text_column(table.columns, table.path, table.columns[label])
    return LabelledColumns(label, tuple(texts), _names(table, texts), notices)


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
        problem = f"no column {quoted(missing)}, where {first} has its texts; it has {listed(table.columns)}."
        raise DataError(table.path, problem, "Give the columns of texts the same names in every file.")
    chosen = choose_columns(table, label_col, names)
    found = () if text_cols else _names(table, _like_texts(table, chosen.label))
    more = [name for name in found if plain(name) not in map(plain, names)]
    if more:
        problem = f"{quoted(more)} would not be read, for {first} has its texts in {quoted(names)}."
        flags = " ".join(f"--text-col {shlex.quote(name)}" for name in names)
        hint = f"Pass {flags} if that is meant, or give the columns of texts the same names in every file."
        raise DataError(table.path, problem, hint)
    return chosen


def _like_texts(table: Table, label: int) -> list[int]:
    return find_text_columns(table.columns, [row.cells for row in table.rows[:SAMPLE_ROWS]], but=(label,))


def _names(table: Table, indexes: Sequence[int]) -> tuple[str, ...]:
    return tuple(clean_name(table.columns[index]) for index in indexes)
