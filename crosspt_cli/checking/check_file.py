"""Everything a person should know about a labelled file before anything is trained on it; no torch is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crosspt_cli.checking.findings import (
    SEVERITIES,
    FileFinding,
    Findings,
    class_findings,
    near_findings,
    notice_findings,
    reading_findings,
    refusal,
    word_findings,
)
from crosspt_cli.checking.unlabelled import unlabelled_findings, unlabelled_reading
from crosspt_cli.core.tokenizer import Tokenizer
from crosspt_cli.data import Example, Table, Unlabelled, UnlabelledRows, file_names, read_unlabelled
from crosspt_cli.data.class_sizes import MOST_CLASSES, REMOVING
from crosspt_cli.data.packaging import PackedLabels
from crosspt_cli.data.shots import UsableRows, read_labelled, usable_rows, with_enough_classes
from crosspt_cli.foundation.arguments import check_mapping
from crosspt_cli.foundation.errors import DataError, TemplateError
from crosspt_cli.reading.tokenizer import open_tokenizer
from crosspt_cli.registry import Registry
from crosspt_cli.tasks import MAX_TOKENS, InputEncoder, make_spec


@dataclass(frozen=True)
class FileCheck:
    """What `add-task` would make of a file; what could not be told is empty.

    Args:
        file: the file as the person named it.
        format, encoding, delimiter: as detected, see `Table`.
        columns: the names in the header.
        text_columns, label_column: those that would be used.
        rows_in_file: rows below the header.
        class_counts: label → rows that can be learned from.
        template, reason: the template that would be used, and why.
        label_words: label → the words it would be answered with.
        unlabelled: the rows without labels, where there are any.
        findings: errors first, then warnings, then notes.
    """

    file: str
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] = ()
    text_columns: tuple[str, ...] = ()
    label_column: str = ""
    rows_in_file: int = 0
    class_counts: Mapping[str, int] = field(default_factory=dict)
    template: str = ""
    reason: str = ""
    label_words: Mapping[str, str] = field(default_factory=dict)
    unlabelled: UnlabelledRows | None = None
    findings: Findings = ()

    @property
    def rows(self) -> int:
        """How many rows can be learned from."""
        return sum(self.class_counts.values())

    @property
    def ok(self) -> bool:
        """Whether `add-task` could run."""
        return not self.count("error")

    def count(self, severity: str) -> int:
        """Return how many findings have that severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def plus(self, findings: Iterable[FileFinding]) -> FileCheck:
        """Return the check with more findings, the gravest first."""
        ordered = sorted((*self.findings, *findings), key=lambda finding: SEVERITIES.index(finding.severity))
        return replace(self, findings=tuple(ordered))


def check_file(
    path: str | Path | Table,
    label_col: str,
    *,
    text_cols: str | Sequence[str] = (),
    unlabelled: Unlabelled = (),
    ignore_unlabelled: bool = False,
    template: str | None = None,
    label_map: Mapping[str, str] | None = None,
    label_words: Mapping[str, str] | None = None,
    drop_rare: bool = False,
    backbone: str | None = None,
    registry: Registry | None = None,
) -> FileCheck:
    """Return what is to be known of a labelled file before it is onboarded with the same arguments.

    Args:
        path: labelled rows: CSV, TSV, JSONL, Parquet or ``hf:NAME``.
        unlabelled, ignore_unlabelled: as for `onboard`; of at most 2,000 rows the texts are looked at.
        label_col, text_cols, template, label_map, label_words, drop_rare, backbone: as for `onboard`.
        registry: where the backbone is looked up; default the person's.

    Returns:
        What `onboard` would refuse of the file, its classes and the template is an error among the findings.

    Raises:
        OptionError: an argument cannot be used.
        NotFound: file, template or backbone does not exist.
        IntegrityError: the backbone is damaged.

    Example:
        >>> found = check_file("examples/reviews.csv", "y")
        >>> found.rows, found.template, found.findings
        (64, 'sentiment', ())
    """
    (name,) = file_names(path)
    check_mapping("label_words", label_words)
    table = None
    try:
        table = read_labelled(path)
        usable = usable_rows((table,), label_col, text_cols, label_map or {}, ignore_unlabelled)
    except DataError as error:
        return _unusable(name, table, error)
    rows, found = _learnable(usable, drop_rare)
    about = usable.about
    check = replace(
        _of_table(table),
        text_columns=about.text_columns,
        label_column=about.label_column,
        class_counts=dict(sorted(Counter(row.label or "" for row in rows).items())),
    ).plus(found + near_findings(rows, about))
    check = _with_unlabelled(check, rows, usable, unlabelled)
    if check.ok:
        check = check.plus(class_findings(check.class_counts, rows, about))
    if not 0 < len(check.class_counts) <= MOST_CLASSES:
        return check
    tokenizer = open_tokenizer(backbone, registry or Registry.open())
    return _with_template(check, rows, usable, template, tokenizer, label_words)


