"""Options that several commands share, and what they leave for the rest of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from crosspt_cli.cli.completion import (
    complete_backbones,
    complete_columns,
    complete_files,
    complete_tasks,
    complete_templates,
)
from crosspt_cli.cli.values import LabelMap, one_map
from crosspt_cli.foundation.errors import NotFound, OptionError
from crosspt_cli.foundation.words import listed

Command = TypeVar("Command", bound=Callable[..., Any])

JSON = "json"
"""Key of the run's shared dictionary: whether answers, errors too, are JSON."""

SHOWN_TASKS = 20  # in an error

label_col_option = click.option(
    "--label-col",
    "--label-column",
    "--target",
    metavar="COLUMN",
    shell_complete=complete_columns,
    help="The column that holds the labels.",
)
text_col_option = click.option(
    "--text-col",
    "text_cols",
    multiple=True,
    metavar="COLUMN",
    shell_complete=complete_columns,
    help="A column of texts; repeatable; default: found.",
)
unlabelled_option = click.option(
    "--unlabelled",
    multiple=True,
    metavar="FILE",
    shell_complete=complete_files,
    help="Rows without labels to learn from too, their texts in columns of the same names; repeatable.",
)
ignore_unlabelled_option = click.option(
    "--ignore-unlabelled",
    is_flag=True,
    help="Leave out rows with a blank label; otherwise they are rows without labels.",
)
template_option = click.option(
    "--template",
    metavar="NAME|FILE",
    shell_complete=complete_templates,
    help="How a row is put to the backbone.  [default: chosen]",
)
label_map_option = click.option(
    "--label-map",
    multiple=True,
    type=LabelMap("a=positive,b=negative"),
    callback=one_map,
    metavar="OLD=NEW,…",
    help="Better names for labels, e.g. 'a=positive,b=negative'; a comma, equals sign or backslash of a label "
    "stands after a backslash; repeatable.",
)
label_words_option = click.option(
    "--label-words",
    multiple=True,
    type=LabelMap("sci=science,biz=business"),
    callback=one_map,
    metavar="LABEL=WORDS,…",
    help="Words the backbone answers a label with, whose name stays, e.g. 'sci=science,biz=business'; written as "
    "--label-map is; repeatable.  [default: the template's]",
)
drop_rare_option = click.option(
    "--drop-rare", is_flag=True, help="Leave classes with too few rows out instead of stopping."
)


def task_option(about: str) -> Callable[[Command], Command]:
    """Give the command ``--task``, which may be left out where there is only one.

    Args:
        about: what the task does here, a sentence.
    """
    return click.option(
        "--task",
        metavar="NAME",
        callback=_named_or_only,
        shell_complete=complete_tasks,
        help=f"{about}  [default: the only one]",
    )


def _named_or_only(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return value if value is not None or ctx.resilient_parsing else only_task("--task")


def only_task(where: str) -> str:
    """Return the name of the only task there is.

    Args:
        where: what was left out.

    Raises:
        NotFound: there is none.
        OptionError: there are several.
    """
    from crosspt_cli.registry import Registry, titles

    names = titles(Registry.open(), "task")
    if len(names) == 1:
        return names[0]
    if not names:
        problem = "there is no task yet."
        raise NotFound("registry", problem, "'crosspt add-task FILE.csv --label-col COLUMN' makes one.")
    problem = f"is missing, and there are {len(names)} tasks: {listed(names, SHOWN_TASKS)}."
    raise OptionError(where, problem, "Name one of them.")


replace_out_option = click.option("--replace", is_flag=True, help="Replace a file that exists.")
no_header_option = click.option(
    "--no-header", "header", flag_value=False, default=True, help="The first line is a row and names no columns."
)


def json_option(command: Command) -> Command:
    """Give the command ``--json``; an error that comes later knows of it."""
    return click.option(
        "--json", "as_json", is_flag=True, callback=_remember_json, is_eager=True, help="Print one JSON object."
    )(command)


def _remember_json(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    shared = ctx.ensure_object(dict)
    shared[JSON] = value or shared.get(JSON, False)
    return value


def quiet_option(command: Command) -> Command:
    """Give the command ``-q``."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress, no notices; errors only.")(command)


def device_options(name: str) -> Callable[[Command], Command]:
    """Give the command ``--device`` and ``--dtype``.

    Args:
        name: of the command in the environment, e.g. ``"ADD_TASK"``; its own variable wins over `CROSSPT_DEVICE`.
    """

    def decorate(command: Command) -> Command:
        command = click.option(
            "--dtype",
            type=click.Choice(["auto", "fp32", "bf16"]),
            default="auto",
            show_default=True,
            help="Number format of the arithmetic; auto takes the faster one.",
        )(command)
        return click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            envvar=[f"CROSSPT_{name}_DEVICE", "CROSSPT_DEVICE"],
            help="Where to compute; auto takes a GPU where there is one.",
        )(command)

    return decorate


def backbone_option(name: str, **settings: Any) -> Callable[[Command], Command]:
    """Give the command ``--backbone``.

    Args:
        name: of the command in the environment, e.g. ``"ADD_TASK"``; its own variable wins over `CROSSPT_BACKBONE`.
        settings: of the option, `help` above all.
    """
    return click.option(
        "--backbone",
        metavar="NAME|PATH|ID",
        shell_complete=complete_backbones,
        envvar=[f"CROSSPT_{name}_BACKBONE", "CROSSPT_BACKBONE"],
        **settings,
    )
