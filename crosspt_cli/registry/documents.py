"""YAML mappings with typed fields, read so that every problem of a file is told at once, with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.words import cut

FORMAT_VERSION = 1
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
VALUE_SHOWN = 40  # characters
MEND = "Copy it again from where it came from; 'crosspt registry verify' checks all the others."

# libyaml is ten times faster, and a listing reads dozens of manifests; PyYAML can be built without it
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump_document(document: Mapping[str, Any]) -> bytes:
    """Return a plain mapping as UTF-8 YAML, keys in their own order.

    Raises:
        yaml.YAMLError: a value is no plain text, number, list or mapping.
    """
    return yaml.dump(dict(document), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120).encode()


def parse_document(where: Path, raw: bytes) -> dict[str, Any]:
    """Return the mapping a YAML file holds, if its format is one that this version reads.

    Args:
        where: the file, for messages.
        raw: its bytes.

    Raises:
        IntegrityError: it is no YAML mapping, lacks its format version, or was written by a newer crosspt.
    """
    try:
        document = yaml.load(raw, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where} line {mark.line + 1}" if mark else str(where)
        raise IntegrityError(place, "this is not readable as YAML.", MEND) from error
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise IntegrityError(str(where), "this must be a YAML mapping of names to values.", MEND)
    _check_format(where, document.get("format_version"))
    return document


def _check_format(where: Path, version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise IntegrityError(str(where), "'format_version' must be a whole number of 1 or more.", MEND)
    if version > FORMAT_VERSION:
        problem = f"was written by a newer crosspt (format {version}; this one reads {FORMAT_VERSION})."
        raise IntegrityError(str(where), problem, "pip install -U crosspt")


class Fields:
    """Takes typed values out of one mapping and remembers what was wrong, until `finish` tells it all.

    Args:
        where: the file, for messages.
        raw: its bytes, to find the line of a key that is wrong.
        document: the mapping read from it.
    """

    def __init__(self, where: Path, raw: bytes, document: Mapping[str, Any]) -> None:
        self._where, self._raw, self._document = where, raw, document
        self._problems: list[tuple[str, str]] = []

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
        return self._inside(key, self._typed(key, dict, "a mapping", None))

    def mappings(self, key: str) -> tuple[Fields, ...]:
        """Return the fields of every mapping in a list."""
        items = self._typed(key, list, "a list of mappings", [])
        return tuple(self._inside(key, item) for item in items)

    def finish(self) -> None:
        """Return if every field was right.

        Raises:
            IntegrityError: names the file, the line of the first problem, and every key at fault.
        """
        if not self._problems:
            return
        line = _line_of(self._raw, self._problems[0][0])
        where = f"{self._where} line {line}" if line else str(self._where)
        told = dict.fromkeys(f"'{key}' {text}" for key, text in self._problems)
        raise IntegrityError(where, "; ".join(told) + ".", MEND)

    def _inside(self, key: str, value: object) -> Fields:
        if value is not None and not isinstance(value, dict):
            self.problem(key, "must hold mappings only")
        inner = Fields(self._where, self._raw, value if isinstance(value, dict) else {})
        # one list of problems for the file; a mapping that is missing itself is told once, not key by key
        inner._problems = self._problems if isinstance(value, dict) else []
        return inner

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
        self._problems.append((key, text))


def _line_of(raw: bytes, key: str) -> int | None:
    """Return the 1-based line on which a key first stands, at any depth."""
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        if re.match(rf"[\s\-]*['\"]?{re.escape(key)}['\"]?\s*:", line):
            return number
    return None
