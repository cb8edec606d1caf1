"""Train the prompts: a population of trials that share every forward and backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.bank import TrialBank
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree
from crosspt_cli.core.optimise import Schedule, TrialAdam
from crosspt_cli.core.packing import token_positions

RECENT_STEPS = 10  # at the least, and one pass over the rows, stand behind a trial's `leaning`
SCORING_PASS = 6  # times as many tokens fit a pass when nothing is kept for gradients
LEANING_FLOOR = 0.1  # probability mass spread over all classes, so that one not seen lately leans by a finite amount


class Population:
    """T trials on one task, trained step by step and scored whenever asked.

    Args:
        backbone: the frozen T5.
        texts: all of the task's rows.
        labels: [rows] int64 on the backbone's device.
        tree: the label words.
        bank: the trials.
        batches: [T, steps, B] int64, the rows each trial sees at each step.
        schedule: learning-rate factor over the steps.
        tokens_at_once: how many tokens one pass may hold; the population is cut along T to fit, which changes
            memory and never a result beyond rounding.
    """

    def __init__(
        self,
        backbone: Backbone,
        texts: EncodedTexts,
        labels: Tensor,
        tree: DeviceTree,
        bank: TrialBank,
        batches: np.ndarray,
        schedule: Schedule,
        tokens_at_once: int,
    ) -> None:
        self.backbone, self.texts, self.labels, self.tree = backbone, texts, labels, tree
        self.bank, self.schedule = bank, schedule
        self.batches = torch.as_tensor(batches, device=backbone.device)
        self.optimiser = TrialAdam(bank)
        self.tokens_at_once = tokens_at_once
        self.losses = torch.full((len(bank),), float("nan"), device=backbone.device)
        self.seen = torch.zeros(2, len(bank), len(tree.path_node), device=backbone.device)
        self.forget = 1.0 / max(RECENT_STEPS, len(texts) / self.batches.shape[2])

    def step(self) -> None:
        """Train every trial by one step of its own batch."""
        number = self.optimiser.steps
        rows = self.batches[:, number]  # [T, B]
        for trials in self._cuts(rows):
            self._backward(trials, rows[trials])
        self.optimiser.step(self.schedule.factor(number))

    @torch.no_grad()
    def held_out_nats(self, held_out: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return each trial's class log-likelihoods [h, C] on its own held-out rows.

        Args:
            held_out: one array of row indices [h] int64 per trial.
        """
        trial = torch.as_tensor(np.repeat(np.arange(len(held_out)), [len(rows) for rows in held_out]))
        rows = torch.as_tensor(np.concatenate(held_out))
        nats = score_rows(self.backbone, self.bank.prompts(), trial, self.texts, rows, self.tree, self.tokens_at_once)
        return np.split(nats, np.cumsum([len(rows) for rows in held_out])[:-1])

    def leaning(self) -> np.ndarray:
        """Return how far each trial favours each class beyond that class's share of the rows, [T, C] in nats.

        Taken from the batches of the last steps, at no cost: log of the mean probability given to a class minus log
        of the fraction of rows that have it. Prompts that were hardly trained lean by whole nats.
        """
        given, true = self.seen + LEANING_FLOOR / self.seen.shape[2]
        return (given.log() - true.log()).cpu().numpy()

    def keep(self, trials: Sequence[int]) -> None:
        """Go on with these trials only."""
        index = torch.as_tensor(list(trials), device=self.backbone.device)
        kept = self.bank.keep(index)
        self.optimiser = self.optimiser.keep(kept, index)
        self.bank, self.batches, self.losses = kept, self.batches[index], self.losses[index]
        self.seen = self.seen[:, index]

    def failed(self) -> list[bool]:
        """Return, per trial, whether its loss or gradient stopped being a number."""
        return self.optimiser.failed.tolist()

    def _cuts(self, rows: Tensor) -> list[slice]:
        """Return slices of trials that together hold at most `tokens_at_once` tokens, at least one trial each."""
        prompt = rows.shape[1] * self.bank.private.shape[1]
        tokens = (self.texts.lengths[rows].sum(1) + prompt).tolist()
        cuts, start, held = [], 0, 0
        for trial, size in enumerate(tokens):
            if trial > start and held + size > self.tokens_at_once:
                cuts.append(slice(start, trial))
                start, held = trial, 0
            held += size
        return [*cuts, slice(start, len(tokens))]

    def _backward(self, trials: slice, rows: Tensor) -> None:
        """Add the gradients of some trials' losses on rows [T, B]; losses are summed over trials, so none is scaled."""
        row_prompt = torch.arange(len(rows), device=rows.device).repeat_interleave(rows.shape[1])
        picked = rows.flatten()
        prompts = self.bank.prompts(trials)
        nats = self.backbone.class_nats(prompts, row_prompt, self.texts.take(picked), self.tree)
        right = nats.gather(1, self.labels[picked, None]).view(rows.shape)  # [T, B]
        losses = -right.mean(1)
        losses.sum().backward()
        self.losses[trials] = losses.detach()
        self._remember(trials, nats.detach().view(*rows.shape, -1).exp(), self.labels[rows])

    def _remember(self, trials: slice, given: Tensor, labels: Tensor) -> None:
        """Move the running means of given probabilities [T, B, C] and true labels [T, B] towards this batch's."""
        true = torch.nn.functional.one_hot(labels, given.shape[2]).float()
        for mean, batch in zip(self.seen, (given, true), strict=True):
            mean[trials] += (batch.mean(1).nan_to_num(0.0) - mean[trials]) * max(
                self.forget, 1 / (self.optimiser.steps + 1)
            )


