"""Labelled rows as examples to learn from: read, checked, counted, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosspt_cli.data.checks import Example, Labelled, sound_examples
from crosspt_cli.data.class_sizes import enough_classes
from crosspt_cli.data.columns import clean_name
from crosspt_cli.data.hub import is_hub_name, read_hub
from crosspt_cli.data.label_forms import plain_label
from crosspt_cli.data.labelled_columns import LabelledColumns, choose_columns, same_columns
from crosspt_cli.data.labelled_table import clean_table
from crosspt_cli.data.notices import Notice, row_notice
from crosspt_cli.data.table import Table, read_table
from crosspt_cli.foundation.arguments import as_names, check_mapping, check_text
from crosspt_cli.foundation.errors import Argument, OptionError
from crosspt_cli.foundation.words import quoted

__all__ = ["Example", "Examples", "Notice", "Paths", "few_shots", "file_names", "read_csv"]

Paths = str | Path | Table | Sequence[str | Path | Table]
"""One file, or several whose rows are taken together; a table is a file that was read already."""


@dataclass(frozen=True)
class Examples:
    """Labelled rows of one file or several, checked.

    Args:
        rows: the examples, file after file, in file order.
        path: the file as the person named it; of several, all names, for messages.
        text_columns: the names of the columns the fields come from.
        classes: the labels, sorted.
        notices: everything noticed on the way; rows left out are always among them.
        about: the files and their columns, for messages about rows.
        unlabelled: the rows without a label whose text no other row has a label for, in the same order.
    """

    rows: tuple[Example, ...]
    path: str
    text_columns: tuple[str, ...]
    classes: tuple[str, ...]
    notices: tuple[Notice, ...]
    about: Labelled
    unlabelled: tuple[Example, ...] = ()

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
        """Return the rows at `indices`, in that order; classes and rows without labels stay those of the whole."""
        return replace(self, rows=tuple(self.rows[index] for index in indices))


@dataclass(frozen=True)
class UsableRows:
    """The rows of some files that can be learned from; whether their classes can is another question.

    Args:
        rows: sound rows, file after file, in file order.
        about: the files and their columns.
        notices: everything noticed on the way; rows left out are always among them.
        unlabelled: see `Examples`.
    """

    rows: tuple[Example, ...]
    about: Labelled
    notices: tuple[Notice, ...]
    unlabelled: tuple[Example, ...]


def read_csv(
    path: Paths,
    label_col: str,
    text_cols: str | Sequence[str] = (),
    *,
    label_map: Mapping[str, str] | None = None,
    drop_rare: bool = False,
    min_per_class: int = 2,
    ignore_unlabelled: bool = False,
) -> Examples:
    """Return the labelled rows of a file, or of several as one, texts and labels as the text that stands there.

    Spaces around a label and what cannot be seen in it are removed (with a notice); texts are untouched. Rows that
    cannot be used are left out, each kind with a notice that has its lines; nothing is left out silently. Copies of a
    row and texts under two labels are found across files as within one. Rows with a blank label are `unlabelled` of
    what is returned, with a notice.

    Args:
        path: a CSV, TSV, JSONL or Parquet file, a hub data set as ``hf:NAME[:CONFIG][:SPLIT]``, ``-`` for what comes
            through a pipe, or the table that one of them was read as; or several of them, which must have the same
            columns of texts and labels, in whatever order.
        label_col: the column of labels; spaces and case in the header are forgiven.
        text_cols: the columns of texts; when empty they are found, and kept in the first file's order.
        label_map: new names for labels, e.g. ``{"a": "positive"}``; others stay.
        drop_rare: leave classes with too few rows out, with a notice, instead of stopping.
        min_per_class: the fewest rows a class may have: the number of folds, at least 2.
        ignore_unlabelled: leave rows with a blank label out, with a notice.

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
    usable = usable_rows(read_tables(path), label_col, text_cols, label_map or {}, ignore_unlabelled)
    return with_enough_classes(usable, drop_rare, min_per_class)


def file_names(path: Paths, argument: str = "path") -> tuple[str, ...]:
    """Return the names of one file or several, as the person wrote them.

    Args:
        path: the files.
        argument: what they were given as, for messages.

    Raises:
        OptionError: there is none, one is named twice, or something is no name.
    """
    paths = (path,) if isinstance(path, (str, Path, Table)) else path
    if not isinstance(paths, tuple | list) or not all(isinstance(each, (str, Path, Table)) for each in paths):
        problem = f"is of type {type(path).__name__}, where a file's name or a list of names is meant."
        raise OptionError(Argument(argument), problem, "Write the rows to a CSV first.")
    names = tuple(each.path if isinstance(each, Table) else str(each) for each in paths)
    if not names:
        raise OptionError("files", "there are none.", "Name a file of labelled rows.")
    if not all(name.strip() for name in names):
        raise OptionError(Argument(argument), "an empty word names no file.", "Name a file, or leave it out.")
    known: dict[str, str] = {}
    for name in names:
        same = name if is_hub_name(name) else str(Path(name).resolve())
        if same in known:
            raise OptionError(name, f"is the same file as {known[same]}, named before.", "Name each file once.")
        known[same] = name
    return names


