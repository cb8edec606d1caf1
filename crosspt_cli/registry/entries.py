"""Entries as folders on disk: where they lie, and how to read one and the same version of it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crosspt_cli.foundation.errors import IntegrityError, StorageError
from crosspt_cli.foundation.files import previous
from crosspt_cli.foundation.paths import NAME
from crosspt_cli.registry.documents import FILE_NAME, MEND
from crosspt_cli.registry.manifest import (
    BackboneManifest,
    Manifest,
    TaskManifest,
    parse_backbone,
    parse_source,
    parse_task,
)

Key = tuple[str, ...]  # the folder names below the kind's folder: (name,), or (backbone, name) of a source prompt
Value = TypeVar("Value")
ManifestT = TypeVar("ManifestT", BackboneManifest, Manifest, TaskManifest)

_ATTEMPTS = 10


@dataclass(frozen=True)
class Kind:
    """One of the three kinds of entry.

    Attributes:
        word: as it stands in a sentence.
        folder: below a layer's root.
        manifest: the file that names and covers all others of an entry.
        parse: reads that file.
        depth: how many folder names make a key.
    """

    word: str
    folder: str
    manifest: str
    parse: Callable[[Path, bytes], BackboneManifest | Manifest | TaskManifest]
    depth: int = 1


KINDS = {
    "backbone": Kind("backbone", "backbones", "manifest.yaml", parse_backbone),
    "source": Kind("source prompt", "sources", "manifest.yaml", parse_source, depth=2),
    "task": Kind("task", "tasks", "task.yaml", parse_task),
}


@dataclass(frozen=True)
class Entry:
    """One backbone, source prompt or task, as its manifest describes it; its other files were not read.

    Attributes:
        kind: a key of `KINDS`.
        key: its folder names below the kind's folder.
        layer: ``"shipped"`` or ``"personal"``.
        path: its folder.
        sha256: hex digest of its manifest, which holds the digests of all other files; empty if unreadable.
        manifest: None if it is damaged.
        problem: one sentence if it is damaged, else empty.
    """

    kind: str
    key: Key
    layer: str
    path: Path
    sha256: str
    manifest: BackboneManifest | Manifest | TaskManifest | None
    problem: str = ""

    @property
    def name(self) -> str:
        """The last of the folder names: what a person types."""
        return self.key[-1]

    @property
    def title(self) -> str:
        """The whole key, e.g. ``"mini/qqp"`` for a source prompt."""
        return "/".join(self.key)

    @property
    def backbone(self) -> BackboneManifest:
        """The manifest of a backbone; TypeError on a damaged entry or another kind, as of the next two."""
        return self._manifest_as(BackboneManifest)

    @property
    def source(self) -> Manifest:
        """The manifest of a source prompt."""
        return self._manifest_as(Manifest)

    @property
    def task(self) -> TaskManifest:
        """The manifest of a task."""
        return self._manifest_as(TaskManifest)

    @property
    def file_digests(self) -> Mapping[str, str]:
        """The hex digest per file, of any kind; TypeError on a damaged entry, whose manifest cannot be read."""
        if self.manifest is None:
            raise TypeError(f"{self.kind} {self.title} has no digests: {self.problem}")
        return self.manifest.sha256

    def _manifest_as(self, wanted: type[ManifestT]) -> ManifestT:
        if not isinstance(self.manifest, wanted):
            raise TypeError(f"{self.kind} {self.title} has no {wanted.__name__}: {self.problem or 'another kind'}")
        return self.manifest


@dataclass(frozen=True)
class Layer:
    """One of the two registries, of which the personal one lies over the shipped one.

    Attributes:
        name: ``"shipped"`` or ``"personal"``.
        root: its folder; it need not exist.
    """

    name: str
    root: Path

    def target(self, kind: str, key: Key) -> Path:
        """Return the folder that an entry has or would have."""
        return self.root.joinpath(KINDS[kind].folder, *key)

    def lock(self, kind: str, key: Key) -> Path:
        """Return the file that is locked while an entry is written."""
        return self.root.joinpath("locks", KINDS[kind].folder, *key[:-1], f"{key[-1]}.lock")

    def has(self, kind: str, key: Key) -> bool:
        """Return whether the entry exists, damaged or not."""
        return current_folder(self.target(kind, key)) is not None

    def keys(self, kind: str) -> tuple[Key, ...]:
        """Return the keys of all entries of a kind, sorted."""
        keys: list[Key] = [()]
        for _ in range(KINDS[kind].depth):
            keys = [(*key, name) for key in keys for name in entry_names(self.target(kind, key))]
        return tuple(sorted(keys))

    def entry(self, kind: str, key: Key) -> Entry:
        """Return an entry with its manifest.

        Raises:
            IntegrityError: the manifest is missing or damaged, or there are symlinks in the folder.
        """
        return steady(self.target(kind, key), lambda folder: self.read(kind, key, folder))

    def listed(self, kind: str, key: Key) -> Entry:
        """Return an entry for a list: a damaged one is told of, not raised."""
        try:
            return self.entry(kind, key)
        except IntegrityError as error:
            return Entry(kind, key, self.name, self.target(kind, key), "", None, f"{error.where}: {error.problem}")

    def read(self, kind: str, key: Key, folder: Path) -> Entry:
        """Return an entry from the folder that holds it now.

        Raises:
            IntegrityError: the manifest is missing or damaged, or there are symlinks in the folder.
        """
        refuse_links(folder)
        path = folder / KINDS[kind].manifest
        raw = read_plain(path)
        manifest = KINDS[kind].parse(path, raw)
        return Entry(kind, key, self.name, folder, hashlib.sha256(raw).hexdigest(), manifest)


def entry_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the entries in a folder; nothing else that lies there counts.

    An entry whose writer was killed between its two renames counts under its own name.
    """
    try:
        with os.scandir(folder) as items:
            found = [item.name for item in items if item.is_dir()]
    except FileNotFoundError:
        return ()
    except OSError as error:
        hint = "Make the folder readable, or point CROSSPT_HOME at another."
        raise StorageError(str(folder), f"cannot be read ({error.strerror}).", hint) from error
    names = [name[1:-4] if name.startswith(".") and name.endswith(".old") else name for name in found]
    return tuple(sorted({name for name in names if NAME.fullmatch(name)}))


