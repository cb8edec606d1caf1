"""Options that several commands share, and what they leave for the rest of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from crosspt_cli.cli.values import LabelMap

Command = TypeVar("Command", bound=Callable[..., Any])

JSON = "json"
"""Key of the run's shared dictionary: whether answers, errors too, are JSON."""

label_col_option = click.option(
    "--label-col", "--label-column", "--target", metavar="COLUMN", help="The column that holds the labels."
)
text_col_option = click.option(
    "--text-col", "text_cols", multiple=True, metavar="COLUMN", help="A column of texts; repeatable; default: found."
)
template_option = click.option(
    "--template", metavar="NAME|FILE", help="How a row is put to the backbone.  [default: chosen]"
)
label_map_option = click.option(
    "--label-map", type=LabelMap(), metavar="OLD=NEW,…", help="Better names for labels, e.g. 'a=positive,b=negative'."
)
drop_rare_option = click.option(
    "--drop-rare", is_flag=True, help="Leave classes with too few rows out instead of stopping."
)


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
        envvar=[f"CROSSPT_{name}_BACKBONE", "CROSSPT_BACKBONE"],
        **settings,
    )
