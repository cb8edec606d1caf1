"""A checked file as plain values for scripts and labelled lines for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crosspt_cli.data.columns import columns_text
from crosspt_cli.foundation.words import counted, listed
from crosspt_cli.report.summary import SHOWN_CLASSES, Line, words_text

if TYPE_CHECKING:
    from crosspt_cli.checking.check_file import FileCheck
    from crosspt_cli.data import UnlabelledRows

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def check_dict(check: FileCheck) -> dict[str, Any]:
    """Return a checked file for scripts; what could not be told is null or empty."""
    return {
        "file": check.file,
        "format": check.format or None,
        "encoding": check.encoding or None,
        "delimiter": check.delimiter or None,
        "columns": check.columns,
        "text_columns": check.text_columns,
        "label_column": check.label_column or None,
        "rows": check.rows,
        "rows_in_file": check.rows_in_file,
        "classes": dict(check.class_counts),
        "template": check.template or None,
        "template_reason": check.reason or None,
        "label_words": dict(check.label_words),
        "unlabelled": _unlabelled_dict(check.unlabelled) if check.unlabelled else None,
        "findings": [asdict(finding) for finding in check.findings],
        "ok": check.ok,
    }


def _unlabelled_dict(rows: UnlabelledRows) -> dict[str, Any]:
    return {
        "files": rows.files,
        "rows": rows.read,
        "usable": rows.possible,
        "used": len(rows.rows),
        "left_out": rows.passed_over,
    }


def check_headline(check: FileCheck) -> str:
    """Return whether the file can be onboarded."""
    errors, warnings = check.count("error"), check.count("warning")
    if errors:
        return f"{check.file}: {counted(errors, 'thing')} must be mended before add-task can run"
    return f"{check.file}: ready for add-task, {counted(warnings, 'warning') if warnings else 'nothing to mend'}"


def check_lines(check: FileCheck) -> tuple[Line, ...]:
    """Return what was detected and what `add-task` would choose; what could not be told is left out."""
    divided = f"divided by {DELIMITERS[check.delimiter]}" if check.delimiter else ""
    counts = [f"{name} {count:,}" for name, count in check.class_counts.items()]
    left_out = f" of {check.rows_in_file:,}" if check.rows != check.rows_in_file else ""
    rows = f"{check.rows:,}{left_out}" if check.label_column else f"{check.rows_in_file:,}"
    lines = (
        ("file", ", ".join(filter(None, [check.format, check.encoding, divided]))),
        ("header", columns_text(check.columns) if check.columns else ""),
        ("texts", ", ".join(check.text_columns)),
        ("labels", check.label_column),
        ("rows", rows if check.columns else ""),
        ("unlabelled", _unlabelled_text(check.unlabelled) if check.unlabelled else ""),
        ("classes", f"{len(counts)}: {listed(counts, SHOWN_CLASSES)}" if counts else ""),
        ("template", check.reason or (repr(check.template) if check.template else "")),
        ("label words", words_text(tuple(check.label_words), tuple(check.label_words.values()))),
    )
    return tuple(line for line in lines if line[1])


def _unlabelled_text(rows: UnlabelledRows) -> str:
    left_out = f" of {rows.read:,}" if rows.possible != rows.read else ""
    sample = f", of which {len(rows.rows):,} are used" if len(rows.rows) < rows.possible else ""
    return f"{rows.possible:,}{left_out}{sample}"


def finding_lines(check: FileCheck) -> tuple[Line, ...]:
    """Return each finding under its severity: what is so, and below it what to do."""
    return tuple((finding.severity, f"{finding.message}\n{finding.remedy}") for finding in check.findings)