def current_folder(target: Path) -> Path | None:
    """Return the folder that holds the entry now, which for a moment of each write is the one set aside."""
    # the third look is for a write that ended between the first two
    return next((folder for folder in (target, previous(target), target) if os.path.isdir(folder)), None)


def steady(target: Path, read: Callable[[Path], Value]) -> Value:
    """Return what `read` makes of the entry's folder; it is called again if the folder was swapped meanwhile.

    Raises:
        IntegrityError: the entry is missing, or `read` finds it damaged although nobody is writing it.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        folder = current_folder(target) or target
        before = _identity(folder)
        try:
            return read(folder)
        except IntegrityError:
            now = current_folder(target) or target
            if attempt == _ATTEMPTS or (now == folder and _identity(now) == before):
                raise
    raise AssertionError("unreachable")


def _identity(folder: Path) -> tuple[int, ...] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def read_plain(path: Path) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        IntegrityError: it is missing, a symlink, a folder or a device, or cannot be read.
    """
    check_plain(path)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise IntegrityError(str(path), f"this file cannot be read ({error.strerror}).", MEND) from error


def check_plain(path: Path) -> None:
    """Return if there is a regular file; asking never opens it, because opening a pipe would wait forever.

    Raises:
        IntegrityError: there is none.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise IntegrityError(str(path), f"this file cannot be read ({error.strerror}).", MEND) from error
    if not stat.S_ISREG(mode):
        raise IntegrityError(str(path), "this is no regular file, and nothing else is read.", MEND)


def _missing(path: Path) -> IntegrityError:
    return IntegrityError(str(path.parent), f"the file {path.name} is missing.", MEND)


def refuse_links(folder: Path) -> None:
    """Return if neither the folder nor anything directly in it is a symlink.

    Raises:
        IntegrityError: one is; an entry must hold its own bytes, or copying and checking it would mean nothing.
    """
    links = (
        [folder]
        if folder.is_symlink()
        else [folder / name for name in visible_files(folder) if (folder / name).is_symlink()]
    )
    if links:
        hint = "Put the file itself in its place, e.g. by copying with 'cp -rL'."
        raise IntegrityError(str(links[0]), "this is a symlink, and none is followed.", hint)


def visible_files(folder: Path) -> tuple[str, ...]:
    """Return the names in a folder that do not start with a dot, sorted; none if it is gone."""
    try:
        return tuple(sorted(name for name in os.listdir(folder) if not name.startswith(".")))
    except OSError:
        return ()


def read_files(folder: Path, entry: Entry) -> dict[str, bytes]:
    """Return the bytes of every file the manifest names, each checked against its digest.

    Raises:
        IntegrityError: one is missing, no regular file, or differs from what was recorded.
    """
    return {name: read_listed(folder, name, recorded) for name, recorded in entry.file_digests.items()}


def read_listed(folder: Path, name: str, recorded: str) -> bytes:
    """Return the bytes of a file whose digest was recorded.

    Raises:
        IntegrityError: it is missing, no regular file, or differs from what was recorded.
    """
    raw = read_plain(folder / name)
    check_digest(folder / name, hashlib.sha256(raw).hexdigest(), recorded)
    return raw


def check_digest(path: Path, found: str, recorded: str) -> None:
    """Return if both digests are equal.

    Raises:
        IntegrityError: they differ.
    """
    if found != recorded:
        problem = (
            f"its sha256 is {found[:12]}…, and the manifest says {recorded[:12]}…; the file was changed or damaged."
        )
        raise IntegrityError(str(path), problem, MEND)


def plain_file_name(name: str) -> str:
    """Return `name` if a file of an entry may be called so; anything else is a mistake in the calling code."""
    if not FILE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no plain file name")
    return name
