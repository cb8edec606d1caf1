"""From prepared rows and the registry's source prompts to what a study works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.train import read_alone
from crosspt_cli.data import Examples
from crosspt_cli.foundation.errors import Argument
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.prepare import Prepared, label_tree
from crosspt_cli.registry import Registry
from crosspt_cli.search.rank import score_untouched
from crosspt_cli.search.trials import StudyTask, tokens_at_once

DEFAULT_PROMPT_TOKENS = 20  # for a backbone that has no source prompts to take the number from


@dataclass(frozen=True)
class Sources:
    """Source prompts that can be mixed with each other.

    `names` S · `digests` name → sha256 of its manifest · `values` [S, P, H] float32 · `layer` before which they enter
    the encoder · `left_out` names of those that have another length or layer.
    """

    names: tuple[str, ...]
    digests: dict[str, str]
    values: torch.Tensor
    layer: int
    left_out: tuple[str, ...] = ()


def load_sources(registry: Registry, backbone: Backbone, layer: int | None = None) -> Sources:
    """Return all source prompts of the backbone that have the most frequent length and layer; of equals, the earlier.

    Prompts of different lengths, or that enter at different layers, cannot be mixed.

    Args:
        registry: where they are.
        backbone: that they were trained for.
        layer: take those that enter before this encoder layer; also where a task without sources has its prompt.

    Raises:
        OptionError: the backbone has no such encoder layer.
    """
    backbone.require_layer(layer or 0, Argument("prompt_layer"))
    entries = [
        entry
        for entry in registry.sources(fingerprint=backbone.fingerprint)
        if layer is None or entry.manifest.prompt_layer == layer
    ]
    shapes = [(entry.manifest.prompt_tokens, entry.manifest.prompt_layer) for entry in entries]
    shape = max(set(shapes), key=lambda each: (shapes.count(each), -each[1]), default=None)
    tokens, layer = shape or (DEFAULT_PROMPT_TOKENS, layer or 0)
    used = [entry for entry, shape in zip(entries, shapes, strict=True) if shape == (tokens, layer)]
    values = np.zeros((len(used), tokens, backbone.width), np.float32)
    for place, entry in enumerate(used):
        values[place] = registry.load_source(entry.name, backbone).values
    names = tuple(entry.name for entry in used)
    digests = {entry.name: entry.sha256 for entry in used}
    left_out = tuple(entry.name for entry in entries if entry.name not in digests)
    return Sources(names, digests, torch.as_tensor(values, device=backbone.device), layer, left_out)


def study_task(examples: Examples, backbone: Backbone, prepared: Prepared, sources: Sources, seed: int) -> StudyTask:
    """Return a task as the search sees it: what the frozen model says of its rows is computed here, once."""
    at_once = tokens_at_once(backbone.device)
    tree = backbone.t5.place(label_tree(prepared.spec.verbalizer, backbone))
    texts = read_alone(backbone, prepared.texts, sources.layer, at_once)
    untouched = score_untouched(
        backbone, sources.names, sources.values, texts, prepared.labels, tree, stream(seed, "rank"), at_once
    )
    return StudyTask(
        backbone=backbone,
        texts=texts,
        labels=prepared.labels,
        tree=tree,
        plain=tuple(" ".join(row.fields) for row in examples.rows),
        vectors=texts.vectors.cpu().numpy(),
        sources=sources.values,
        untouched=untouched,
        classes=prepared.spec.verbalizer.classes,
        seed=seed,
    )
