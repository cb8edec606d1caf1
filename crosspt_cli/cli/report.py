"""`crosspt report`: what is known of a task, as a page for people."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crosspt_cli.cli.options import json_option, quiet_option, replace_out_option, task_option
from crosspt_cli.cli.output import check_out, emit_json, say_all, stdout_errors, written_aside
from crosspt_cli.foundation.errors import OptionError

STDOUT = "-"


@click.command()
@task_option("The task to report on.")
@click.option(
    "-o", "--out", metavar="OUT", help="Write the page to a file, whole or not at all; '-' writes it to stdout."
)
@replace_out_option
@quiet_option
@json_option
def report(task: str, out: str | None, replace: bool, quiet: bool, as_json: bool) -> None:
    """Write a report of a task as one page of HTML.

    The page shows what the task was made of and how, its scores and their intervals, what simpler methods come to,
    which classes are taken for which, what was tried, where the prompt comes from, how far confidences can be
    trusted, and the hardest rows. It needs no network and no scripts. Everything comes from what is stored with the
    task; the texts of rows are read from their files, and left out where those are gone or were changed.

    --json prints the same values; with it -o is not needed.
    """
    check_place(out, replace, as_json)
    from crosspt_cli.report.report_data import make_report

    found = make_report(task)
    if out:
        from crosspt_cli.report.page import report_page

        write_page(report_page(found), out)
    if as_json:
        from crosspt_cli.report.report_values import report_dict

        emit_json(report_dict(found))
    elif out != STDOUT:
        say_all([f"{out}: written."], quiet)
    say_all(found.texts_missing, quiet or as_json)


def check_place(out: str | None, replace: bool, as_json: bool) -> None:
    """Return if the page can go where it was asked for, without harm to a file that is there.

    Raises:
        OptionError: no place was named, or one that is taken.
        NotFound: the file's folder does not exist.
    """
    if out is None:
        if as_json:
            return
        raise OptionError("-o", "is missing.", "Pass -o report.html, or -o - for stdout.")
    if out == STDOUT:
        if as_json:
            raise OptionError("-o", "sends the page to stdout, where --json prints.", "Leave one of them out.")
        return
    check_out(Path(out), replace)


def write_page(page: str, out: str) -> None:
    """Write the page to the file in one step, or to stdout."""
    if out == STDOUT:
        with stdout_errors():
            sys.stdout.write(page)
    else:
        with written_aside(Path(out)) as handle:
            handle.write(page)
