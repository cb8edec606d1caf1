"""Defaults from the person's own YAML file: command → option → value."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspt_cli.cli.values import LabelMap
from crosspt_cli.foundation.errors import NotFound, OptionError
from crosspt_cli.foundation.paths import personal_registry
from crosspt_cli.foundation.words import with_nearest

if TYPE_CHECKING:
    import yaml

Defaults = dict[str, Any]


def read_defaults(group: click.Group, ctx: click.Context) -> Defaults:
    """Return the defaults of the settings file, as click's `default_map` wants them; none when there is no file.

    The file is the one `CROSSPT_CONFIG` names, else ``config.yaml`` in the personal registry.

    Raises:
        NotFound: `CROSSPT_CONFIG` names a file that does not exist.
        OptionError: the file is no YAML, or has unknown commands, options or values; all are named by line.
    """
    path = settings_path()
    if path is None:
        return {}
    found = _Reading(str(path), ctx)
    root = found.compose(path)
    defaults = found.commands(root, group, "crosspt") if root is not None else {}
    found.finish()
    return defaults


def settings_path() -> Path | None:
    """Return the settings file, or None when the person has none."""
    named = os.environ.get("CROSSPT_CONFIG")
    path = Path(named).expanduser() if named else personal_registry() / "config.yaml"
    if path.is_file():
        return path
    if named:
        raise NotFound(str(path), "there is no such settings file.", "Correct CROSSPT_CONFIG, or unset it.")
    return None


class _Reading:
    """Turns YAML nodes into defaults and keeps what is wrong with them, so that all is told at once."""

    def __init__(self, path: str, ctx: click.Context) -> None:
        self.path, self.ctx = path, ctx
        self.problems: list[tuple[int, str]] = []

    def compose(self, path: Path) -> yaml.Node | None:
        """Return the root node; values stay as they are written."""
        import yaml

        try:
            return yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{path} line {mark.line + 1}" if mark else str(path)
            reason = getattr(error, "problem", None) or "it cannot be read"
            raise OptionError(place, f"this is not YAML: {reason}.", _HINT) from error
        except (UnicodeDecodeError, OSError) as error:
            raise OptionError(str(path), f"cannot be read ({error}).", _HINT) from error

    def commands(self, node: yaml.Node, group: click.Group, name: str) -> Defaults:
        """Return the defaults of every command of a group."""
        defaults: Defaults = {}
        for key, line, value in self.pairs(node, f"'{name}'"):
            command = group.commands.get(key)
            if command is None:
                self.wrong(line, f"{name} has no command {with_nearest(key, group.commands)}.")
            elif isinstance(command, click.Group):
                defaults[key] = self.commands(value, command, f"{name} {key}")
            else:
                defaults[key] = self.options(value, command, f"{name} {key}")
        return defaults

    def options(self, node: yaml.Node, command: click.Command, name: str) -> Defaults:
        """Return the defaults of one command."""
        known = {
            flag[2:]: param
            for param in command.params
            if isinstance(param, click.Option)
            for flag in param.opts
            if flag.startswith("--")
        }
        defaults: Defaults = {}
        for key, line, value in self.pairs(node, f"'{name}'"):
            if key in known:
                defaults[known[key].name or key] = self.value(value, known[key], key)
            else:
                self.wrong(line, f"{name} has no option {with_nearest(key, known)}.")
        return defaults

    def pairs(self, node: yaml.Node, what: str) -> Iterable[tuple[str, int, yaml.Node]]:
        """Yield key, line and value of a mapping; anything else is a problem."""
        import yaml

        if not isinstance(node, yaml.MappingNode):
            self.wrong(node.start_mark.line + 1, f"{what} must be 'key: value' lines.")
            return
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value

    def value(self, node: yaml.Node, option: click.Option, key: str) -> Any:
        """Return a value as the person wrote it, checked against the option's type."""
        import yaml

        if isinstance(node, yaml.MappingNode) and isinstance(option.type, LabelMap):
            return self.checked([{old: new} for old, new in self.entries(node)], node, option, key)
        several = isinstance(node, yaml.SequenceNode) and option.multiple
        parts = node.value if several else [node]
        if not all(isinstance(part, yaml.ScalarNode) for part in parts):
            self.wrong(node.start_mark.line + 1, f"{key!r} must be {'a list of ' if option.multiple else 'one '}value.")
            return None
        texts = [part.value for part in parts]
        return self.checked(texts if option.multiple else texts[0], node, option, key)

    def entries(self, node: yaml.Node) -> Iterable[tuple[str, str]]:
        """Yield a mapping's keys and values as they are written; a value that is no text is a problem."""
        import yaml

        for key, line, value in self.pairs(node, ""):
            if isinstance(value, yaml.ScalarNode):
                yield key, value.value
            else:
                self.wrong(line, f"{key!r} must be one value.")

    def checked(self, value: Any, node: yaml.Node, option: click.Option, key: str) -> Any:
        """Return the value; one that the option's type refuses is a problem."""
        try:
            option.type_cast_value(self.ctx, value)
        except click.BadParameter as error:
            self.wrong(node.start_mark.line + 1, f"{key!r}: {error.message}")
        return value

    def wrong(self, line: int, problem: str) -> None:
        """Remember one problem, a sentence, and its line."""
        self.problems.append((line, problem))

    def finish(self) -> None:
        """Raise what was remembered.

        Raises:
            OptionError: there was at least one problem.
        """
        if len(self.problems) == 1:
            line, problem = self.problems[0]
            raise OptionError(f"{self.path} line {line}", problem, _HINT)
        if self.problems:
            listed = "".join(f"\n  line {line}: {problem}" for line, problem in sorted(self.problems))
            raise OptionError(self.path, f"{len(self.problems)} problems.{listed}", _HINT)


_HINT = "Mend the file, or point CROSSPT_CONFIG at another; docs/cli.md shows one."