@torch.no_grad()
def score_rows(
    backbone: Backbone,
    prompts: Tensor,
    row_prompt: Tensor,
    texts: EncodedTexts,
    rows: Tensor,
    tree: DeviceTree,
    tokens_at_once: int,
) -> np.ndarray:
    """Return class log-likelihoods [R, C] float32 of rows under prompts, in passes of bounded size.

    Rows of similar length go together, so that the attention grid holds little padding; the order of the answer is
    the order of `rows`.

    Args:
        backbone: the frozen T5.
        prompts: [T, P, H].
        row_prompt: [R] int64, the prompt before each row.
        texts: all texts.
        rows: [R] int64, indices into `texts`.
        tree: the label words.
        tokens_at_once: how many tokens a pass with gradients may hold; one without holds more.
    """
    device = backbone.device
    row_prompt, rows = row_prompt.to(device), rows.to(device)
    order = texts.lengths[rows].argsort()
    nats = torch.empty(len(rows), len(tree.path_node), device=device)
    for part in _passes(texts.lengths[rows][order] + prompts.shape[1], tokens_at_once):
        at = order[part]
        nats[at] = backbone.class_nats(prompts, row_prompt[at], texts.take(rows[at]), tree)
    return nats.cpu().numpy()


@torch.no_grad()
def read_to_layer(backbone: Backbone, texts: EncodedTexts, layer: int, tokens_at_once: int) -> EncodedTexts:
    """Return texts read through the first `layer` encoder layers, in passes of bounded size; 0 leaves them as they are.

    What a prompt that enters later does not touch is computed once per row, for a whole search.
    """
    if layer == 0:
        return texts
    order = texts.lengths.argsort()
    stream = torch.empty(len(texts.tokens), backbone.width, dtype=backbone.t5.dtype, device=backbone.device)
    for part in _passes(texts.lengths[order], tokens_at_once):
        rows = order[part]
        read = backbone.read_to(texts.take(rows), layer)
        row, position = token_positions(read.lengths)
        stream[texts.starts[rows][row] + position] = read.stream
    return replace(texts, stream=stream, layer=layer)


@torch.no_grad()
def sentence_vectors(backbone: Backbone, texts: EncodedTexts, tokens_at_once: int) -> np.ndarray:
    """Return mean-pooled encoder outputs without a prompt, [rows, H] float32, in passes of bounded size."""
    order = texts.lengths.argsort()
    vectors = torch.empty(len(texts), backbone.width, device=backbone.device)
    for part in _passes(texts.lengths[order], tokens_at_once):
        vectors[order[part]] = backbone.sentence_vectors(texts.take(order[part]))
    return vectors.cpu().numpy()


def _passes(lengths: Tensor, tokens_at_once: int) -> list[slice]:
    """Return slices of rows sorted by length that fit a pass without gradients."""
    most = SCORING_PASS * tokens_at_once
    passes, start = [], 0
    for row, length in enumerate(lengths.tolist()):
        if row > start and (row + 1 - start) * length > most:
            passes.append(slice(start, row))
            start = row
    return [*passes, slice(start, len(lengths))] if len(lengths) else []
