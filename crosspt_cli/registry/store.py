"""The registry: what ships with crosspt, and the person's own over it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.paths import checked_name, personal_registry, shipped, suggested_name
from crosspt_cli.foundation.version import version
from crosspt_cli.registry.arrays import dump_arrays
from crosspt_cli.registry.backbones import backbone_manifest
from crosspt_cli.registry.documents import FORMAT_VERSION
from crosspt_cli.registry.entries import KINDS, Entry, Key, Layer
from crosspt_cli.registry.lookup import Lookup
from crosspt_cli.registry.manifest import Manifest, TaskManifest, dump_manifest, dump_task
from crosspt_cli.registry.missing import exists_already
from crosspt_cli.registry.prompts import PROMPT_FILE, check_values
from crosspt_cli.registry.tasks import task_contents
from crosspt_cli.registry.writing import Describe, Fill, filler, locked, probe, remove_entry, write_entries, write_entry

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Registry(Lookup):
    """Backbones, source prompts and tasks in two layers; `Lookup` has what reads them, here is what writes.

    Attributes:
        layers: the personal, writable one, then the shipped, read-only one.
    """

    @classmethod
    def open(cls, home: Path | None = None) -> Registry:
        """Return the registry; nothing is created or read yet.

        Args:
            home: the personal layer's folder; default `CROSSPT_HOME`, else the platform's user data folder.
        """
        personal = Layer("personal", Path(home) if home is not None else personal_registry())
        return cls((personal, Layer("shipped", shipped("registry"))))

    @property
    def home(self) -> Path:
        """The personal layer's folder."""
        return self.layers[0].root

    def ensure_writable(self) -> None:
        """Return if the personal layer takes a file of a task's size; call it before work worth keeping.

        Raises:
            StorageError: the folder cannot be created or written, or the disk is full.
        """
        probe(self.home)

    def check_task_name_free(self, name: str, replace: bool) -> None:
        """Return if a task may be saved under this name.

        Raises:
            OptionError: the name is no name, or is taken and `replace` is false.
        """
        self._check_free("task", (checked_name(name),), replace)

    @contextmanager
    def reserve_task(self, name: str, replace: bool) -> Iterator[None]:
        """Keep a task's name from every other process, so that hours of training cannot end in "exists already".

        `save_task` works inside, from the same thread. A killed process loses its reservation at once.

        Raises:
            OptionError: the name is no name, or is taken and `replace` is false.
            StorageError: another process has reserved it, or the registry is not writable.
        """
        key = (checked_name(name),)
        with locked(self.layers[0], "task", key, wait_s=1.0):
            self._check_free("task", key, replace)
            yield

    @contextmanager
    def reserve_sources(self, names: Sequence[str], backbone: str, replace: bool) -> Iterator[None]:
        """Keep the names of source prompts from every other process, as `reserve_task` does for a task.

        `add_sources` works inside, from the same thread.

        Args:
            names: of the source prompts.
            backbone: the name of the backbone that they are for.
            replace: whether existing ones may be replaced.

        Raises:
            OptionError: a name is no name, or is taken and `replace` is false.
            StorageError: another process has reserved one, or the registry is not writable.
        """
        # in one order, so that two banks that share names cannot wait for each other
        keys = sorted((suggested_name(backbone), checked_name(name, "source prompt")) for name in names)
        with ExitStack() as held:
            for key in keys:
                held.enter_context(locked(self.layers[0], "source", key, wait_s=1.0))
                self._check_free("source", key, replace)
            yield

    def save_task(
        self,
        name: str,
        document: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        files: Mapping[str, str | bytes],
        replace: bool,
        format_version: int = FORMAT_VERSION,
    ) -> Entry:
        """Return the task just saved; on any failure, and at any moment before, the old one is there unchanged.

        Args:
            name: of the task.
            document: plain values; its keys are any but `manifest.STORE_KEYS`.
            arrays: any number of named arrays, kept in float32.
            files: any number of other files, by plain names.
            replace: whether an existing task may be replaced.
            format_version: that a program must know to read the task.

        Raises:
            OptionError: the name is no name, or is taken and `replace` is false.
            StorageError: the registry is not writable, the disk is full, or another process holds the name.
        """
        contents = task_contents(arrays, files)
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        manifest = TaskManifest(version(), created, {}, dict(document), format_version)

        def describe(folder: Path, digests: dict[str, str]) -> bytes:
            return dump_task(dataclasses.replace(manifest, sha256=digests))

        return self._write("task", (checked_name(name),), filler(contents), describe, replace)

    def add_source(self, values: np.ndarray, manifest: Manifest, *, replace: bool = False) -> Entry:
        """Return the source prompt just saved under its manifest's backbone and name.

        Args:
            values: [P, H], finite, kept in float32.
            manifest: all but `sha256`.
            replace: whether an existing prompt may be replaced.

        Raises:
            OptionError: the name is no name, or is taken and `replace` is false.
            StorageError: the registry is not writable, or the disk is full.
        """
        return self.add_sources([(values, manifest)], replace=replace)[0]

    def add_sources(
        self, prompts: Sequence[tuple[np.ndarray, Manifest]], *, replace: bool = False
    ) -> tuple[Entry, ...]:
        """Return the source prompts just saved, each as by `add_source`: all of them, or on any failure none."""
        contents: dict[Key, tuple[Fill, Describe]] = {}
        for values, manifest in prompts:
            check_values(values, manifest)
            key: Key = (suggested_name(manifest.backbone), checked_name(manifest.name, "source prompt"))
            contents[key] = filler({PROMPT_FILE: dump_arrays({"prompt": values})}), partial(_described, manifest)
        with ExitStack() as held:
            for key in sorted(contents):
                held.enter_context(locked(self.layers[0], "source", key))
                self._check_free("source", key, replace)
            return write_entries(self.layers[0], "source", contents)

    def add_backbone(self, name: str, fill: Fill, *, about: str, licence: str, replace: bool = False) -> Entry:
        """Return the backbone just saved, with its fingerprint and digests.

        Args:
            name: of the backbone.
            fill: writes a Hugging Face folder's files into the empty folder it is given.
            about: one sentence.
            licence: of the weights.
            replace: whether an existing backbone may be replaced.

        Raises:
            OptionError: the name is no name, or is taken and `replace` is false.
            IntegrityError: what `fill` wrote is no T5 with weights, configuration and tokenizer.
            StorageError: the registry is not writable, or the disk is full.
        """

        def describe(folder: Path, digests: dict[str, str]) -> bytes:
            return dump_manifest(backbone_manifest(folder, name, about, licence))

        return self._write("backbone", (checked_name(name, "backbone"),), fill, describe, replace)

    def remove(self, kind: str, name: str) -> None:
        """Remove an entry of the personal layer, damaged or not.

        Args:
            kind: ``"backbone"``, ``"source"`` or ``"task"``.
            name: of the entry; ``backbone/name`` of a source prompt, as in `Entry.title`.

        Raises:
            NotFound: there is none of that name.
            OptionError: it is no name, or only the shipped layer has it.
            StorageError: the registry is not writable, or another process holds the name.
        """
        parts = name.split("/") if name.count("/") == KINDS[kind].depth - 1 else [name]
        key = tuple(checked_name(part, KINDS[kind].word) for part in parts)
        if self._existing(kind, key) is not self.layers[0]:
            problem = f"the {KINDS[kind].word} {name!r} ships with crosspt and cannot be removed."
            raise OptionError("registry", problem, "Only what 'crosspt registry list' calls personal can be.")
        remove_entry(self.layers[0], kind, key)

    def _write(self, kind: str, key: Key, fill: Fill, describe: Describe, replace: bool) -> Entry:
        with locked(self.layers[0], kind, key):
            self._check_free(kind, key, replace)
            return write_entry(self.layers[0], kind, key, fill, describe)

    def _check_free(self, kind: str, key: Key, replace: bool) -> None:
        if not replace and self._layer_of(kind, key):
            raise exists_already(KINDS[kind].word, "/".join(key))


def _described(manifest: Manifest, folder: Path, digests: dict[str, str]) -> bytes:
    return dump_manifest(dataclasses.replace(manifest, sha256=digests))
