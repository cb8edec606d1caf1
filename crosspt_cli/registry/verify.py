"""Everything that can be wrong with a registry, found by reading every byte of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crosspt_cli.foundation.errors import CrossptError, IntegrityError
from crosspt_cli.foundation.files import previous, sha256
from crosspt_cli.foundation.paths import NAME
from crosspt_cli.registry.arrays import read_header
from crosspt_cli.registry.entries import (
    KINDS,
    Entry,
    Key,
    Layer,
    check_digest,
    check_plain,
    steady,
    visible_files,
)
from crosspt_cli.registry.fingerprint import backbone_width, fingerprint_folder
from crosspt_cli.registry.missing import not_found
from crosspt_cli.registry.prompts import read_prompt
from crosspt_cli.registry.store import Registry
from crosspt_cli.registry.tasks import read_task

_STRAY = "Move it out of the registry, or delete it."


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        bad: whether something stored is damaged; what a killed write left behind is not.
        layer: ``"shipped"`` or ``"personal"``.
        where: the file or folder.
        problem: what is wrong, a full sentence.
        hint: what to do.
    """

    bad: bool
    layer: str
    where: str
    problem: str
    hint: str


def verify(registry: Registry, name: str | None = None) -> tuple[Finding, ...]:
    """Return everything wrong with the registry, or with the entries of one name; nothing is changed.

    Entries of the shipped layer are checked even where a personal one hides them.

    Args:
        registry: both its layers are read, every byte.
        name: only the entries called so, or ``backbone/name`` for a source prompt.

    Raises:
        NotFound: there is no entry of that name.
    """
    keys = [(layer, kind, key) for layer in registry.layers for kind in KINDS for key in layer.keys(kind)]
    if name is not None:
        chosen = [item for item in keys if name in (item[2][-1], "/".join(item[2]))]
        if not chosen:
            raise not_found("entry", name, [key[-1] for _, _, key in keys])
        return tuple(found for item in chosen for found in verify_entry(*item))
    found = [found for item in keys for found in verify_entry(*item)]
    strays = [stray for layer in registry.layers for stray in _strays(layer)]
    return tuple(found + strays)


def verify_entry(layer: Layer, kind: str, key: Key) -> tuple[Finding, ...]:
    """Return everything wrong with one entry."""
    try:
        return steady(layer.target(kind, key), lambda folder: _checked(layer, kind, key, folder))
    except _Found as found:
        return found.findings


class _Found(IntegrityError):
    """Carries findings through `steady`, which looks again if the entry was being replaced meanwhile."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(findings[0].where, findings[0].problem)
        self.findings = findings


def _checked(layer: Layer, kind: str, key: Key, folder: Path) -> tuple[Finding, ...]:
    found = tuple(
        Finding(True, layer.name, error.where, error.problem, error.hint) for error in _errors(layer, kind, key, folder)
    )
    if found:
        raise _Found(found)
    return found


def _errors(layer: Layer, kind: str, key: Key, folder: Path) -> Iterator[CrossptError]:
    try:
        entry = layer.read(kind, key, folder)
    except IntegrityError as error:
        yield error
        return
    yield from _orphans(entry, folder)
    yield from _misnamed(entry)
    damaged = [error for name in entry.file_digests for error in _tried(partial(_check_file, entry, folder / name))]
    # the content is worth a sentence of its own only where the bytes are those that were saved
    yield from damaged or _tried(lambda: _CONTENT[kind](folder, entry))


def _tried(check: Callable[[], object]) -> list[IntegrityError]:
    try:
        check()
    except IntegrityError as error:
        return [error]
    return []


def _check_file(entry: Entry, path: Path) -> None:
    check_plain(path)
    check_digest(path, sha256(path), entry.file_digests[path.name])
    if path.suffix == ".safetensors":
        read_header(path)


def _orphans(entry: Entry, folder: Path) -> Iterator[IntegrityError]:
    recorded = {*entry.file_digests, KINDS[entry.kind].manifest}
    for name in visible_files(folder):
        if name not in recorded:
            yield IntegrityError(str(folder / name), "the manifest does not name this file.", _STRAY)


def _misnamed(entry: Entry) -> Iterator[IntegrityError]:
    name = getattr(entry.manifest, "name", entry.name)
    if name != entry.name:
        where = str(entry.path / KINDS[entry.kind].manifest)
        hint = "Give the folder that name again, or change 'name' in the manifest."
        yield IntegrityError(where, f"the manifest is that of {name!r}, and the folder is called {entry.name!r}.", hint)


def _check_backbone(folder: Path, entry: Entry) -> None:
    found = fingerprint_folder(folder)
    if found != entry.backbone.fingerprint:
        problem = f"its fingerprint is {found[:12]}…, and the manifest says {entry.backbone.fingerprint[:12]}…"
        raise IntegrityError(str(folder), f"{problem}; prompts made for it would not fit.", "Copy the folder again.")
    if backbone_width(folder) != entry.backbone.width:
        problem = f"it is {backbone_width(folder)} wide, and the manifest says {entry.backbone.width}."
        raise IntegrityError(str(folder), problem, "Copy the folder again.")


def _check_task(folder: Path, entry: Entry) -> None:
    read_task(folder, entry, folder)


_CONTENT = {"backbone": _check_backbone, "source": read_prompt, "task": _check_task}


def _strays(layer: Layer) -> Iterator[Finding]:
    """Yield what lies between the entries: folders that are none, files, and what killed writes left."""
    for kind in KINDS.values():
        parents = [layer.root / kind.folder]
        for _ in range(kind.depth - 1):
            parents += [child for parent in parents for child in _children(parent) if NAME.fullmatch(child.name)]
        for parent in parents:
            for child in _children(parent):
                yield from _stray(layer, child)


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _stray(layer: Layer, path: Path) -> Iterator[Finding]:
    if path.name.startswith("."):
        yield from _leftover(layer, path)
    elif not (path.is_dir() and NAME.fullmatch(path.name)):
        yield Finding(True, layer.name, str(path), "this is no entry of the registry.", _STRAY)


def _leftover(layer: Layer, path: Path) -> Iterator[Finding]:
    target = path.parent / path.name[1:].removesuffix(".old")
    if previous(target) == path and not target.exists():
        problem = f"a write was killed in its last step; this holds {target.name!r} and is read in its place."
    elif previous(target) == path or ".new-" in path.name:
        problem = "a write in progress, or one that was killed, left this; no reader looks at it."
    else:
        return
    yield Finding(False, layer.name, str(path), problem, "The next write of that name puts it right.")
