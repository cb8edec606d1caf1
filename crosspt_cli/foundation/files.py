"""Writing so that a reader sees the old file or the new one, and nothing in between."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from crosspt_cli.foundation.errors import StorageError


def sha256(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk, a read-only folder and their like into a `StorageError` that names the path."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        hints = {
            errno.ENOSPC: "Free some space, or point CROSSPT_HOME at a disk that has room.",
            errno.EDQUOT: "Free some of your quota, or point CROSSPT_HOME at another disk.",
        }
        hint = hints.get(error.errno or 0, "Make the folder writable, or point CROSSPT_HOME at one that is.")
        reason = error.strerror or str(error)
        raise StorageError(
            str(path), f"cannot be written ({reason}); nothing saved before was changed.", hint
        ) from error


def replace_folders(fills: Mapping[Path, Callable[[Path], None]]) -> None:
    """Make each target the folder that its `fill` writes; on any failure none is changed.

    Each new folder is written beside its target under a name that no reader looks at. All of them are on disk before
    the first is renamed. An existing target is renamed aside first; `recover_folder` puts it back if the process dies
    between the two renames. So each target is whole at any moment, the old one or the new one.

    Args:
        fills: target → what writes the new content into the empty folder it is given. The target's parent is created.
            The caller holds the locks of all entries.

    Raises:
        StorageError: the disk is full or a folder not writable.
    """
    asides = {target: target.parent / f".{target.name}.new-{secrets.token_hex(4)}" for target in fills}
    try:
        for target, fill in fills.items():
            with storage_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                recover_folder(target)
                asides[target].mkdir()
                fill(asides[target])
                flush_tree(asides[target])
        _swap_in(asides)
    finally:
        for aside in asides.values():
            shutil.rmtree(aside, ignore_errors=True)
    for target in fills:
        shutil.rmtree(previous(target), ignore_errors=True)


def _swap_in(asides: Mapping[Path, Path]) -> None:
    """Rename every folder to its target, or put back what was there."""
    begun: list[Path] = []
    try:
        for target, aside in asides.items():
            begun.append(target)
            with storage_errors(target):
                if target.exists():
                    os.rename(target, previous(target))
                os.rename(aside, target)
                flush_folder(target.parent)
    except BaseException:
        for target in begun:
            _swap_back(target, asides[target])
        raise


def _swap_back(target: Path, aside: Path) -> None:
    if not aside.exists():  # it is the target now
        os.rename(target, aside)
    if previous(target).exists():
        os.rename(previous(target), target)


def recover_folder(target: Path) -> None:
    """Finish what a killed `replace_folders` left: put the old folder back, drop half-written ones.

    The caller holds the entry's lock, so nobody else is writing.
    """
    old = previous(target)
    if old.exists():
        if target.exists():
            shutil.rmtree(old)
        else:
            os.rename(old, target)
    # the whole name: what is half-written of an entry called "a.new-b" is not of the entry "a"
    stale = re.compile(re.escape(f".{target.name}.new-") + "[0-9a-f]{8}")
    for path in target.parent.glob(".*"):
        if stale.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def previous(target: Path) -> Path:
    """Return where `replace_folders` keeps the old folder for the moment between its two renames."""
    return target.parent / f".{target.name}.old"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file in one step.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    with storage_errors(path):
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            aside.write_bytes(content)
            flush_file(aside)
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)


def flush_tree(folder: Path) -> None:
    """Force every file below `folder`, and the folders' own entries, to disk."""
    for path in folder.rglob("*"):
        flush_folder(path) if path.is_dir() else flush_file(path)
    flush_folder(folder)


def flush_file(path: Path) -> None:
    """Force one file's bytes to disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def flush_folder(folder: Path) -> None:
    """Force a folder's entries to disk, where the platform can."""
    if os.name == "nt":  # Windows cannot open a folder for this
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
