"""Fitted tasks as the registry sees them: a document, arrays, and any other files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.registry.arrays import dump_arrays, parse_arrays
from crosspt_cli.registry.documents import MEND
from crosspt_cli.registry.entries import Entry, plain_file_name, read_files

if TYPE_CHECKING:
    import numpy as np

ARRAYS_FILE = "task.safetensors"
DOCUMENT_FILE = "task.yaml"


@dataclass(frozen=True)
class StoredTask:
    """A task, read and checked against every digest.

    Attributes:
        name: what a person types.
        layer: ``"shipped"`` or ``"personal"``.
        path: its folder.
        document: what was saved, as plain values.
        arrays: float32, finite.
        files: the bytes of every other file.
        created: UTC, ISO 8601, to the second.
        crosspt_version: of the program that saved it.
        sha256: hex digest of `task.yaml`, which holds the digests of all other files.
    """

    name: str
    layer: str
    path: Path
    document: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    files: Mapping[str, bytes]
    created: str
    crosspt_version: str
    sha256: str


def task_contents(arrays: Mapping[str, np.ndarray], files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """Return the bytes of every file of a task besides its document."""
    taken = {ARRAYS_FILE, DOCUMENT_FILE} & set(files)
    if taken:
        raise ValueError(f"{sorted(taken)} belong to the registry")
    texts = {plain_file_name(name): text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return {ARRAYS_FILE: dump_arrays(arrays), **texts}


def read_task(folder: Path, entry: Entry, path: Path) -> StoredTask:
    """Return the task in an entry's folder.

    Args:
        folder: where it is read, which for a moment of each write is not its own folder.
        entry: its manifest.
        path: its own folder.

    Raises:
        IntegrityError: a file is missing, differs from its digest, or holds anything but finite float32 arrays.
    """
    contents, manifest = read_files(folder, entry), entry.task
    if ARRAYS_FILE not in contents:
        raise IntegrityError(str(folder), f"{DOCUMENT_FILE} does not name {ARRAYS_FILE}.", MEND)
    arrays = parse_arrays(folder / ARRAYS_FILE, contents.pop(ARRAYS_FILE))
    return StoredTask(
        name=entry.name,
        layer=entry.layer,
        path=path,
        document=manifest.document,
        arrays=arrays,
        files=contents,
        created=manifest.created,
        crosspt_version=manifest.crosspt_version,
        sha256=entry.sha256,
    )