def _unusable(path: str, table: Table | None, error: DataError) -> FileCheck:
    if table is None:
        return FileCheck(path).plus([refusal("file", error)])
    kind = "packed-label" if isinstance(error, PackedLabels) else "missing-column"
    return _of_table(table).plus((*notice_findings(table.notices), refusal(kind, error)))


def _of_table(table: Table) -> FileCheck:
    unread = sum(len(notice.lines) for notice in table.notices if notice.kind in REMOVING)
    rows = len(table.rows) + unread
    return FileCheck(table.path, table.format, table.encoding, table.delimiter, table.columns, rows_in_file=rows)


def _learnable(usable: UsableRows, drop_rare: bool) -> tuple[tuple[Example, ...], Findings]:
    """Return the rows that would be onboarded, or that would be but for their classes, and what was found so far."""
    try:
        examples = with_enough_classes(usable, drop_rare)
    except DataError as error:
        counts = Counter(row.label for row in usable.rows)
        single = [row.line for row in usable.rows if counts[row.label] == 1]
        return usable.rows, (*notice_findings(usable.notices), refusal("classes", error, single))
    return examples.rows, notice_findings(examples.notices)


def _with_unlabelled(
    check: FileCheck, rows: Sequence[Example], usable: UsableRows, unlabelled: Unlabelled
) -> FileCheck:
    """Return the check with the rows without labels, and what is to be known of them."""
    about = usable.about
    try:
        pool = read_unlabelled(unlabelled, about.text_columns, usable, usable.unlabelled)
    except DataError as error:
        return check.plus([refusal("unlabelled-file", error)])
    found = unlabelled_findings(pool, rows, about)
    return replace(check, unlabelled=pool if pool.read else None).plus(found)


def _with_template(
    check: FileCheck,
    rows: Sequence[Example],
    usable: UsableRows,
    template: str | None,
    tokenizer: Tokenizer,
    label_words: Mapping[str, str] | None,
) -> FileCheck:
    """Return the check with template and label words, and what they do to labels and texts."""
    classes = tuple(check.class_counts)
    try:
        spec = make_spec(check.text_columns, classes, template, tokenizer.tokenize, tokenizer.unknown, label_words)
        encoder = InputEncoder(spec.template, tokenizer.tokenize, MAX_TOKENS, tokenizer.end)
    except TemplateError as error:
        return check.plus([refusal("template", error)])
    words = dict(zip(spec.verbalizer.classes, spec.verbalizer.words, strict=True))
    check = replace(check, template=spec.template.name, reason=spec.template.reason, label_words=words)
    about = usable.about
    check = check.plus(word_findings(spec.verbalizer, about) + reading_findings(rows, encoder, tokenizer, about))
    if check.unlabelled is None:
        return check
    return check.plus(unlabelled_reading(check.unlabelled, encoder, tokenizer, about))
