"""Where words go: data to stdout, everything else to stderr, answers to a file in one step."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from crosspt_cli.foundation.errors import CrossptError, NotFound, OptionError, StorageError
from crosspt_cli.foundation.files import flush_file


def emit(text: str) -> None:
    """Print data: one text and a line end, to stdout.

    Raises:
        StorageError: what stdout leads to is full.
    """
    with stdout_errors():
        sys.stdout.write(text + "\n")


def emit_json(value: Any) -> None:
    """Print one JSON object to stdout."""
    emit(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def say(text: str) -> None:
    """Print what is no data, to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_all(texts: Iterable[str], quiet: bool) -> None:
    """Print notices to stderr, unless the person wants none."""
    for text in () if quiet else texts:
        say(text)


def shows_progress(quiet: bool, as_json: bool) -> bool:
    """Return whether someone looks at stderr who wants to see progress."""
    return not quiet and not as_json and sys.stderr.isatty()


@contextmanager
def stdout_errors() -> Iterator[None]:
    """Turn a full disk behind stdout into a `StorageError`; a closed pipe stays what it is."""
    try:
        yield
    except (BrokenPipeError, CrossptError):
        raise
    except OSError as error:
        hint = "Free some space, or send the answers elsewhere."
        raise StorageError("stdout", f"cannot be written ({error.strerror}).", hint) from error


def check_folder(path: Path) -> None:
    """Return if a file could be written there, as far as can be told beforehand.

    Raises:
        NotFound: its folder does not exist.
        StorageError: it is itself a folder.
    """
    if not path.parent.is_dir():
        hint = f"Create it: mkdir -p {shlex.quote(str(path.parent))}"
        raise NotFound(str(path), f"the folder {path.parent} does not exist.", hint)
    if path.is_dir():
        raise StorageError(str(path), "is a folder.", "Pass -o with the name of a file.")


def check_out(path: Path, replace: bool, source: str | Path | None = None) -> None:
    """Return if a file can be written there without harm to one that is there.

    Args:
        path: where ``-o`` says.
        replace: whether a file may be replaced.
        source: the file that is read while it is written, which is never replaced; ``"-"`` is stdin.

    Raises:
        NotFound: its folder does not exist.
        StorageError: it is itself a folder.
        OptionError: it exists already, or is what is read.
    """
    check_folder(path)
    if not path.is_file():
        return
    if _is_same_file(path, source):
        raise OptionError(str(path), "is the input, which would be lost.", "Name another file with -o.")
    if not replace:
        raise OptionError(str(path), "exists already.", "Use --replace to replace it, or name another file with -o.")


def _is_same_file(path: Path, source: str | Path | None) -> bool:
    """Return whether both are one file, under whatever names."""
    if source is None:
        return False
    try:
        read = os.fstat(sys.stdin.fileno()) if source == "-" else os.stat(source)
    except (OSError, ValueError):  # no such file, or no real stdin; reading it will tell
        return False
    return os.path.samestat(path.stat(), read)


@contextmanager
def written_aside(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes its place in one step when the block ends well; else what was there stays.

    A device or pipe is written as it is, because renaming over it would replace it by a file.

    Raises:
        StorageError: the disk is full, or the folder not writable.
    """
    special = path.exists() and not path.is_file()
    aside = path if special else path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("w", encoding="utf-8", newline="") as handle:
            yield handle
        if not special:
            flush_file(aside)
            os.replace(aside, path)
    except (BrokenPipeError, CrossptError):
        raise
    except OSError as error:
        problem = f"cannot be written ({error.strerror or error}); what was there before is unchanged."
        raise StorageError(str(path), problem, "Free some space, or name another file with -o.") from error
    finally:
        if not special:
            aside.unlink(missing_ok=True)
