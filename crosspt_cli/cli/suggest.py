"""`crosspt suggest`: the rows of a file that are worth labelling next."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from crosspt_cli.cli.completion import complete_columns, complete_files
from crosspt_cli.cli.options import (
    device_options,
    json_option,
    no_header_option,
    quiet_option,
    replace_out_option,
    task_option,
)
from crosspt_cli.cli.output import check_out, emit_json, say_all, shows_progress, stdout_errors, written_aside

if TYPE_CHECKING:
    from crosspt_cli.answering.suggest import Suggestions


@click.command()
@click.argument("file", shell_complete=complete_files)
@task_option("The task that asks.")
@click.option("-n", "--rows", "count", type=int, default=20, show_default=True, help="How many rows, 1 to 500.")
@click.option(
    "--text-col",
    "text_cols",
    multiple=True,
    metavar="COLUMN",
    shell_complete=complete_columns,
    help="A column of texts; repeatable; default: the task's.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="Write to a file, whole or not at all."
)
@replace_out_option
@no_header_option
@device_options("SUGGEST")
@quiet_option
@json_option
def suggest(
    file: str,
    task: str,
    count: int,
    text_cols: tuple[str, ...],
    out: Path | None,
    replace: bool,
    header: bool,
    device: str,
    dtype: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Pick the rows of FILE that are most worth labelling for a task.

    FILE is a CSV, TSV, JSONL, Parquet or text file without labels. What comes out is a CSV ready to label: the
    task's text columns, its label column, empty, and three columns that add-task does not read: 'crosspt_line' (the
    row's line in FILE), 'crosspt_guess' and 'crosspt_confidence' (what the task would answer now). Fill in the
    labels, then type 'crosspt add-task FIRST.csv OUT --label-col COLUMN --replace' with the file the task was made
    of.

    Chosen are rows on which the task contradicts itself, that stand for many others and are not alike. Passed over
    are rows without text, copies, rows with a label and rows the task was made of.
    """
    from crosspt_cli.report.progress import progress_display

    if out:
        check_out(out, replace, file)
    with progress_display(shows_progress(quiet, as_json)) as progress:
        # inside the display: importing torch takes seconds in which the person should see that something happens
        progress("loading", 0, 0)
        from crosspt_cli.answering.suggest import suggest as find

        found = find(
            file, task, count, text_cols=text_cols, header=header, device=device, dtype=dtype, progress=progress
        )
    _tell(found, count, quiet or as_json)
    if out:
        with written_aside(out) as handle:
            write_rows(found, handle)
    elif not as_json:
        with stdout_errors():
            write_rows(found, sys.stdout)
    if as_json:
        from crosspt_cli.report.suggested import suggestions_dict

        emit_json(suggestions_dict(found, out, count))
    elif out:
        from crosspt_cli.report.suggested import next_steps

        say_all(next_steps(found, out), quiet)


def _tell(found: Suggestions, count: int, quiet: bool) -> None:
    from crosspt_cli.report.suggested import suggestion_notes

    say_all([*(notice.text for notice in found.notices), *suggestion_notes(found, count)], quiet)


def write_rows(found: Suggestions, handle: TextIO) -> None:
    """Write the rows as a CSV ready to label."""
    from crosspt_cli.report.suggested import suggestion_table

    csv.writer(handle, lineterminator="\n").writerows(suggestion_table(found))
