"""Option values that are more than a word or a number: durations, lists, label maps."""

from __future__ import annotations

import re
from typing import Any

import click

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
    """``a=positive,b=negative`` becomes a mapping from the labels in the file to better names."""

    name = "label-map"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        """Return old label → new label."""
        if isinstance(value, dict):
            return value
        pairs = [part.partition("=") for part in str(value).split(",")]
        if not all(old.strip() and mark and new.strip() for old, mark, new in pairs):
            self.fail(f"{value!r} is no list of old=new; write for example 'a=positive,b=negative'.", param, ctx)
        olds = [old.strip() for old, _, _ in pairs]
        twice = [old for old in olds if olds.count(old) > 1]
        if twice:
            self.fail(f"names the label {twice[0]!r} twice.", param, ctx)
        return {old.strip(): new.strip() for old, _, new in pairs}


class Labels(click.ParamType):
    """``a,b,c`` becomes a tuple of labels."""

    name = "labels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the labels, each once, in the order given."""
        if isinstance(value, tuple):
            return value
        labels = tuple(dict.fromkeys(part.strip() for part in str(value).split(",") if part.strip()))
        if not labels:
            self.fail(f"{value!r} has no label; write for example positive,negative.", param, ctx)
        return labels
