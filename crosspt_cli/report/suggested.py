"""Suggested rows as a table to label, as plain values for scripts, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.words import counted

if TYPE_CHECKING:
    from crosspt_cli.answering.suggest import Suggestions

OWN_COLUMNS = ("crosspt_line", "crosspt_guess", "crosspt_confidence")
"""What a reader of labelled rows never takes for texts, whatever is in it."""

DIGITS = 4


def suggestion_table(found: Suggestions) -> Iterator[tuple[str, ...]]:
    """Yield a header and the rows: texts, an empty label, and what add-task does not read."""
    own, taken = [], {*found.text_columns, found.label_column}
    for name in OWN_COLUMNS:
        while name in taken:  # somebody labelled by taking over the guesses
            name += "_"
        own.append(name)
    yield (*found.text_columns, found.label_column, *own)
    for row in found.rows:
        yield (*row.texts, "", str(row.line), row.guess, f"{row.confidence:.{DIGITS}f}")


def suggestions_dict(found: Suggestions, out: Path | None, wanted: int) -> dict[str, Any]:
    """Return suggested rows for scripts, the most useful first.

    Args:
        found: the rows.
        out: where they were written as a table, if they were.
        wanted: how many were asked for.
    """
    return {
        "task": found.task,
        "file": found.path,
        "text_columns": found.text_columns,
        "label_column": found.label_column,
        "rows": [
            {
                "line": row.line,
                "texts": row.texts,
                "guess": row.guess,
                "confidence": round(row.confidence, DIGITS),
                "disagreement": round(row.disagreement, DIGITS),
            }
            for row in found.rows
        ],
        "rows_in_file": found.pool.read,
        "passed_over": found.pool.passed_over,
        "looked_at": len(found.pool.rows),
        "output": str(out) if out else None,
        "notices": [asdict(notice) for notice in found.notices],
        "notes": suggestion_notes(found, wanted),
    }


def suggestion_notes(found: Suggestions, wanted: int) -> tuple[str, ...]:
    """Return what the person should know of the choice."""
    pool, notes = found.pool, []
    if pool.passed_over:
        why = ", ".join(f"{count:,} {reason}" for reason, count in pool.passed_over.items())
        notes.append(f"{found.path}: {sum(pool.passed_over.values()):,} of {pool.read:,} rows passed over: {why}.")
    if len(pool.rows) < pool.possible:
        notes.append(f"{found.path}: chosen from {len(pool.rows):,} of the {pool.possible:,} others, drawn by lot.")
    if len(found.rows) < wanted:
        have = counted(len(found.rows), "row")
        notes.append(f"{found.path}: {have} instead of {wanted:,}; there is no other that is unlike these.")
    return tuple(notes)


def next_steps(found: Suggestions, out: Path) -> tuple[str, ...]:
    """Return what was written, and what to do with it."""
    from crosspt_cli.onboarding.command import with_file

    return (
        f"{out}: {counted(len(found.rows), 'row')} to label in column '{found.label_column}'. Then:",
        with_file(found.command, str(out), found.task),
    )
