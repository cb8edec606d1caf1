"""Labelled rows as examples to learn from: read, checked, counted, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosspt_cli.data.checks import Example, Labelled, enough_classes, sound_examples
from crosspt_cli.data.columns import SAMPLE_ROWS, Wanted, clean_name, find_text_columns, match_columns, no_text_column
from crosspt_cli.data.hub import is_hub_name, read_hub
from crosspt_cli.data.notices import Notice, quoted, row_notice
from crosspt_cli.data.table import Table, read_table
from crosspt_cli.foundation.errors import OptionError

__all__ = ["Example", "Examples", "Notice", "few_shots", "read_csv"]


@dataclass(frozen=True)
class Examples:
    """Labelled rows of one file, checked.

    Args:
        rows: the examples, in file order.
        path: the file as the person named it.
        text_columns: the names of the columns the fields come from.
        classes: the labels, sorted.
        notices: everything noticed on the way; rows left out are always among them.
    """

    rows: tuple[Example, ...]
    path: str
    text_columns: tuple[str, ...]
    classes: tuple[str, ...]
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def labels(self) -> tuple[str, ...]:
        """Return the rows' labels, in order."""
        return tuple(row.label or "" for row in self.rows)

    def class_counts(self) -> dict[str, int]:
        """Return how many rows each class has, 0 included."""
        labels = self.labels()
        counts = dict.fromkeys(self.classes, 0)
        for label in labels:
            counts[label] += 1
        return counts

    def subset(self, indices: Sequence[int]) -> Examples:
        """Return the rows at `indices`, in that order; the classes stay those of the whole."""
        return replace(self, rows=tuple(self.rows[index] for index in indices))


@dataclass(frozen=True)
class UsableRows:
    """The rows of a file that can be learned from; whether their classes can is another question.

    Args:
        rows: sound rows, in file order.
        about: the file and its columns.
        notices: everything noticed on the way; rows left out are always among them.
    """

    rows: tuple[Example, ...]
    about: Labelled
    notices: tuple[Notice, ...]


def read_csv(
    path: str | Path,
    label_col: str,
    text_cols: Sequence[str] = (),
    *,
    label_map: Mapping[str, str] | None = None,
    drop_rare: bool = False,
    min_per_class: int = 2,
) -> Examples:
    """Return the file's labelled rows, texts and labels as the text that stands there.

    Spaces around a label are removed (with a notice); texts are untouched. Rows that cannot be used are left out, each
    kind with a notice that has its lines; nothing is left out silently.

    Args:
        path: a CSV, TSV, JSONL or Parquet file, or a hub data set as ``hf:NAME[:CONFIG][:SPLIT]``.
        label_col: the column of labels; spaces and case in the header are forgiven.
        text_cols: the columns of texts; when empty they are found, and kept in file order.
        label_map: new names for labels, e.g. ``{"a": "positive"}``; others stay.
        drop_rare: leave classes with too few rows out, with a notice, instead of stopping.
        min_per_class: the fewest rows a class may have: the number of folds, at least 2.

    Returns:
        At least two classes of at least `min_per_class` rows.

    Raises:
        NotFound: there is no such file or hub data set.
        DataError: the file, a column or the classes cannot be used; all rare classes and missing columns are named.
        OptionError: `label_map` has labels that do not occur, or a column is both text and label.

    Example:
        >>> read_csv("examples/reviews.csv", "y").class_counts()
        {'negative': 32, 'positive': 32}
    """
    usable = usable_rows(read_labelled(path), label_col, text_cols, label_map or {})
    return with_enough_classes(usable, drop_rare, min_per_class)


def read_labelled(path: str | Path) -> Table:
    """Return the table of a file or a hub data set that is to be learned from.

    Raises:
        CrossptError: see `read_csv`; nothing is known of columns and labels yet.
    """
    if is_hub_name(path):
        return read_hub(str(path))
    if str(path) == "-":
        raise OptionError("-", "labelled rows are not read from stdin.", "Save them in a file and name it.")
    return read_table(path)


