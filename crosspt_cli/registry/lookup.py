"""Finding and reading entries: the first layer's hide the second's of equal name."""

from __future__ import annotations

from dataclasses import dataclass

from crosspt_cli.foundation.files import sha256
from crosspt_cli.foundation.paths import checked_name, suggested_name
from crosspt_cli.registry.entries import KINDS, Entry, Key, Layer, check_digest, check_plain, steady
from crosspt_cli.registry.manifest import SourcePrompt
from crosspt_cli.registry.missing import not_found
from crosspt_cli.registry.prompts import KnownBackbone, check_fits, read_prompt
from crosspt_cli.registry.tasks import StoredTask, read_task


@dataclass(frozen=True)
class Lookup:
    """What can be read of a registry's layers; nothing here writes.

    Attributes:
        layers: the personal one, then the shipped one.
    """

    layers: tuple[Layer, ...]

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

    # ---- inside ------------------------------------------------------------------------------------------------

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
