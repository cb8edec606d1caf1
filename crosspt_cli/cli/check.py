"""`crosspt check`: what is to be known of a labelled file before any training."""

from __future__ import annotations

from typing import Any

import click

from crosspt_cli.cli.add_task import is_pipe, no_label_column
from crosspt_cli.cli.completion import complete_files
from crosspt_cli.cli.options import (
    backbone_option,
    drop_rare_option,
    ignore_unlabelled_option,
    json_option,
    label_col_option,
    label_map_option,
    label_words_option,
    template_option,
    text_col_option,
    unlabelled_option,
)
from crosspt_cli.cli.output import emit, emit_json
from crosspt_cli.foundation.errors import DataError


@click.command()
@click.argument("file", shell_complete=complete_files)
@label_col_option
@text_col_option
@unlabelled_option
@ignore_unlabelled_option
@template_option
@label_map_option
@label_words_option
@drop_rare_option
@backbone_option("CHECK", help="Whose tokenizer to use: a registry name, a folder or a hub id.  [default: mini]")
@json_option
@click.pass_context
def check(ctx: click.Context, file: str, label_col: str | None, as_json: bool, **settings: Any) -> None:
    """Tell what is to be known of the labelled rows in FILE before any training, in seconds.

    FILE is what 'crosspt add-task' takes, and so are the options. Encoding, columns and classes are shown as
    they would be used, with the template and the label words. Then follow, with their lines: rows that would be
    left out, rows that nearly repeat another, texts that would be cut, and classes that are rare or hard to
    tell apart by their words; and of the rows of --unlabelled, how many can be used. Exit code 3 when add-task
    would refuse the files.
    """
    if not label_col:
        raise no_label_column(file)
    from crosspt_cli.checking.check_file import check_file
    from crosspt_cli.report.file_check import check_dict

    found = check_file(file, label_col, **settings)
    if as_json:
        emit_json(check_dict(found))
    else:
        from crosspt_cli.report.render import check_text

        emit(check_text(found, _next_command(found.ok, file, label_col, settings)))
    if not found.ok:
        ctx.exit(DataError.exit_code)


def _next_command(ok: bool, file: str, label_col: str, settings: dict[str, Any]) -> str:
    from crosspt_cli.onboarding.command import command_line

    if not any(map(is_pipe, (file, *settings["unlabelled"]))):
        return command_line("add-task" if ok else "check", [file], label_col, settings)
    pipe = iter(("-",))  # of two pipes only one can be shown as one
    file, *unlabelled = (next(pipe, "FILE") if is_pipe(each) else each for each in (file, *settings["unlabelled"]))
    own: dict[str, Any] = {"unlabelled": tuple(unlabelled)} | ({"name": "NAME"} if file == "-" and ok else {})
    return f"… | {command_line('add-task' if ok else 'check', [file], label_col, settings | own)}"
