"""From what the person calls a backbone to the frozen T5: a registry name, a folder, or a hub id."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from crosspt_cli.foundation.errors import IntegrityError, NotFound
from crosspt_cli.foundation.model_folder import weight_files
from crosspt_cli.registry import Registry, fingerprint_folder

if TYPE_CHECKING:
    from crosspt_cli.core.backbone import Backbone

DEFAULT_BACKBONE = "mini"
HUB_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")
OLD_WEIGHTS = ("pytorch_model*.bin*",)  # some older models have nothing else; only tensors are read from them


def open_backbone(name: str | None, registry: Registry, device: str = "auto", dtype: str = "auto") -> Backbone:
    """Return a frozen backbone, ready to compute.

    Args:
        name: a backbone of the registry, a folder, or a hub id such as ``google-t5/t5-base``; default the
            environment's `CROSSPT_BACKBONE`, else the embedded one.
        registry: where names are looked up first.
        device: ``auto``, ``cpu`` or ``cuda``.
        dtype: ``auto``, ``fp32`` or ``bf16``.

    Raises:
        NotFound: no such name, or the hub does not have it or cannot be reached.
        IntegrityError: its files are damaged.
        OptionError: the device or dtype cannot be had.
    """
    from crosspt_cli.core.backbone import load_backbone  # inside: finding a backbone needs no torch
    from crosspt_cli.core.devices import choose_device, choose_dtype

    name = name or default_backbone()
    where = choose_device(device)
    number_format = choose_dtype(dtype, where)
    folder, fingerprint = find_backbone(name, registry)
    # a task must find its folder again from wherever it is used
    known_as = str(folder.resolve()) if folder == Path(name) else name
    return load_backbone(folder, known_as, fingerprint, where, number_format)


def default_backbone() -> str:
    """Return the environment's `CROSSPT_BACKBONE`, else the embedded one's name."""
    return os.environ.get("CROSSPT_BACKBONE") or DEFAULT_BACKBONE


def find_backbone(name: str, registry: Registry) -> tuple[Path, str]:
    """Return the folder and fingerprint of a backbone, downloading a hub id's files if need be.

    Raises:
        NotFound: no such name, or the hub does not have it or cannot be reached.
        IntegrityError: the registry's copy is damaged.
    """
    if any(entry.name == name for entry in registry.backbones()):
        entry = registry.intact_backbone(name)
        return entry.path, entry.backbone.fingerprint
    if Path(name).is_dir():
        return Path(name), fingerprint_folder(Path(name))
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        known = ", ".join(entry.name for entry in registry.backbones())
        raise NotFound(
            f"backbone {name!r}", "is no backbone of the registry, no folder and no hub id.", f"Known: {known}."
        )
    folder = download(name)
    return folder, fingerprint_folder(folder)


def download(hub_id: str) -> Path:
    """Return the folder of a hub model's files: from the cache when they are there, else from the hub.

    Raises:
        NotFound: it is not in the cache and cannot be had.
    """
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        # a finished download is used as it is, so that nothing waits for a network that is not there
        folder = _snapshot(hub_id, (*HUB_FILES, *OLD_WEIGHTS), local_files_only=True)
        if weight_files(folder):
            return folder
    except (LocalEntryNotFoundError, HFValidationError, IntegrityError):
        pass
    return _from_hub(hub_id)


def _from_hub(hub_id: str) -> Path:
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    hint = "Check the id and the network, or pass --backbone with a local folder; 'mini' needs neither."
    try:
        folder = _snapshot(hub_id, HUB_FILES)
        if list(folder.glob("*.safetensors")):
            return folder
        return _snapshot(hub_id, (*HUB_FILES, *OLD_WEIGHTS))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise NotFound(
            f"backbone {hub_id!r}", "is not in the local cache and could not be downloaded.", hint
        ) from error


def _snapshot(hub_id: str, patterns: tuple[str, ...], local_files_only: bool = False) -> Path:
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(hub_id, allow_patterns=list(patterns), local_files_only=local_files_only))
