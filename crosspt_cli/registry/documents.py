"""YAML mappings with typed fields, read so that every problem of a file is told at once, with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.words import cut
from crosspt_cli.foundation.yaml_lines import Reading, line_of

FORMAT_VERSION = 1  # of what is written, where nothing in it needs a newer one
LAYERED_FORMAT = 2  # of tasks with a prompt for each of several layers
NEWEST_FORMAT = 2  # that is read
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
VALUE_SHOWN = 40  # characters
MEND = "Copy it again from where it came from; 'crosspt registry verify' checks all the others."

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump_document(document: Mapping[str, Any]) -> bytes:
    """Return a plain mapping as UTF-8 YAML, keys in their own order.

    Raises:
        yaml.YAMLError: a value is no plain text, number, list or mapping.
    """
    return yaml.dump(dict(document), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120).encode()


def parse_document(where: Path, raw: bytes) -> tuple[dict[str, Any], Fields]:
    """Return the mapping a YAML file holds, if its format is one that this version reads, and its typed fields.

    Args:
        where: the file, for messages.
        raw: its bytes.

    Raises:
        IntegrityError: it is no YAML mapping, lacks its format version, or was written by a newer crosspt.
    """
    reading = Reading(where, IntegrityError, MEND)
    node, document = reading.load(raw)
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise IntegrityError(str(where), "this must be a YAML mapping of names to values.", MEND)
    _check_format(where, document.get("format_version"))
    return document, Fields(reading, node, document)


def _check_format(where: Path, version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise IntegrityError(str(where), "'format_version' must be a whole number of 1 or more.", MEND)
    if version > NEWEST_FORMAT:
        problem = f"was written by a newer crosspt (format {version}; this one reads {NEWEST_FORMAT})."
        raise IntegrityError(str(where), problem, "pip install -U crosspt")


class Fields:
    """Takes typed values out of one mapping and remembers what was wrong, until `finish` tells it all.

    Args:
        reading: of the file.
        node: the mapping's, to find the line of a key that is wrong.
        document: the mapping.
    """

    def __init__(self, reading: Reading, node: yaml.Node | None, document: Mapping[str, Any]) -> None:
        self._reading, self._document = reading, document
        self._line = 1 if node is None else line_of(node)
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        self._nodes: dict[object, yaml.Node] = {}
        self._lines: dict[object, int] = {}
        for key, value in pairs:
            if isinstance(key.value, str) and key.value in self._nodes:
                self._reading.wrong(line_of(key), f"'{key.value}' stands there twice.")
            elif isinstance(key.value, str):
                self._nodes[key.value], self._lines[key.value] = value, line_of(key)

    def text(self, key: str) -> str:
        """Return a text."""
        return self._typed(key, str, "a text", "")

    def integer(self, key: str, least: int = 0) -> int:
        """Return a whole number of at least `least`."""
        value = self._typed(key, int, "a whole number", least)
        if value < least:
            self.problem(key, f"is {value}, but must be at least {least}")
        return value

    def number(self, key: str) -> float:
        """Return a number as a float."""
        return float(self._typed(key, (int, float), "a number", 0.0))

    def digest(self, key: str) -> str:
        """Return a hex sha256."""
        value = self._typed(key, str, "a hex sha256", "0" * 64)
        if not HEX_DIGEST.fullmatch(value):
            self.problem(key, "must be a hex sha256 of 64 characters")
        return value

    def digests(self, key: str) -> dict[str, str]:
        """Return a mapping of plain file names to hex sha256; a path out of the folder is refused."""
        value = self._typed(key, dict, "a mapping of file names to hex sha256", {})
        for name, digest in value.items():
            if not (isinstance(name, str) and FILE_NAME.fullmatch(name)):
                self.problem(key, f"names {name!r}, which is no plain file name")
            elif not (isinstance(digest, str) and HEX_DIGEST.fullmatch(digest)):
                self.problem(key, f"has no hex sha256 of 64 characters for {name!r}")
        return value

    def mapping(self, key: str) -> Fields:
        """Return the fields of a mapping inside this one."""
        return self._inside(key, self._nodes.get(key), self._typed(key, dict, "a mapping", None))

    def mappings(self, key: str) -> tuple[Fields, ...]:
        """Return the fields of every mapping in a list."""
        items = self._typed(key, list, "a list of mappings", [])
        nodes = self._nodes[key].value if items else []
        return tuple(self._inside(key, node, item) for node, item in zip(nodes, items, strict=True))

    def finish(self) -> None:
        """Return if every field was right.

        Raises:
            IntegrityError: names the file, the line of the first problem, and every key at fault.
        """
        problems = self._reading.problems
        if problems:
            told = dict.fromkeys(problem.removesuffix(".") for _, problem in problems)
            raise IntegrityError(f"{self._reading.path} line {problems[0][0]}", "; ".join(told) + ".", MEND)

    def _inside(self, key: str, node: yaml.Node | None, value: object) -> Fields:
        if isinstance(value, dict):
            return Fields(self._reading, node, value)
        if value is not None:
            self.problem(key, "must hold mappings only")
        # a mapping that is missing itself is told once, not key by key
        return Fields(Reading(self._reading.path, IntegrityError, MEND), None, {})

    def _typed(self, key: str, types: type | tuple[type, ...], what: str, otherwise: Any) -> Any:
        if key not in self._document:
            self.problem(key, "is missing")
            return otherwise
        value = self._document[key]
        if not isinstance(value, types) or isinstance(value, bool):
            self.problem(key, f"must be {what}, not {cut(repr(value), VALUE_SHOWN)}")
            return otherwise
        return value

    def problem(self, key: str, text: str) -> None:
        """Remember that something is wrong with a key."""
        self._reading.wrong(self._lines.get(key, self._line), f"'{key}' {text}.")
