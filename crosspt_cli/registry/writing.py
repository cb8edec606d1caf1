"""Writing entries: aside, flushed, renamed, under a lock of their own."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from crosspt_cli.foundation.files import recover_folder, replace_folders, sha256, storage_errors
from crosspt_cli.registry.entries import KINDS, Entry, Key, Layer, check_plain, visible_files
from crosspt_cli.registry.locks import WAIT_S, entry_lock

Fill = Callable[[Path], None]
Describe = Callable[[Path, dict[str, str]], bytes]

_PROBE_BYTES = 1 << 20  # more than a task of 100 prompt tokens and 77 classes on a width of 1,024 needs


def locked(layer: Layer, kind: str, key: Key, wait_s: float = WAIT_S) -> AbstractContextManager[None]:
    """Return the lock of one entry of a layer.

    Raises:
        StorageError: on entering; another process holds it, or the layer is not writable.
    """
    return entry_lock(layer.lock(kind, key), f"the {KINDS[kind].word} {'/'.join(key)!r}", wait_s)


def write_entry(layer: Layer, kind: str, key: Key, fill: Fill, describe: Describe) -> Entry:
    """Return the entry just written; on any failure the old one is there unchanged. The caller holds its lock.

    Args:
        layer: the personal one.
        kind: a key of `KINDS`.
        key: the entry's folder names.
        fill: writes every file but the manifest into an empty folder.
        describe: returns the manifest's bytes from that folder and the digest of each file in it.

    Raises:
        StorageError: the layer is not writable, or the disk is full.
    """
    return write_entries(layer, kind, {key: (fill, describe)})[0]


def write_entries(layer: Layer, kind: str, contents: Mapping[Key, tuple[Fill, Describe]]) -> tuple[Entry, ...]:
    """Return the entries just written, as `write_entry` does; on any failure none of them is changed."""

    def whole(fill: Fill, describe: Describe) -> Fill:
        def fill_and_describe(folder: Path) -> None:
            fill(folder)
            for name in visible_files(folder):
                check_plain(folder / name)
                (folder / name).chmod(0o644)  # a copy of a read-only file could not be flushed
            raw = describe(folder, file_digests(folder, KINDS[kind].manifest))
            (folder / KINDS[kind].manifest).write_bytes(raw)

        return fill_and_describe

    replace_folders({layer.target(kind, key): whole(*each) for key, each in contents.items()})
    return tuple(layer.entry(kind, key) for key in contents)


def remove_entry(layer: Layer, kind: str, key: Key) -> None:
    """Remove an entry, damaged or not; a killed removal has either not begun or is swept up by the next write.

    Raises:
        StorageError: the layer is not writable, or another process holds the entry.
    """
    target = layer.target(kind, key)
    with locked(layer, kind, key), storage_errors(target):
        recover_folder(target)
        if target.exists():
            # one rename, to the name of a half-written folder: no reader sees it, and recovering deletes it
            target.rename(target.parent / f".{target.name}.new-{secrets.token_hex(4)}")
            recover_folder(target)


def probe(home: Path) -> None:
    """Return if the folder can be created and takes a file of a task's size.

    Raises:
        StorageError: it cannot, or the disk is full.
    """
    with storage_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as handle:  # gone with the process, however it ends
            handle.write(bytes(_PROBE_BYTES))
            handle.flush()
            os.fsync(handle.fileno())


def filler(contents: Mapping[str, bytes]) -> Fill:
    """Return a function that writes these files into a folder."""

    def fill(folder: Path) -> None:
        for name, raw in contents.items():
            (folder / name).write_bytes(raw)

    return fill


def file_digests(folder: Path, besides: str) -> dict[str, str]:
    """Return the hex sha256 of every file in a folder but one.

    Raises:
        IntegrityError: something in it is no regular file.
    """
    names = [name for name in visible_files(folder) if name != besides]
    for name in names:
        check_plain(folder / name)
    return {name: sha256(folder / name) for name in names}
