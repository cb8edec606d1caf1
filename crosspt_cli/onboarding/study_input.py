"""From prepared rows and the registry's source prompts to what a study works on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.train import sentence_vectors
from crosspt_cli.data import Examples
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.prepare import Prepared, label_tree
from crosspt_cli.registry import Registry
from crosspt_cli.search.rank import score_untouched
from crosspt_cli.search.trials import StudyTask, tokens_at_once

DEFAULT_PROMPT_TOKENS = 20  # for a backbone that has no source prompts to take the number from


def load_sources(registry: Registry, backbone: Backbone) -> tuple[tuple[str, ...], dict[str, str], torch.Tensor]:
    """Return names, digests and values [S, P, H] of all source prompts that fit the backbone.

    Prompts of different lengths cannot be mixed; the most frequent length is used.
    """
    entries = registry.sources(fingerprint=backbone.fingerprint)
    lengths = [entry.manifest.prompt_tokens for entry in entries]
    length = max(set(lengths), key=lengths.count, default=DEFAULT_PROMPT_TOKENS)
    loaded = [
        (entry, registry.load_source(entry.name, backbone).values)
        for entry in entries
        if entry.manifest.prompt_tokens == length
    ]
    values = np.stack([value for _, value in loaded]) if loaded else np.zeros((0, length, backbone.width), np.float32)
    names = tuple(entry.name for entry, _ in loaded)
    return names, {e.name: e.sha256 for e, _ in loaded}, torch.as_tensor(values, device=backbone.device)


def study_task(
    examples: Examples,
    backbone: Backbone,
    prepared: Prepared,
    source_names: Sequence[str],
    sources: torch.Tensor,
    seed: int,
) -> StudyTask:
    """Return a task as the search sees it: what the frozen model says of its rows is computed here, once."""
    at_once = tokens_at_once(backbone.device)
    tree = backbone.t5.place(label_tree(prepared.spec.verbalizer, backbone))
    untouched = score_untouched(
        backbone, source_names, sources, prepared.texts, prepared.labels, tree, stream(seed, "rank"), at_once
    )
    return StudyTask(
        backbone=backbone,
        texts=prepared.texts,
        labels=prepared.labels,
        tree=tree,
        plain=tuple(" ".join(row.fields) for row in examples.rows),
        vectors=sentence_vectors(backbone, prepared.texts, at_once),
        sources=sources,
        untouched=untouched,
        seed=seed,
    )
