"""The command line that does what was asked for, ready to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from crosspt_cli.foundation.pairs import write_pairs

FLAGS = {
    "text_cols": "--text-col",
    "unlabelled": "--unlabelled",
    "ignore_unlabelled": "--ignore-unlabelled",
    "name": "--name",
    "template": "--template",
    "label_map": "--label-map",
    "label_words": "--label-words",
    "backbone": "--backbone",
    "budget": "--budget",
    "max_seconds": "--max-time",
    "folds": "--folds",
    "ms": "--sources",
    "lr_ratios": "--lr-ratios",
    "prompt_layer": "--prompt-layer",
    "method": "--method",
    "readout": "--readout",
    "drop_rare": "--drop-rare",
    "replace": "--replace",
    "device": "--device",
    "dtype": "--dtype",
    "seed": "--seed",
}

REPEATED = ("--text-col", "--unlabelled")


def command_line(command: str, files: Iterable[str], label_col: str, choices: Mapping[str, Any]) -> str:
    """Return the command line with these choices.

    Args:
        command: ``"add-task"`` or ``"check"``.
        files: the labelled rows.
        label_col: the column of labels.
        choices: what differs from the defaults, by the names of `Settings`; None, False and empty ones are left out.

    Example:
        >>> command_line("add-task", ["a.csv", "more rows.csv"], "y", {"folds": 3, "replace": True})
        "crosspt add-task a.csv 'more rows.csv' --label-col y --folds 3 --replace"
    """
    # what starts with a dash would be an option
    names = [f"./{file}" if file.startswith("-") and file != "-" else file for file in files]
    words = ["crosspt", command, *names, "--label-col", label_col]
    for name, flag in FLAGS.items():
        words += _words(flag, choices.get(name))
    return shlex.join(words)


def onboarding_command(files: Iterable[str], label_col: str, settings: Any) -> str:
    """Return the ``add-task`` command line for these `Settings`, defaults left out."""
    chosen = {each.name: getattr(settings, each.name) for each in fields(settings)}
    own = {each.name: chosen[each.name] for each in fields(settings) if chosen[each.name] != each.default}
    return command_line("add-task", files, label_col, own)


def with_file(command: str, file: str, task: str) -> str:
    """Return an ``add-task`` command line with one more file of rows, by which the task is replaced.

    Example:
        >>> with_file("crosspt add-task a.csv --label-col y --folds 3", "b.csv", "a")
        'crosspt add-task a.csv b.csv --label-col y --folds 3 --name a --replace'
    """
    words = shlex.split(command)
    words.insert(words.index("--label-col"), file)
    return replacing(shlex.join(words), task)


def replacing(command: str, task: str) -> str:
    """Return an ``add-task`` command line by which the task it made is replaced.

    Example:
        >>> replacing("crosspt add-task a.csv --label-col y --folds 3", "a")
        'crosspt add-task a.csv --label-col y --folds 3 --name a --replace'
    """
    words = shlex.split(command)
    words += [] if "--name" in words else ["--name", task]
    return shlex.join(words if "--replace" in words else [*words, "--replace"])


def _words(flag: str, value: Any) -> list[str]:
    if value is None or value is False or value in ((), {}):
        return []
    if value is True:
        return [flag]
    if flag in REPEATED:
        return [word for each in value for word in (flag, each)]
    if isinstance(value, Mapping):
        return [flag, write_pairs(value)]
    if isinstance(value, tuple):
        return [flag, ",".join(map(_number, value))]
    return [flag, _number(value) if isinstance(value, float) else str(value)]


def _number(value: float) -> str:
    """Return a number in full, without an exponent: no digit that was typed is lost."""
    return format(Decimal(repr(value)), "f").removesuffix(".0")
