"""The manifest of a backbone, made from its folder."""

from __future__ import annotations

from pathlib import Path

from crosspt_cli.foundation.files import write_bytes
from crosspt_cli.foundation.paths import checked_name
from crosspt_cli.registry.entries import KINDS
from crosspt_cli.registry.fingerprint import backbone_width, fingerprint_folder
from crosspt_cli.registry.manifest import BackboneManifest, dump_manifest
from crosspt_cli.registry.writing import file_digests


def backbone_manifest(folder: Path, name: str, about: str, licence: str) -> BackboneManifest:
    """Return the manifest of a Hugging Face folder, with its fingerprint, width and digests.

    Args:
        folder: holds weights, configuration and tokenizer.
        name: what a person types.
        about: one sentence.
        licence: of the weights.

    Raises:
        OptionError: the name is no name.
        IntegrityError: weights, configuration or tokenizer are missing, or it is no T5.
    """
    return BackboneManifest(
        name=checked_name(name, "backbone"),
        about=about,
        licence=licence,
        width=backbone_width(folder),
        fingerprint=fingerprint_folder(folder),
        sha256=file_digests(folder, KINDS["backbone"].manifest),
    )


def describe_backbone(folder: Path, *, about: str, licence: str) -> BackboneManifest:
    """Write the `manifest.yaml` of a backbone that was copied into a registry by hand; the folder's name is its name.

    Raises:
        OptionError: the folder's name is no name.
        IntegrityError: weights, configuration or tokenizer are missing, or it is no T5.
        StorageError: the folder is not writable.
    """
    manifest = backbone_manifest(folder, folder.resolve().name, about, licence)
    write_bytes(folder / KINDS["backbone"].manifest, dump_manifest(manifest))
    return manifest
