"""Defaults from the person's own YAML file: command → option → value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspt_cli.cli.values import LabelMap
from crosspt_cli.foundation.errors import NotFound, OptionError
from crosspt_cli.foundation.paths import personal_registry

if TYPE_CHECKING:
    import yaml

    from crosspt_cli.foundation.yaml_lines import Reading

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
    from crosspt_cli.foundation.yaml_lines import Reading

    reading = Reading(path, OptionError, _HINT)
    root = reading.open()
    defaults = {} if root is None else _commands(reading, root, group, ctx, "crosspt")
    reading.finish()
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


def _commands(reading: Reading, node: yaml.Node, group: click.Group, ctx: click.Context, name: str) -> Defaults:
    """Return the defaults of every command of a group."""
    defaults: Defaults = {}
    for key, value in reading.mapping(node, name, group.commands, noun="command").items():
        command = group.commands[key]
        if isinstance(command, click.Group):
            defaults[key] = _commands(reading, value, command, ctx, f"{name} {key}")
        else:
            defaults[key] = _options(reading, value, command, ctx, f"{name} {key}")
    return defaults


def _options(reading: Reading, node: yaml.Node, command: click.Command, ctx: click.Context, name: str) -> Defaults:
    """Return the defaults of one command."""
    known = {
        flag[2:]: param
        for param in command.params
        if isinstance(param, click.Option)
        for flag in param.opts
        if flag.startswith("--")
    }
    given = reading.mapping(node, name, known, noun="option")
    return {known[key].name or key: _value(reading, value, known[key], ctx, key) for key, value in given.items()}


def _value(reading: Reading, node: yaml.Node, option: click.Option, ctx: click.Context, key: str) -> Any:
    """Return a value as the person wrote it; one that the option's type refuses is a problem."""
    value = _written(reading, node, option, key)
    if value is not None:
        try:
            option.type_cast_value(ctx, value)
        except click.BadParameter as error:
            reading.wrong(node.start_mark.line + 1, f"{key!r}: {error.message}")
    return value


def _written(reading: Reading, node: yaml.Node, option: click.Option, key: str) -> Any:
    """Return a value as it is written, as click takes it from a command line; None where it has another shape."""
    import yaml

    if isinstance(node, yaml.MappingNode) and isinstance(option.type, LabelMap):
        pairs = reading.mapping(node, repr(key))
        return [{old: text} for old, new in pairs.items() if (text := _scalar(reading, new, old)) is not None]
    if isinstance(node, yaml.SequenceNode) and option.multiple:
        return [text for part in node.value if (text := _scalar(reading, part, key)) is not None]
    value = _scalar(reading, node, key)
    return [value] if option.multiple and value is not None else value


def _scalar(reading: Reading, node: yaml.Node, key: str) -> str | None:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return node.value
    reading.wrong(node.start_mark.line + 1, f"{key!r} must be one value.")
    return None


_HINT = "Mend the file, or point CROSSPT_CONFIG at another; docs/cli.md shows one."
