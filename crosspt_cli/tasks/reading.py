"""Reading a YAML file node by node, so that everything wrong with it is told at once and by line."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import TypeVar

import yaml

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.foundation.words import with_nearest

Value = TypeVar("Value", int, float)
BOOL = "tag:yaml.org,2002:bool"


def compose(text: str, path: str) -> yaml.Node | None:
    """Return the YAML's root node, or None for an empty text. Nothing is constructed: ``yes`` stays the word *yes*.

    Raises:
        TemplateError: the text is not YAML; names the line.
    """
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path} line {mark.line + 1}" if mark else path
        raise TemplateError(place, f"this is not YAML: {error.problem or error.context}.", hint(path)) from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise TemplateError(path, f"this is not YAML: {reason}.", hint(path)) from error


def hint(path: str) -> str:
    """Return what to type after mending the file."""
    check = f"crosspt templates check {shlex.quote(path)}"
    return f"'{check}' reads it again; 'crosspt templates show generic' prints one that works."


def line_of(node: yaml.Node) -> int:
    """Return the 1-based line a node starts on."""
    return node.start_mark.line + 1


class Reading:
    """Turns nodes into values and keeps what is wrong with them; `finish` raises it all as one error.

    A node that cannot be used gives an empty value, so that reading goes on to the next problem.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[tuple[int, str]] = []

    def wrong(self, line: int, problem: str) -> None:
        """Remember one problem, a sentence, and its line."""
        self.problems.append((line, problem))

    def finish(self) -> None:
        """Raise what was remembered, in the order of the lines.

        Raises:
            TemplateError: there was at least one problem.
        """
        if not self.problems:
            return
        found = sorted(self.problems)
        if len(found) == 1:
            raise TemplateError(f"{self.path} line {found[0][0]}", found[0][1], hint(self.path))
        listed = "".join(f"\n  line {line}: {problem}" for line, problem in found)
        raise TemplateError(self.path, f"{len(found)} problems.{listed}", hint(self.path))

    def mapping(
        self, node: yaml.Node, what: str, allowed: Iterable[str] | None, required: Iterable[str] = ()
    ) -> dict[str, yaml.Node]:
        """Return key → node; a repeated, unknown or missing key is a problem. `allowed=None` allows all."""
        if not isinstance(node, yaml.MappingNode):
            self.wrong(line_of(node), f"{what} must be 'key: value' lines.")
            return {}
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node, f"a key of {what}")
            if key in found:
                self.wrong(line_of(key_node), f"{what} has the key {key!r} twice.")
            elif key and allowed is not None and key not in allowed:
                self.wrong(line_of(key_node), f"{what} has no key {with_nearest(key, allowed)}.")
            else:
                found[key] = value
        for key in required:
            if key not in found:
                self.wrong(line_of(node), f"{what} lacks the key {key!r}.")
        return found

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """Return a list's nodes; anything else, and an empty list, is a problem."""
        if isinstance(node, yaml.SequenceNode) and node.value:
            return node.value
        self.wrong(line_of(node), f"{what} must be a list with at least one entry.")
        return []

    def text(self, node: yaml.Node, what: str) -> str:
        """Return a scalar as it is written, so that ``no`` and ``1`` are words like any other."""
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            return node.value
        self.wrong(line_of(node), f"{what} must be text.")
        return ""

    def texts(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return a list of scalars as they are written."""
        return tuple(self.text(item, f"each of {what}") for item in self.items(node, what))

    def number(self, node: yaml.Node, what: str, kind: Callable[[str], Value], least: Value) -> Value:
        """Return a number of the given kind (`int`, `float`), at least `least`."""
        written = self.text(node, what)
        try:
            value = kind(written)
            if value >= least:
                return value
        except ValueError:
            if not written:
                return least
        self.wrong(line_of(node), f"{what} is {written!r}, but must be a number of at least {least}.")
        return least

    def flag(self, node: yaml.Node, what: str) -> bool:
        """Return a YAML truth value."""
        if node.tag == BOOL:
            return node.value.lower() in ("yes", "true", "on")
        self.wrong(line_of(node), f"{what} must be yes or no.")
        return False
