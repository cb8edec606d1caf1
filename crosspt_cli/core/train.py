"""Train the prompts: a population of trials that share every forward and backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.bank import Part, TrialBank
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree
from crosspt_cli.core.optimise import Schedule, TrialAdam
from crosspt_cli.core.read import Answered, answer_rows

RECENT_STEPS = 10  # at the least, and one pass over the rows, stand behind a trial's `bias`
BIAS_FLOOR = 0.1  # probability mass spread over all classes, so that the bias to one not seen lately is finite


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
        self.optimisers = [TrialAdam(part.method) for part in bank.parts]
        self.steps = 0
        self.tokens_at_once = tokens_at_once
        self.losses = torch.full((len(bank),), float("nan"), device=backbone.device)
        self.seen = torch.zeros(2, len(bank), len(tree.path_node), device=backbone.device)
        self.balance = self._class_weights(torch.as_tensor(shares, dtype=torch.float32, device=backbone.device))
        self.forget = 1.0 / max(RECENT_STEPS, len(texts) / self.batches.shape[2])

    def step(self) -> None:
        """Train every trial by one step of its own batch."""
        for part, optimiser in zip(self.bank.parts, self.optimisers, strict=True):
            self._step(part, optimiser)
        self.steps += 1

    def _step(self, part: Part, optimiser: TrialAdam) -> None:
        """Train the trials of one method by one step."""
        rows = self.batches[part.places, self.steps]  # [t, B]
        prompts = part.method.training_prompts(self.steps)  # [t, D, P, H]
        grads = torch.empty_like(prompts)
        size = rows.shape[1] * prompts.shape[2] + self.texts.lengths[rows].sum(1)  # [t], tokens
        ends = [0, *accumulate(size.tolist())]

        def train(trials: slice) -> None:
            grads[trials] = self._backward(part.places[trials], prompts[trials].detach(), rows[trials])

        self.backbone.room.run(
            len(rows), lambda first, end: ends[end] - ends[first], self.tokens_at_once, train, "a trial's batch"
        )
        prompts.backward(grads)
        optimiser.step(self.schedule.factor(self.steps))

    @torch.no_grad()
    def answers(self, rows: Sequence[np.ndarray], first: int = 0) -> list[Answered]:
        """Return what trials answer on rows of their own.

        Args:
            rows: one array of row indices [r] int64 per trial.
            first: the trial that the first of them is for; the others follow it.
        """
        found: list[Answered | None] = [None] * len(rows)
        for part in self.bank.parts:
            asked = (part.places >= first) & (part.places < first + len(rows))
            own = (part.places[asked] - first).tolist()
            if own:
                sizes = [len(rows[place]) for place in own]
                prompts = part.method.prompts()[asked]
                trial = torch.as_tensor(np.repeat(np.arange(len(own)), sizes))
                every = torch.as_tensor(np.concatenate([rows[place] for place in own]))
                answered = answer_rows(self.backbone, prompts, trial, self.texts, every, self.tree, self.tokens_at_once)
                for place, each in zip(own, answered.split(sizes), strict=True):
                    found[place] = each
        return [each for each in found if each is not None]

    def bias(self) -> np.ndarray:
        """Return how far each trial favours each class beyond that class's share of its rows, [T, C] in nats.

        Taken from the batches of the last steps, at no cost: log of the mean probability given to a class minus log
        of the fraction of rows that have it, both with rows weighted so that their classes have `shares`. Prompts that
        were hardly trained have a bias of whole nats.
        """
        given, true = self.seen + BIAS_FLOOR / self.seen.shape[2]
        return (given.log() - true.log()).cpu().numpy()

    def keep(self, trials: Sequence[int]) -> None:
        """Go on with these trials only."""
        index = torch.as_tensor(list(trials), device=self.backbone.device)
        kept = self.bank.keep(index)
        before = zip(self.optimisers, (part.among(index)[1] for part in self.bank.parts), strict=True)
        staying = [(optimiser, numbers) for optimiser, numbers in before if len(numbers)]
        self.optimisers = [
            optimiser.keep(part.method, numbers) for (optimiser, numbers), part in zip(staying, kept.parts, strict=True)
        ]
        self.bank, self.batches, self.losses = kept, self.batches[index], self.losses[index]
        self.seen, self.balance = self.seen[:, index], self.balance[index]

    def failed(self) -> list[bool]:
        """Return, per trial, whether its loss or gradient stopped being a number."""
        failed = torch.zeros(len(self.bank), dtype=torch.bool, device=self.backbone.device)
        for part, optimiser in zip(self.bank.parts, self.optimisers, strict=True):
            failed[part.places] = optimiser.failed
        return failed.tolist()

    def _class_weights(self, shares: Tensor) -> Tensor:
        """Return what each trial's rows count by class, [T, C]: a class's share [T, C] over that of its batches."""
        classes = len(self.tree.path_node)
        drawn = self.labels[self.batches.flatten(1)]  # [T, steps · B]
        seen = torch.zeros(len(drawn), classes, device=drawn.device)
        seen.scatter_add_(1, drawn, torch.full_like(drawn, 1 / drawn.shape[1], dtype=seen.dtype))
        return torch.where(seen > 0, shares / seen.clamp(min=1e-9), 0.0)

    def _backward(self, trials: Tensor, prompts: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient [t, D, P, H] of some trials' losses on rows [t, B] for their prompts; keep the losses.

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

    def _seen_with(self, trials: Tensor, given: Tensor, labels: Tensor) -> Tensor:
        """Return some trials' running means [2, t, C] moved towards a batch's given [t, B, C] and true [t, B]."""
        weights = self.balance[trials].gather(1, labels)[..., None]  # [t, B, 1]
        true = torch.nn.functional.one_hot(labels, given.shape[2]).float()
        batch = torch.stack([(given * weights).mean(1).nan_to_num(0.0), (true * weights).mean(1)])
        before = self.seen[:, trials]
        return before + (batch - before) * max(self.forget, 1 / (self.steps + 1))