def read_tables(path: Paths) -> tuple[Table, ...]:
    """Return the tables of the files that are to be learned from together.

    Raises:
        CrossptError: see `read_csv`; nothing is known of columns and labels yet.
    """
    file_names(path)
    return tuple(map(read_labelled, (path,) if isinstance(path, (str, Path, Table)) else path))


def read_labelled(path: str | Path | Table) -> Table:
    """Return the table of a file or a hub data set that is to be learned from; one that was read is not read again.

    Raises:
        CrossptError: see `read_csv`; nothing is known of columns and labels yet.
    """
    if isinstance(path, Table):
        return path
    return read_hub(str(path)) if is_hub_name(path) else read_table("/dev/stdin" if str(path) == "-" else path)


def usable_rows(
    tables: Sequence[Table],
    label_col: str,
    text_cols: str | Sequence[str],
    label_map: Mapping[str, str],
    ignore_unlabelled: bool = False,
) -> UsableRows:
    """Return the rows of tables that can be learned from, before anything is asked of their classes.

    Args:
        tables: what was read; the first one's text columns are those of all.
        label_col, text_cols, label_map, ignore_unlabelled: as for `read_csv`.

    Raises:
        CrossptError: see `read_csv`; a column or a label that is named does not exist.
    """
    check_text("label_col", label_col)
    check_mapping("label_map", label_map)
    first, *others = tables
    text_cols = as_names(text_cols)
    columns = [choose_columns(first, label_col, text_cols)]
    names = columns[0].names
    columns += [same_columns(table, label_col, text_cols, names, first.path) for table in others]
    files = tuple((table.path, table.unit) for table in tables)
    about = Labelled(files, clean_name(first.columns[columns[0].label]), names)
    rows: list[Example] = []
    notices: tuple[Notice, ...] = ()
    for table, chosen in zip(tables, columns, strict=True):
        table = clean_table(table, chosen.label, chosen.texts)
        found, stripped = _examples(table, chosen, about)
        rows += found
        notices += _of_file(table.notices + chosen.notices + stripped, table.path if others else "")
    sound = sound_examples(_renamed(rows, label_map, about), about, ignore_unlabelled)
    return UsableRows(tuple(sound.labelled), about, notices + sound.notices, tuple(sound.unlabelled))


def _of_file(notices: Sequence[Notice], name: str) -> tuple[Notice, ...]:
    """Return what was noticed in one file of several with the file of each line; a single file has no name to tell."""
    return tuple(replace(notice, files=(name,) * len(notice.lines) if name else ()) for notice in notices)


def with_enough_classes(usable: UsableRows, drop_rare: bool = False, min_per_class: int = 2) -> Examples:
    """Return the rows as examples, if their classes can be learned.

    Raises:
        DataError: see `read_csv`; the classes cannot be used.
    """
    about, before = usable.about, usable.notices
    kept, dropped = enough_classes(list(usable.rows), min_per_class, drop_rare, about, before)
    classes = tuple(sorted({row.label or "" for row in kept}))
    return Examples(tuple(kept), about.path, about.text_columns, classes, before + dropped, about, usable.unlabelled)


def _examples(table: Table, columns: LabelledColumns, about: Labelled) -> tuple[list[Example], tuple[Notice, ...]]:
    rows, spaced, formed = [], [], []
    for row in table.rows:
        cell = row.cells[columns.label]
        name = plain_label(cell)
        if name != cell.strip():
            formed.append(row.line)
        elif name and name != cell:
            spaced.append(row.line)
        rows.append(Example(tuple(row.cells[index] for index in columns.texts), name, row.line, table.path))
    where = f"the label in column '{about.label_column}'"
    spaces = f"with spaces around {where} read without them"
    forms = f"with characters that cannot be seen, odd spaces or another Unicode form in {where} read as they look"
    return rows, (
        *row_notice("label-spaces", table.path, spaced, table.unit, spaces),
        *row_notice("label-forms", table.path, formed, table.unit, forms),
    )


def _renamed(rows: list[Example], label_map: Mapping[str, str], about: Labelled) -> list[Example]:
    present = {row.label for row in rows if row.label}
    unknown = [key for key in label_map if plain_label(key) not in present]
    if unknown:
        problem = f"column '{about.label_column}' of {about.path} has no label {quoted(unknown)}."
        raise OptionError(Argument("label_map"), problem, f"Its labels are {quoted(sorted(present), 20)}.")
    if not all(map(plain_label, label_map.values())):
        raise OptionError(Argument("label_map"), "a label cannot become blank.", "Give it a name.")
    names = {plain_label(old): plain_label(new) for old, new in label_map.items()}
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
