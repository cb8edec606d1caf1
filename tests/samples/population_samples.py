"""A population of small trials on a small task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from hf_reference import END, WIDTH, as_backbone, random_texts, small_t5

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.bank import TrialBank
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.methods.mixture import Mixture
from crosspt_cli.core.optimise import Schedule
from crosspt_cli.core.train import Population
from crosspt_cli.tasks.label_tree import LabelTree

ROWS, TOKENS, SOURCES, STEPS, BATCH = 12, 3, 2, 8, 4
WORDS = ((5, 6), (5, 7), (9,))
WIDE = 100_000  # tokens at once: everything in one pass


def small_bank(trials: int, rates: dict[int, float] | None = None, device: torch.device | None = None) -> Mixture:
    """Return trials that differ in start, sources and learning rates; `rates` overrides private ones."""
    draw = torch.Generator().manual_seed(1)
    sources = torch.randn(SOURCES, TOKENS, WIDTH, generator=draw)
    private = torch.randn(trials, TOKENS, WIDTH, generator=draw)
    allowed = torch.tensor([[t % 3 > 0, t % 3 > 1] for t in range(trials)])
    rate = torch.tensor([0.02 * (1 + t % 2) for t in range(trials)])
    for trial, value in (rates or {}).items():
        rate[trial] = value
    parts = (sources, private, allowed, rate, torch.full((trials,), 0.1))
    return Mixture(*(part.to(device) for part in parts))


def small_population(
    method: Mixture,
    trials: list[int],
    dtype: torch.dtype = torch.float32,
    at_once: int = WIDE,
    backbone: Backbone | None = None,
) -> Population:
    """Return the population of some of a method's trials; what each sees depends on its number alone."""
    backbone = backbone or as_backbone(small_t5(), dtype)
    texts = encode_texts(random_texts([2 + 3 * row % 11 for row in range(ROWS)]), backbone.device)
    texts = replace(texts, vectors=backbone.sentence_vectors(texts))  # at once: passes are what some tests count
    labels = torch.arange(ROWS, device=backbone.device) % 3
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    index = torch.tensor(trials, device=backbone.device)
    batches = np.stack([np.random.default_rng(t).integers(0, ROWS, (STEPS, BATCH)) for t in trials])
    shares = np.full((len(trials), 3), 1 / 3)
    return Population(
        backbone, texts, labels, tree, TrialBank.of(method.keep(index)), batches, shares, Schedule(STEPS), at_once
    )


@dataclass(frozen=True)
class Watched(Backbone):
    """A backbone that keeps how many tokens each pass held, and has no memory for some of them.

    `fails`: (number of the pass, its tokens) → whether it fails · `late`: a pass with gradients fails at its very end.
    """

    passes: list[int] = field(default_factory=list)
    fails: Callable[[int, int], bool] = lambda number, tokens: False
    late: bool = False

    def _read(self, prompts, row_prompt, texts):
        """Read as any backbone does, if there is memory."""
        number, tokens = len(self.passes), len(texts.tokens) + len(row_prompt) * prompts.shape[-2]
        self.passes.append(tokens)
        if self.fails(number, tokens):
            if not (self.late and prompts.requires_grad):
                raise torch.OutOfMemoryError
            prompts.register_hook(_no_memory)
        return super()._read(prompts, row_prompt, texts)


def _no_memory(grad) -> None:
    raise torch.OutOfMemoryError


def watched(**settings) -> Watched:
    """Return a small float32 backbone that is watched."""
    plain = as_backbone(small_t5())
    return Watched(plain.name, plain.fingerprint, plain.t5, plain.tokenizer, **settings)


def nats_of(population: Population, rows: list[np.ndarray]) -> list[np.ndarray]:
    """Return each trial's class log-likelihoods on rows of its own."""
    return [answered.nats for answered in population.answers(rows)]


def method_of(population: Population) -> Mixture:
    """Return the trials of a population that has one method."""
    ((part),) = population.bank.parts
    return part.method


def trained(population: Population, steps: int = STEPS) -> Population:
    """Return the population after some steps."""
    for _ in range(steps):
        population.step()
    return population
