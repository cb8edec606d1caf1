"""From prepared rows and the registry's source prompts to what a study works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.read import read_alone, read_to_layer
from crosspt_cli.data import Example, Examples
from crosspt_cli.evidence.trial import Fold
from crosspt_cli.foundation.errors import Argument
from crosspt_cli.foundation.paths import suggested_name
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.reading.prepare import Prepared, input_encoder, label_tree
from crosspt_cli.registry import Entry, Registry
from crosspt_cli.search.pooling import usable_pool
from crosspt_cli.search.rank import none_asked, score_untouched
from crosspt_cli.search.trials import StudyTask, tokens_at_once

DEFAULT_PROMPT_TOKENS = 20  # for a backbone that has no source prompts to take the number from


@dataclass(frozen=True)
class Sources:
    """Source prompts that can be mixed with each other.

    `names` S · `digests` name → sha256 of its manifest · `values` [S, P, H] float32 · `layer` before which they enter
    the encoder · `left_out` names of those that have another length or layer · `hidden` (backbone/name that is used,
    backbone/name that is not) of each that has a namesake.
    """

    names: tuple[str, ...]
    digests: dict[str, str]
    values: torch.Tensor
    layer: int
    left_out: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()


def load_sources(registry: Registry, backbone: Backbone, layer: int | None = None) -> Sources:
    """Return all source prompts of the backbone that have the most frequent length and layer; of equals, the earlier.

    Prompts of different lengths, or that enter at different layers, cannot be mixed. Of several of one name, which are
    kept under other names of the same backbone, the person's own is used before a shipped one, then that of the
    backbone's own name.

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
        if layer is None or entry.source.prompt_layer == layer
    ]
    shapes = [shape_of(entry) for entry in entries]
    tokens, layer = mixing_shape(shapes, layer)
    mixable = [entry for entry, shape in zip(entries, shapes, strict=True) if shape == (tokens, layer)]
    used, hidden = _one_of_each_name(mixable, suggested_name(backbone.name))
    values = np.zeros((len(used), tokens, backbone.width), np.float32)
    for place, entry in enumerate(used):
        values[place] = registry.load_listed(entry).values
    names = tuple(entry.name for entry in used)
    digests = {entry.name: entry.sha256 for entry in used}
    left_out = tuple(entry.name for entry in entries if entry not in mixable)
    return Sources(names, digests, torch.as_tensor(values, device=backbone.device), layer, left_out, hidden)


def shape_of(entry: Entry) -> tuple[int, int]:
    """Return a source prompt's length in tokens and the encoder layer before which it enters."""
    return entry.source.prompt_tokens, entry.source.prompt_layer


def mixing_shape(shapes: Sequence[tuple[int, int]], layer: int | None = None) -> tuple[int, int]:
    """Return the most frequent length and layer; of equals, the earlier layer; of none, 20 tokens at `layer`."""
    frequent = max(set(shapes), key=lambda each: (shapes.count(each), -each[1]), default=None)
    return frequent or (DEFAULT_PROMPT_TOKENS, layer or 0)


def _one_of_each_name(entries: Sequence[Entry], own: str) -> tuple[list[Entry], tuple[tuple[str, str], ...]]:
    """Return the entries without namesakes, and the titles of who hides whom.

    Args:
        entries: source prompts of one backbone, maybe kept under several names of it.
        own: the name by which the backbone was asked for.
    """
    preferred = sorted(entries, key=lambda entry: (entry.layer != "personal", entry.key[0] != own))
    first = {entry.name: entry for entry in reversed(preferred)}
    hidden = [(first[entry.name].title, entry.title) for entry in preferred if entry is not first[entry.name]]
    return [entry for entry in entries if entry is first[entry.name]], tuple(hidden)


def read_task(
    examples: Examples,
    backbone: Backbone,
    prepared: Prepared,
    sources: Sources,
    seed: int,
    distinct: float = 1.0,
    unlabelled: Sequence[Example] = (),
    possible: int = 0,
) -> StudyTask:
    """Return a task as the search sees it, with its rows read; the sources were not asked about them yet.

    Args:
        examples: labelled rows.
        backbone: the frozen T5.
        prepared: the rows as it reads them.
        sources: to mix.
        seed: of the study.
        distinct: the share of the rows that are no near-copies of others.
        unlabelled: rows without labels that prototypes may learn from.
        possible: how many rows those are a sample of.
    """
    at_once = tokens_at_once(backbone.device)
    whole = read_alone(backbone, prepared.texts, sources.layer, at_once)
    texts = whole
    if prepared.short is not None:  # without a prompt even long texts are read only once
        texts = replace(read_to_layer(backbone, prepared.short, sources.layer, at_once), vectors=whole.vectors)
    vectors = whole.read_vectors.cpu().numpy()
    pool = None
    if unlabelled:
        encoder = input_encoder(prepared.spec, backbone)
        ids = encode_texts([encoder.encode(row.fields)[0] for row in unlabelled], backbone.device)
        read = read_alone(backbone, ids, sources.layer, at_once)
        pool = usable_pool(read, possible, vectors, prepared.labels, len(examples.classes))
    return StudyTask(
        backbone=backbone,
        texts=texts,
        labels=prepared.labels,
        tree=backbone.t5.place(label_tree(prepared.spec.verbalizer, backbone)),
        plain=tuple(" ".join(row.fields) for row in examples.rows),
        vectors=vectors,
        sources=sources.values,
        untouched=none_asked(len(examples.classes)),
        classes=prepared.spec.verbalizer.classes,
        seed=seed,
        distinct=distinct,
        pool=pool,
        whole=None if whole is texts else whole,
    )


def ranked_task(task: StudyTask, names: Sequence[str], folds: Sequence[Fold] = ()) -> StudyTask:
    """Return the task with what every source prompt, untouched, says of its rows.

    Args:
        task: whose rows were read.
        names: of its sources.
        folds: of the study, in numbers of the task's rows; each ranks the sources on its own training rows.
    """
    untouched = score_untouched(
        task.backbone, names, task.sources, task.texts, task.labels, task.tree, stream(task.seed, "rank"),
        tokens_at_once(task.backbone.device), folds,
    )  # fmt: skip
    return replace(task, untouched=untouched)


def study_task(
    examples: Examples,
    backbone: Backbone,
    prepared: Prepared,
    sources: Sources,
    seed: int,
    folds: Sequence[Fold] = (),
    unlabelled: Sequence[Example] = (),
    possible: int = 0,
) -> StudyTask:
    """Return a task with its rows read and its sources ranked; the arguments are those of `read_task`."""
    task = read_task(examples, backbone, prepared, sources, seed, unlabelled=unlabelled, possible=possible)
    return ranked_task(task, sources.names, folds)
