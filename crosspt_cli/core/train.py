"""Train the prompts: a population of trials that share every forward and backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

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
        texts: all of the task's rows, read by `read_alone`.
        labels: [rows] int64 on the backbone's device.
        tree: the label words.
        bank: the trials.
        batches: [T, steps, B] int64, the rows each trial sees at each step.
        shares: [T, C], of the classes among the rows that each trial is trained on.
        schedule: learning-rate factor over the steps.
        tokens_at_once: how many tokens are worth one pass; the population is cut along T to hold no more, and no
            more than the backbone's `room`, which changes memory and never a result beyond rounding.
    """

    def __init__(
        self,
        backbone: Backbone,
        texts: EncodedTexts,
        labels: Tensor,
        tree: DeviceTree,
        bank: TrialBank,
        batches: np.ndarray,
        shares: np.ndarray,
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
        self.balance = self._class_weights(torch.as_tensor(shares, dtype=torch.float32, device=backbone.device))
        self.forget = 1.0 / max(RECENT_STEPS, len(texts) / self.batches.shape[2])

    def step(self) -> None:
        """Train every trial by one step of its own batch."""
        number = self.optimiser.steps
        rows = self.batches[:, number]  # [T, B]
        prompts = self.bank.prompts()  # [T, P, H]
        grads = torch.empty_like(prompts)
        size = rows.shape[1] * prompts.shape[1] + self.texts.lengths[rows].sum(1)  # [T], tokens
        ends = [0, *accumulate(size.tolist())]

        def train(trials: slice) -> None:
            grads[trials] = self._backward(trials, prompts[trials].detach(), rows[trials])

        self.backbone.room.run(
            len(rows), lambda first, end: ends[end] - ends[first], self.tokens_at_once, train, "a trial's batch"
        )
        prompts.backward(grads)
        self.optimiser.step(self.schedule.factor(number))

    @torch.no_grad()
    def answers(self, rows: Sequence[np.ndarray], first: int = 0) -> list[Answered]:
        """Return what trials answer on rows of their own.

        Args:
            rows: one array of row indices [r] int64 per trial.
            first: the trial that the first of them is for; the others follow it.
        """
        trial = torch.as_tensor(np.repeat(np.arange(len(rows)), [len(each) for each in rows]))
        every = torch.as_tensor(np.concatenate(rows))
        prompts = self.bank.prompts(slice(first, first + len(rows)))
        found = answer_rows(self.backbone, prompts, trial, self.texts, every, self.tree, self.tokens_at_once)
        return found.split([len(each) for each in rows])

    def leaning(self) -> np.ndarray:
        """Return how far each trial favours each class beyond that class's share of its rows, [T, C] in nats.

        Taken from the batches of the last steps, at no cost: log of the mean probability given to a class minus log
        of the fraction of rows that have it, both with rows weighted so that their classes have `shares`. Prompts that
        were hardly trained lean by whole nats.
        """
        given, true = self.seen + LEANING_FLOOR / self.seen.shape[2]
        return (given.log() - true.log()).cpu().numpy()

    def keep(self, trials: Sequence[int]) -> None:
        """Go on with these trials only."""
        index = torch.as_tensor(list(trials), device=self.backbone.device)
        kept = self.bank.keep(index)
        self.optimiser = self.optimiser.keep(kept, index)
        self.bank, self.batches, self.losses = kept, self.batches[index], self.losses[index]
        self.seen, self.balance = self.seen[:, index], self.balance[index]

    def failed(self) -> list[bool]:
        """Return, per trial, whether its loss or gradient stopped being a number."""
        return self.optimiser.failed.tolist()

    def _class_weights(self, shares: Tensor) -> Tensor:
        """Return what each trial's rows count by class, [T, C]: a class's share [T, C] over that of its batches."""
        classes = len(self.tree.path_node)
        drawn = self.labels[self.batches.flatten(1)]  # [T, steps · B]
        seen = torch.zeros(len(drawn), classes, device=drawn.device)
        seen.scatter_add_(1, drawn, torch.full_like(drawn, 1 / drawn.shape[1], dtype=seen.dtype))
        return torch.where(seen > 0, shares / seen.clamp(min=1e-9), 0.0)

    def _backward(self, trials: slice, prompts: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient [t, P, H] of some trials' losses on rows [t, B] for their prompts, and keep the losses.

        Losses are summed over trials, so none is scaled. Nothing is kept before all of it is there: a pass that
        fails for want of memory is one that never was.
        """
        row_prompt = torch.arange(len(rows), device=rows.device).repeat_interleave(rows.shape[1])
        picked = rows.flatten()
        prompts.requires_grad_()
        nats = self.backbone.class_nats(prompts, row_prompt, self.texts.take(picked), self.tree)
        right = nats.gather(1, self.labels[picked, None]).view(rows.shape)  # [t, B]
        losses = -right.mean(1)
        (grads,) = torch.autograd.grad(losses.sum(), prompts)
        seen = self._seen_with(trials, nats.detach().view(*rows.shape, -1).exp(), self.labels[rows])
        self.losses[trials], self.seen[:, trials] = losses.detach(), seen
        return grads

    def _seen_with(self, trials: slice, given: Tensor, labels: Tensor) -> Tensor:
        """Return some trials' running means [2, t, C] moved towards a batch's given [t, B, C] and true [t, B]."""
        weights = self.balance[trials].gather(1, labels)[..., None]  # [t, B, 1]
        true = torch.nn.functional.one_hot(labels, given.shape[2]).float()
        batch = torch.stack([(given * weights).mean(1).nan_to_num(0.0), (true * weights).mean(1)])
        before = self.seen[:, trials]
        return before + (batch - before) * max(self.forget, 1 / (self.optimiser.steps + 1))


@dataclass(frozen=True)
class Answered:
    """What rows are answered under their prompts, as arrays.

    `nats` [R, C] label words' log-likelihoods · `vectors` [R, H] mean encoder outputs of the texts behind the prompt ·
    `plain` [R, H] the same without a prompt; all float32.
    """

    nats: np.ndarray
    vectors: np.ndarray
    plain: np.ndarray

    def split(self, sizes: Sequence[int]) -> list[Answered]:
        """Return consecutive parts of these sizes."""
        ends = np.cumsum(sizes)[:-1]
        parts = (np.split(each, ends) for each in (self.nats, self.vectors, self.plain))
        return [Answered(*part) for part in zip(*parts, strict=True)]


@torch.no_grad()
def answer_rows(
    backbone: Backbone,
    prompts: Tensor,
    row_prompt: Tensor,
    texts: EncodedTexts,
    rows: Tensor,
    tree: DeviceTree,
    tokens_at_once: int,
) -> Answered:
    """Return what `score_rows` returns, and each row's vectors with and without its prompt.

    The arguments are the same, but `texts` have been read by `read_alone`.
    """
    device = backbone.device
    row_prompt, rows = row_prompt.to(device), rows.to(device)
    nats = torch.empty(len(rows), len(tree.path_node), device=device)
    vectors = torch.empty(len(rows), backbone.width, device=device)

    def answer(at: Tensor) -> None:
        found = backbone.answers(prompts, row_prompt[at], texts.take(rows[at]), tree)
        nats[at], vectors[at] = found.nats, found.vectors

    _in_passes(backbone, texts.lengths[rows] + prompts.shape[1], tokens_at_once, answer)
    return Answered(nats.cpu().numpy(), vectors.cpu().numpy(), texts.read_vectors[rows].cpu().numpy())


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

    Rows of similar length go together, so that the attention grid holds little padding, and the longest come first,
    so that a pass whose memory is measured is the costliest. The order of the answer is the order of `rows`.

    Args:
        backbone: the frozen T5.
        prompts: [T, P, H].
        row_prompt: [R] int64, the prompt before each row.
        texts: all texts.
        rows: [R] int64, indices into `texts`.
        tree: the label words.
        tokens_at_once: how many tokens are worth a pass with gradients; one without holds more.
    """
    device = backbone.device
    row_prompt, rows = row_prompt.to(device), rows.to(device)
    nats = torch.empty(len(rows), len(tree.path_node), device=device)

    def score(at: Tensor) -> None:
        nats[at] = backbone.class_nats(prompts, row_prompt[at], texts.take(rows[at]), tree)

    _in_passes(backbone, texts.lengths[rows] + prompts.shape[1], tokens_at_once, score)
    return nats.cpu().numpy()


def read_alone(backbone: Backbone, texts: EncodedTexts, layer: int, tokens_at_once: int) -> EncodedTexts:
    """Return texts with all that can be known of them before any prompt: see `read_to_layer` and `sentence_vectors`."""
    read = read_to_layer(backbone, texts, layer, tokens_at_once)
    return replace(read, vectors=torch.as_tensor(sentence_vectors(backbone, read, tokens_at_once)).to(backbone.device))


@torch.no_grad()
def read_to_layer(backbone: Backbone, texts: EncodedTexts, layer: int, tokens_at_once: int) -> EncodedTexts:
    """Return texts read through the first `layer` encoder layers, in passes of bounded size; 0 leaves them as they are.

    What a prompt that enters later does not touch is computed once per row, for a whole search.
    """
    if layer == 0:
        return texts
    stream = torch.empty(len(texts.tokens), backbone.width, dtype=backbone.t5.dtype, device=backbone.device)

    def read(rows: Tensor) -> None:
        part = backbone.read_to(texts.take(rows), layer)
        row, position = token_positions(part.lengths)
        stream[texts.starts[rows][row] + position] = part.read_stream

    _in_passes(backbone, texts.lengths, tokens_at_once, read)
    return replace(texts, stream=stream, layer=layer)


@torch.no_grad()
def sentence_vectors(backbone: Backbone, texts: EncodedTexts, tokens_at_once: int) -> np.ndarray:
    """Return mean-pooled encoder outputs without a prompt, [rows, H] float32, in passes of bounded size."""
    vectors = torch.empty(len(texts), backbone.width, device=backbone.device)

    def read(rows: Tensor) -> None:
        vectors[rows] = backbone.sentence_vectors(texts.take(rows))

    _in_passes(backbone, texts.lengths, tokens_at_once, read)
    return vectors.cpu().numpy()


def _in_passes(backbone: Backbone, lengths: Tensor, tokens_at_once: int, work: Callable[[Tensor], None]) -> None:
    """Have `work` done on all rows, the longest first, in passes without gradients of bounded size.

    Args:
        backbone: whose room the passes share.
        lengths: tokens of each row, prompt included, [R] int64.
        tokens_at_once: how many tokens are worth a pass with gradients.
        work: does the pass over rows [r] int64.
    """
    order = lengths.argsort(descending=True)
    longest = lengths[order].tolist()
    backbone.room.run(
        len(longest),
        lambda first, end: (end - first) * longest[first],
        SCORING_PASS * tokens_at_once,
        lambda part: work(order[part]),
        "a row",
    )