def usable_rows(table: Table, label_col: str, text_cols: Sequence[str], label_map: Mapping[str, str]) -> UsableRows:
    """Return the rows of a table that can be learned from, before anything is asked of their classes.

    Args:
        table: what was read.
        label_col, text_cols, label_map: as for `read_csv`.

    Raises:
        CrossptError: see `read_csv`; a column or a label that is named does not exist.
    """
    label, texts, header = _choose_columns(table, label_col, text_cols)
    about = Labelled(table.path, clean_name(table.columns[label]), _names(table, texts), table.unit)
    rows, stripped = _examples(table, label, texts, about)
    kept, notices = sound_examples(_renamed(rows, label_map, about), about)
    return UsableRows(tuple(kept), about, table.notices + header + stripped + notices)


def with_enough_classes(usable: UsableRows, drop_rare: bool = False, min_per_class: int = 2) -> Examples:
    """Return the rows as examples, if their classes can be learned.

    Raises:
        DataError: see `read_csv`; the classes cannot be used.
    """
    about, before = usable.about, usable.notices
    kept, dropped = enough_classes(list(usable.rows), min_per_class, drop_rare, about, before)
    classes = tuple(sorted({row.label or "" for row in kept}))
    return Examples(tuple(kept), about.path, about.text_columns, classes, before + dropped)


def _choose_columns(
    table: Table, label_col: str, text_cols: Sequence[str]
) -> tuple[int, tuple[int, ...], tuple[Notice, ...]]:
    wanted = [Wanted(label_col, "--label-col"), *(Wanted(name, "--text-col") for name in text_cols)]
    (label, *texts), notices = match_columns(wanted, table.columns, table.path)
    if label in texts:
        name = clean_name(table.columns[label])
        raise OptionError("--text-col", f"'{name}' is the label column already.", "Name another column of texts.")
    if len(set(texts)) < len(texts):
        raise OptionError("--text-col", f"{quoted(text_cols)} name a column twice.", "Name each column once.")
    if not texts:
        sample = [row.cells for row in table.rows[:SAMPLE_ROWS]]
        texts = find_text_columns(table.columns, sample, but=(label,))
    if not texts:
        raise no_text_column(table.columns, table.path, table.columns[label])
    return label, tuple(texts), notices


def _names(table: Table, indexes: Sequence[int]) -> tuple[str, ...]:
    return tuple(clean_name(table.columns[index]) for index in indexes)


def _examples(
    table: Table, label: int, texts: tuple[int, ...], about: Labelled
) -> tuple[list[Example], tuple[Notice, ...]]:
    rows, spaced = [], []
    for row in table.rows:
        name = row.cells[label].strip()
        if name and name != row.cells[label]:
            spaced.append(row.line)
        rows.append(Example(tuple(row.cells[index] for index in texts), name, row.line))
    what = f"with spaces around the label in column '{about.label_column}' read without them"
    return rows, row_notice("label-spaces", table.path, spaced, table.unit, what)


def _renamed(rows: list[Example], label_map: Mapping[str, str], about: Labelled) -> list[Example]:
    present = {row.label for row in rows if row.label}
    unknown = [key for key in label_map if key.strip() not in present]
    if unknown:
        problem = f"column '{about.label_column}' of {about.path} has no label {quoted(unknown)}."
        raise OptionError("--label-map", problem, f"Its labels are {quoted(sorted(present), 20)}.")
    if not all(name.strip() for name in label_map.values()):
        raise OptionError("--label-map", "a label cannot become blank.", "Give it a name: old=new.")
    names = {old.strip(): new.strip() for old, new in label_map.items()}
    return [replace(row, label=names.get(row.label or "", row.label)) for row in rows]


def few_shots(examples: Examples, per_class: int, seed: int) -> Examples:
    """Return up to `per_class` rows of each class, drawn without replacement, in file order.

    The draw of a class depends on the seed and its name alone, and a larger draw contains a smaller one.

    Args:
        examples: what to draw from.
        per_class: rows wanted of each class; a class with fewer gives all it has.
        seed: the seed of the run.
    """
    from crosspt_cli.foundation.seeds import stream  # inside: it brings numpy, and reading a file needs none

    labels = examples.labels()
    drawn: list[int] = []
    for name in examples.classes:
        members = [index for index, label in enumerate(labels) if label == name]
        order = stream(seed, "shots", name).permutation(len(members))
        drawn += [members[place] for place in order[:per_class]]
    return examples.subset(sorted(drawn))
