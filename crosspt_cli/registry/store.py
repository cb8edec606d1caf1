"""The registry: what ships with crosspt, and the person's own over it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.files import sha256
from crosspt_cli.foundation.paths import checked_name, personal_registry, shipped, suggested_name
from crosspt_cli.registry.arrays import dump_arrays
from crosspt_cli.registry.backbones import backbone_manifest
from crosspt_cli.registry.documents import FORMAT_VERSION
from crosspt_cli.registry.entries import KINDS, Entry, Key, Layer, check_digest, check_plain, steady
from crosspt_cli.registry.manifest import Manifest, SourcePrompt, TaskManifest, dump_manifest, dump_task
from crosspt_cli.registry.missing import exists_already, not_found
from crosspt_cli.registry.prompts import PROMPT_FILE, KnownBackbone, check_fits, check_values, read_prompt
from crosspt_cli.registry.tasks import StoredTask, read_task, task_contents
from crosspt_cli.registry.writing import Describe, Fill, filler, locked, probe, remove_entry, write_entries, write_entry

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Registry:
    """Backbones, source prompts and tasks in two layers; the first layer's entries hide the second's of equal name.

    Attributes:
        layers: the personal, writable one, then the shipped, read-only one.
    """

    layers: tuple[Layer, ...]

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

    # ---- listing: reads manifests only -------------------------------------------------------------------------

    def backbones(self) -> tuple[Entry, ...]:
        """Return every backbone, sorted by name."""
        return self._listed("backbone")

    def sources(self, fingerprint: str | None = None, backbone: str | None = None) -> tuple[Entry, ...]:
        """Return every source prompt, sorted by backbone and name.

        Args:
            fingerprint: only those that fit this backbone, damaged ones left out.
            backbone: only those kept under this backbone's name.
        """
        folder = None if backbone is None else suggested_name(backbone)
        entries = [entry for entry in self._listed("source") if folder in (None, entry.key[0])]
        if fingerprint is None:
            return tuple(entries)
        return tuple(entry for entry in entries if entry.manifest and entry.source.fingerprint == fingerprint)

    def tasks(self) -> tuple[Entry, ...]:
        """Return every task, sorted by name."""
        return self._listed("task")

    def find(self, name: str) -> tuple[Entry, ...]:
        """Return the entries of any kind called `name`, or ``backbone/name`` for a source prompt.

        Raises:
            NotFound: there is none.
        """
        entries = [entry for kind in KINDS for entry in self._listed(kind)]
        found = tuple(entry for entry in entries if name in (entry.name, entry.title))
        if not found:
            raise not_found("entry", name, [entry.name for entry in entries])
        return found

    # ---- one entry ---------------------------------------------------------------------------------------------

    def backbone(self, name: str) -> Entry:
        """Return a backbone's manifest and folder.

        Raises:
            NotFound: there is none of that name.
            IntegrityError: its manifest is damaged.
        """
        return self._entry("backbone", (checked_name(name, "backbone"),))

    def intact_backbone(self, name: str) -> Entry:
        """Return a backbone whose every file was read and has the recorded digest.

        Raises:
            NotFound: there is none of that name.
            IntegrityError: a file is missing or damaged.
        """
        entry = self.backbone(name)
        for file, recorded in entry.file_digests.items():
            check_plain(entry.path / file)
            check_digest(entry.path / file, sha256(entry.path / file), recorded)
        return entry

    def source(self, name: str, backbone: str | KnownBackbone) -> Entry:
        """Return the manifest of a source prompt that fits the backbone.

        Args:
            name: of the source prompt.
            backbone: one that knows its fingerprint and width, or the name of one. A name that is not in the
                registry finds the prompts kept under it, whatever their fingerprint.

        Raises:
            NotFound: no backbone has a prompt of that name.
            IntegrityError: only other backbones have one, or its manifest is damaged.
        """
        checked_name(name, "source prompt")
        known = self._known(backbone) if isinstance(backbone, str) else backbone
        title = backbone if isinstance(backbone, str) else backbone.name
        own = (suggested_name(title), name)
        if self._layer_of("source", own):
            entry = self._entry("source", own)
            if known is None or entry.source.fingerprint == known.fingerprint:
                return entry
        return self._source_elsewhere(name, title, known)

    def _source_elsewhere(self, name: str, title: str, known: KnownBackbone | None) -> Entry:
        """Find a prompt by fingerprint under other backbones' names: a copied folder keeps its prompts."""
        namesakes = [entry for entry in self._listed("source") if entry.name == name and entry.manifest]
        if known is None or not namesakes:
            present = [entry.name for entry in self.sources(backbone=title)]
            raise not_found("source prompt", name, present, of=f" for {title}")
        for entry in namesakes:
            if entry.source.fingerprint == known.fingerprint:
                return entry
        check_fits(namesakes[0].title, namesakes[0].source, known)
        raise AssertionError("unreachable")

    def load_source(self, name: str, backbone: str | KnownBackbone) -> SourcePrompt:
        """Return a source prompt that fits the backbone, its values checked: digest, type, shape, finite.

        Raises:
            NotFound: no backbone has a prompt of that name.
            IntegrityError: only other backbones have one, or it is damaged.
        """
        return self.load_listed(self.source(name, backbone))

    def load_listed(self, entry: Entry) -> SourcePrompt:
        """Return the source prompt of this very entry, which may have namesakes; its values are checked.

        Args:
            entry: from `sources` or `source`.

        Raises:
            IntegrityError: it is damaged.
        """
        layer = next(layer for layer in self.layers if layer.name == entry.layer)
        return steady(
            layer.target("source", entry.key),
            lambda folder: read_prompt(folder, layer.read("source", entry.key, folder)),
        )

    def load_task(self, name: str) -> StoredTask:
        """Return a task; every byte of it was checked against its digest, and all of them are of one version.

        Raises:
            NotFound: there is none of that name.
            IntegrityError: it is damaged or from a newer crosspt.
        """
        key = (checked_name(name),)
        layer = self._existing("task", key)
        path = layer.target("task", key)
        return steady(path, lambda folder: read_task(folder, layer.read("task", key, folder), path))

    # ---- writing -----------------------------------------------------------------------------------------------

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
        manifest = TaskManifest(_version(), created, {}, dict(document), format_version)

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

    # ---- inside ------------------------------------------------------------------------------------------------

    def _write(self, kind: str, key: Key, fill: Fill, describe: Describe, replace: bool) -> Entry:
        with locked(self.layers[0], kind, key):
            self._check_free(kind, key, replace)
            return write_entry(self.layers[0], kind, key, fill, describe)

    def _check_free(self, kind: str, key: Key, replace: bool) -> None:
        if not replace and self._layer_of(kind, key):
            raise exists_already(KINDS[kind].word, "/".join(key))

    def _listed(self, kind: str) -> tuple[Entry, ...]:
        owners = {key: layer for layer in reversed(self.layers) for key in layer.keys(kind)}
        return tuple(owners[key].listed(kind, key) for key in sorted(owners))

    def _layer_of(self, kind: str, key: Key) -> Layer | None:
        return next((layer for layer in self.layers if layer.has(kind, key)), None)

    def _existing(self, kind: str, key: Key) -> Layer:
        layer = self._layer_of(kind, key)
        if layer is None:
            keys = {found for each in self.layers for found in each.keys(kind) if found[:-1] == key[:-1]}
            of = f" for {key[0]}" if kind == "source" else ""
            raise not_found(KINDS[kind].word, key[-1], sorted(found[-1] for found in keys), of)
        return layer

    def _entry(self, kind: str, key: Key) -> Entry:
        return self._existing(kind, key).entry(kind, key)

    def _known(self, backbone: str) -> KnownBackbone | None:
        key = (suggested_name(backbone),)
        return self._entry("backbone", key).backbone if self._layer_of("backbone", key) else None


def _described(manifest: Manifest, folder: Path, digests: dict[str, str]) -> bytes:
    return dump_manifest(dataclasses.replace(manifest, sha256=digests))


def _version() -> str:
    try:
        return metadata.version("crosspt")
    except metadata.PackageNotFoundError:
        return "unknown"  # a checkout on the path, never installed
