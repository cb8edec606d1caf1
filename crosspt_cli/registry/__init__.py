"""Backbones, source prompts and fitted tasks on disk: numpy, no torch.

Importing this room, and listing a registry, load neither numpy nor safetensors: only what reads values does.
"""

from crosspt_cli.registry.arrays import dump_arrays, parse_arrays, read_arrays
from crosspt_cli.registry.backbones import describe_backbone
from crosspt_cli.registry.entries import Entry, Layer
from crosspt_cli.registry.fingerprint import backbone_width, fingerprint_folder
from crosspt_cli.registry.glance import task_file, titles
from crosspt_cli.registry.manifest import (
    BackboneManifest,
    DataSource,
    Manifest,
    Score,
    SourcePrompt,
    TaskManifest,
    dump_manifest,
    parse_backbone,
    parse_source,
    parse_task,
)
from crosspt_cli.registry.prompts import KnownBackbone
from crosspt_cli.registry.store import Registry
from crosspt_cli.registry.tasks import StoredTask
from crosspt_cli.registry.verify import Finding, verify

open_registry = Registry.open

__all__ = [
    "BackboneManifest",
    "DataSource",
    "Entry",
    "Finding",
    "KnownBackbone",
    "Layer",
    "Manifest",
    "Registry",
    "Score",
    "SourcePrompt",
    "StoredTask",
    "TaskManifest",
    "backbone_width",
    "describe_backbone",
    "dump_arrays",
    "dump_manifest",
    "fingerprint_folder",
    "open_registry",
    "parse_arrays",
    "parse_backbone",
    "parse_source",
    "parse_task",
    "read_arrays",
    "task_file",
    "titles",
    "verify",
]
