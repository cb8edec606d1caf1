"""Reading a YAML file node by node, so that everything wrong with it is told at once and by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from crosspt_cli.foundation.errors import CrossptError
from crosspt_cli.foundation.words import problems_text, with_nearest

Value = TypeVar("Value", int, float)
BOOL = "tag:yaml.org,2002:bool"

# libyaml is ten times faster, and a listing reads dozens of manifests; PyYAML can be built without it
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def line_of(node: yaml.Node) -> int:
    """Return the 1-based line a node starts on."""
    return node.start_mark.line + 1


class Reading:
    """Turns a file's nodes into values and keeps what is wrong with them; `finish` raises it all as one error.

    A node that cannot be used gives an empty value, so that reading goes on to the next problem.

    Args:
        path: the file, for messages.
        error: what is raised.
        hint: what to do once the file is mended.
    """

    def __init__(self, path: str | Path, error: type[CrossptError], hint: str) -> None:
        self.path, self.error, self.hint = str(path), error, hint
        self.problems: list[tuple[int, str]] = []

    def open(self) -> yaml.Node | None:
        """Return the file's root node, or None where it is empty.

        Raises:
            CrossptError: it cannot be read, is not UTF-8, or no YAML.
        """
        try:
            text = Path(self.path).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(self.path, f"byte {error.start + 1} is not UTF-8.", "Save the file as UTF-8.") from error
        except OSError as error:
            problem = f"cannot be read ({error.strerror})."
            raise self.error(self.path, problem, "Name a file that can be read.") from error
        return self.compose(text)

    def compose(self, text: str) -> yaml.Node | None:
        """Return a YAML text's root node, or None where it is empty. ``yes`` stays the word *yes*.

        Raises:
            CrossptError: the text is no YAML; names the line.
        """
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise self.no_yaml(error) from error

    def load(self, raw: bytes) -> tuple[yaml.Node | None, Any]:
        """Return the root node of a file that a program wrote, and the plain values that its YAML stands for.

        Raises:
            CrossptError: it is no YAML, or stands for more than plain values; names the line.
        """
        try:
            loader = FAST_LOADER(raw)
            try:
                node = loader.get_single_node()
                return node, None if node is None else loader.construct_document(node)
            finally:
                loader.dispose()
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise self.no_yaml(error) from error

    def no_yaml(self, error: Exception) -> CrossptError:
        """Return the error for what the parser could not read, in its own words and by its line."""
        mark, reason = None, " ".join(str(error).split())
        if isinstance(error, yaml.MarkedYAMLError):
            mark, reason = error.problem_mark or error.context_mark, error.problem or error.context or reason
        place = f"{self.path} line {mark.line + 1}" if mark else self.path
        return self.error(place, f"this is not YAML: {reason}.", self.hint)

    def wrong(self, line: int, problem: str) -> None:
        """Remember one problem, a sentence, and its line."""
        self.problems.append((line, problem))

    def finish(self) -> None:
        """Raise what was remembered, in the order of the lines.

        Raises:
            CrossptError: there was at least one problem.
        """
        found = [(f"line {line}", problem) for line, problem in sorted(self.problems)]
        if len(found) == 1:
            raise self.error(f"{self.path} {found[0][0]}", found[0][1], self.hint)
        if found:
            raise self.error(self.path, problems_text(found), self.hint)

    def mapping(
        self,
        node: yaml.Node,
        what: str,
        allowed: Iterable[str] | None = None,
        required: Iterable[str] = (),
        noun: str = "key",
    ) -> dict[str, yaml.Node]:
        """Return key → node; a repeated, unknown or missing key is a problem.

        Args:
            node: what should be a mapping.
            what: what it is called.
            allowed: the keys it may have; None allows all.
            required: those it must have.
            noun: what its keys are called.
        """
        if not isinstance(node, yaml.MappingNode):
            self.wrong(line_of(node), f"{what} must be 'key: value' lines.")
            return {}
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node, f"a {noun} of {what}")
            if key in found:
                self.wrong(line_of(key_node), f"{what} has the {noun} {key!r} twice.")
            elif key and allowed is not None and key not in allowed:
                self.wrong(line_of(key_node), f"{what} has no {noun} {with_nearest(key, allowed)}.")
            else:
                found[key] = value
        for key in required:
            if key not in found:
                self.wrong(line_of(node), f"{what} lacks the {noun} {key!r}.")
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
        self.wrong(line_of(node), f"{what} is {written!r}, but must be a number of at least {least:g}.")
        return least

    def flag(self, node: yaml.Node, what: str) -> bool:
        """Return a YAML truth value."""
        if isinstance(node, yaml.ScalarNode) and node.tag == BOOL:
            return node.value.lower() in ("yes", "true", "on")
        self.wrong(line_of(node), f"{what} must be yes or no.")
        return False
