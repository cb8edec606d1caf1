"""What stands in the manifests of source prompts, backbones and tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspt_cli.registry.documents import FORMAT_VERSION, Fields, dump_document, parse_document

if TYPE_CHECKING:
    import numpy as np

STORE_KEYS = ("format_version", "crosspt_version", "created", "sha256")


@dataclass(frozen=True)
class DataSource:
    """One data set a source prompt was trained on.

    Attributes:
        name: what the data set is called.
        licence: its licence as stated by who publishes it.
        rows: how many rows were trained on.
    """

    name: str
    licence: str
    rows: int


@dataclass(frozen=True)
class Score:
    """How good a source prompt is at its own task.

    Attributes:
        metric: ``"accuracy"`` or ``"balanced_accuracy"``.
        value: a fraction, 0 to 1.
        rows: how many held-out rows it was measured on.
    """

    metric: str
    value: float
    rows: int


@dataclass(frozen=True)
class Manifest:
    """What is known of a source prompt.

    Attributes:
        name: the source's name, unique among the sources of its backbone.
        about: one sentence.
        backbone: the name of the backbone it was trained on.
        fingerprint: the hex digest of that backbone; the prompt fits no other.
        prompt_tokens: P.
        prompt_layer: the encoder layer before which the prompt enters; 0 is the input.
        width: H.
        task: the type of task, e.g. ``"sentiment"``.
        data: the data sets, with licence and rows.
        score: on held-out rows.
        seed: of the run that trained it.
        command: the command line that made it.
        sha256: hex digest per file; the store fills it in.
        format_version: the layout of this file.
    """

    name: str
    about: str
    backbone: str
    fingerprint: str
    prompt_tokens: int
    prompt_layer: int
    width: int
    task: str
    data: tuple[DataSource, ...]
    score: Score
    seed: int
    command: str
    sha256: Mapping[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class BackboneManifest:
    """What is known of a backbone.

    Attributes:
        name: what a person types.
        about: one sentence.
        licence: of the weights and what they were trained on.
        width: H, the width of its input embeddings.
        fingerprint: hex digest of weights, configuration and tokenizer.
        sha256: hex digest per file; the store fills it in.
        format_version: the layout of this file.
    """

    name: str
    about: str
    licence: str
    width: int
    fingerprint: str
    sha256: Mapping[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class TaskManifest:
    """The content of a `task.yaml`: what the store records, and the document it was given.

    Attributes:
        crosspt_version: of the program that wrote it.
        created: UTC, ISO 8601, to the second.
        sha256: hex digest per file beside `task.yaml`.
        document: everything else, as plain values; its meaning belongs to who saved it.
        format_version: the layout of this file.
    """

    crosspt_version: str
    created: str
    sha256: Mapping[str, str]
    document: Mapping[str, Any]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class SourcePrompt:
    """A source prompt, read and checked.

    Attributes:
        values: [P, H] float32, finite.
        manifest: what is known of it.
    """

    values: np.ndarray
    manifest: Manifest


def parse_source(where: Path, raw: bytes) -> Manifest:
    """Return the manifest of a source prompt; unknown keys are ignored.

    Raises:
        IntegrityError: a key is missing or ill-typed (all of them are named), or the format is newer.
    """
    document, fields = parse_document(where, raw)
    manifest = Manifest(
        name=fields.text("name"),
        about=fields.text("about"),
        backbone=fields.text("backbone"),
        fingerprint=fields.digest("fingerprint"),
        prompt_tokens=fields.integer("prompt_tokens", 1),
        prompt_layer=fields.integer("prompt_layer"),
        width=fields.integer("width", 1),
        task=fields.text("task"),
        data=tuple(_data_source(item) for item in fields.mappings("data")),
        score=_score(fields.mapping("score")),
        seed=fields.integer("seed"),
        command=fields.text("command"),
        sha256=fields.digests("sha256"),
        format_version=document["format_version"],
    )
    fields.finish()
    return manifest


def _data_source(fields: Fields) -> DataSource:
    return DataSource(fields.text("name"), fields.text("licence"), fields.integer("rows"))


def _score(fields: Fields) -> Score:
    return Score(fields.text("metric"), fields.number("value"), fields.integer("rows"))


def parse_backbone(where: Path, raw: bytes) -> BackboneManifest:
    """Return the manifest of a backbone; unknown keys are ignored.

    Raises:
        IntegrityError: a key is missing or ill-typed (all of them are named), or the format is newer.
    """
    document, fields = parse_document(where, raw)
    manifest = BackboneManifest(
        name=fields.text("name"),
        about=fields.text("about"),
        licence=fields.text("licence"),
        width=fields.integer("width", 1),
        fingerprint=fields.digest("fingerprint"),
        sha256=fields.digests("sha256"),
        format_version=document["format_version"],
    )
    fields.finish()
    return manifest


def parse_task(where: Path, raw: bytes) -> TaskManifest:
    """Return what a `task.yaml` holds.

    Raises:
        IntegrityError: a key of the store is missing or ill-typed, or the format is newer.
    """
    document, fields = parse_document(where, raw)
    manifest = TaskManifest(
        crosspt_version=fields.text("crosspt_version"),
        created=fields.text("created"),
        sha256=fields.digests("sha256"),
        document={key: value for key, value in document.items() if key not in STORE_KEYS},
        format_version=document["format_version"],
    )
    fields.finish()
    return manifest


def dump_manifest(manifest: Manifest | BackboneManifest) -> bytes:
    """Return a manifest as YAML that parses to an equal one."""
    values = asdict(manifest)
    return dump_document({"format_version": values.pop("format_version"), **values})


def dump_task(manifest: TaskManifest) -> bytes:
    """Return a task's manifest as YAML; its document lies flat beside the store's own keys.

    Raises:
        ValueError: the document has a key that belongs to the store.
    """
    taken = sorted(set(STORE_KEYS) & set(manifest.document))
    if taken:
        raise ValueError(f"the keys {taken} of a task's document belong to the registry")
    first = {key: getattr(manifest, key) for key in STORE_KEYS[:3]}
    return dump_document({**first, **manifest.document, "sha256": dict(manifest.sha256)})
