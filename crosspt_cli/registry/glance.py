"""A glance at the registry: names without manifests, and one file of a task without its arrays."""

from __future__ import annotations

from pathlib import Path

from crosspt_cli.registry.entries import read_listed, steady
from crosspt_cli.registry.store import Registry


def titles(registry: Registry, kind: str, layer: str = "") -> tuple[str, ...]:
    """Return what all entries of a kind are called, sorted; no manifest is read.

    Args:
        registry: where they are.
        kind: ``"backbone"``, ``"source"`` or ``"task"``.
        layer: only those of ``"personal"`` or ``"shipped"``.
    """
    keys = {key for each in registry.layers if layer in ("", each.name) for key in each.keys(kind)}
    return tuple("/".join(key) for key in sorted(keys))


def task_file(registry: Registry, name: str, file: str) -> bytes | None:
    """Return one file of a task, checked against its digest; None where the task, or the file, is not there.

    Raises:
        IntegrityError: it is damaged, or the task's manifest is.
    """
    key = (name,)
    layer = next((each for each in registry.layers if each.has("task", key)), None)
    if layer is None:
        return None

    def read(folder: Path) -> bytes | None:
        recorded = layer.read("task", key, folder).file_digests
        return read_listed(folder, file, recorded[file]) if file in recorded else None

    return steady(layer.target("task", key), read)
