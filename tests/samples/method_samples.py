"""Trials of any method on a small task, each with its own rows, sources, rates and random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from hf_reference import END, WIDTH, as_backbone, random_texts, small_t5
from population_samples import BATCH, ROWS, WIDE, WORDS

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.bank import TrialBank
from crosspt_cli.core.encode import EncodedTexts, encode_texts
from crosspt_cli.core.methods import METHODS, Method, Start
from crosspt_cli.core.optimise import Schedule
from crosspt_cli.core.train import Population
from crosspt_cli.foundation.methods import about
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.tasks.label_tree import LabelTree

TOKENS, SOURCES, STEPS = 12, 3, 8
MIXED = ((), (2,), (0, 1, 2), (1, 0))
"""The sources of trial 0, 1, …, as far as a method may use them."""
RATES = (0.05, 0.1, 0.02, 0.05)
ATTENTION = 0.2


def small_task() -> tuple[Backbone, EncodedTexts]:
    """Return a small backbone and twelve rows as it reads them."""
    backbone = as_backbone(small_t5())
    texts = encode_texts(random_texts([2 + 3 * row % 11 for row in range(ROWS)]), backbone.device)
    return backbone, replace(texts, vectors=backbone.sentence_vectors(texts))


def small_start(name: str, trials: Sequence[int]) -> Start:
    """Return what some trials of a method start from; what is a trial's depends on its number alone."""
    backbone, texts = small_task()
    draw = torch.Generator().manual_seed(4)
    most = about(name).most_sources
    return Start(
        backbone=backbone,
        texts=texts,
        rows=[np.arange(trial % 2, ROWS, 2) for trial in trials],
        random=[stream(0, "private", trial) for trial in trials],
        sources=torch.randn(SOURCES, TOKENS, WIDTH, generator=draw),
        mixed=[MIXED[trial][:most] for trial in trials],
        rate=torch.tensor([RATES[trial] for trial in trials]),
        attention_rate=torch.full((len(trials),), ATTENTION),
        source_rate=torch.full((len(trials),), ATTENTION),
        steps=STEPS,
    )


def started(name: str, trials: Sequence[int]) -> Method:
    """Return some trials of a method before their first step."""
    return METHODS[name].start(small_start(name, trials))


def population_of(name: str, trials: Sequence[int]) -> Population:
    """Return the population of some trials of a method."""
    given = small_start(name, trials)
    batches = np.stack([np.random.default_rng(trial).integers(0, ROWS, (STEPS, BATCH)) for trial in trials])
    return Population(
        given.backbone,
        given.texts,
        torch.arange(ROWS) % 3,
        given.backbone.t5.place(LabelTree.build(WORDS, END)),
        TrialBank.of(METHODS[name].start(given)),
        batches,
        np.full((len(trials), 3), 1 / 3),
        Schedule(STEPS),
        WIDE,
    )
