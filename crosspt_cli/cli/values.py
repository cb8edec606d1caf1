"""Option values that are more than a word or a number: durations, lists, label maps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from crosspt_cli.foundation.pairs import read_list, read_pairs

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType):
    """``90s``, ``10m``, ``1.5h`` or a number of seconds becomes seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds, more than 0."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(value).strip().lower())
        seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
        if not seconds:
            self.fail(f"{value!r} is no duration; write for example 90s, 10m or 1h.", param, ctx)
        return seconds


class Numbers(click.ParamType):
    """``0,1,3`` becomes a tuple of numbers, none below 0.

    Args:
        kind: `int` or `float`.
        example: a value that can be used, for messages.
    """

    name = "numbers"

    def __init__(self, kind: type[int] | type[float], example: str) -> None:
        self.kind, self.example = kind, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Return the numbers in the order given."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(self.kind(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if not numbers or not all(0 <= number < float("inf") for number in numbers):
            self.fail(f"{value!r} is no list of numbers from 0 on; write for example {self.example}.", param, ctx)
        return numbers


class LabelMap(click.ParamType):
    """``a=positive,b=negative`` becomes a mapping from labels to names or words; see `foundation.pairs`."""

    name = "label-map"

    def __init__(self, example: str) -> None:
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        """Return label → name or words."""
        pairs = list(value.items()) if isinstance(value, dict) else read_pairs(str(value))
        if not all(old.strip() and new.strip() for old, new in pairs):
            self.fail(f"{value!r} is no list of old=new; write for example {self.example!r}.", param, ctx)
        return merged([dict([pair]) for pair in pairs], param, ctx)

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the one value that an environment variable holds; spaces in it are part of labels."""
        return [rv]


def merged(maps: Sequence[Mapping[str, str]], param: click.Parameter | None, ctx: click.Context | None) -> dict:
    """Return the mappings as one.

    Raises:
        click.BadParameter: they name a label twice.
    """
    olds = [old for each in maps for old in each]
    twice = [old for old in olds if olds.count(old) > 1]
    if twice:
        raise click.BadParameter(f"names the label {twice[0]!r} twice.", ctx, param)
    return {old: new for each in maps for old, new in each.items()}


def one_map(ctx: click.Context, param: click.Parameter, values: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """Return the values of an option that may be repeated as one mapping; None without any."""
    return merged(values, param, ctx) or None


class Labels(click.ParamType):
    """``a,b,c`` becomes a tuple of labels; see `foundation.pairs`."""

    name = "labels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the labels, each once, in the order given."""
        if isinstance(value, tuple):
            return value
        labels = tuple(dict.fromkeys(label for label in read_list(str(value)) if label))
        if not labels:
            self.fail(f"{value!r} has no label; write for example positive,negative.", param, ctx)
        return labels
