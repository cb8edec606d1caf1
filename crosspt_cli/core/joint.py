"""Train many source prompts at once, each task answering with a learned mixture of all of them.

Source prompts start from one common point, so that mixtures of them stay meaningful (prompts trained from different
random starts are nearly orthogonal, and their average is no prompt at all), or from prompts that were trained together
before. Task t's target prompt is
Σ share_ts · P_s with learned shares; its own source starts with half of the attention, or more.

Source: CrossPT (arXiv 2509.14253), its "shared from scratch" stage, with the own source in the private prompt's place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree
from crosspt_cli.core.optimise import CLIP, Schedule, gradient
from crosspt_cli.core.read import read_to_layer, score_rows
from crosspt_cli.foundation.errors import TrainingError
from crosspt_cli.foundation.seeds import stream

NAN_HINT = (
    "Try --dtype fp32, or a smaller source-rate in the bank file; if it stays, the backbone's weights or the prompts "
    "of --start may be damaged."
)
SCALE_ROWS = 200  # of the first task, to measure the scale of what stands beside a prompt


@dataclass(frozen=True)
class SourceRows:
    """One source's rows as the backbone reads them: texts, `labels` [rows] int64, its label words' tree."""

    texts: EncodedTexts
    labels: Tensor
    tree: DeviceTree


@dataclass(frozen=True)
class JointRates:
    """Learning rates of the source prompts (for embeddings of `mini`'s scale) and of the attention over them."""

    sources: float = 0.055
    attention: float = 0.1


class JointBank:
    """S source prompts and the attention [S, S] of S tasks over them, in training.

    Args:
        backbone: the frozen T5.
        start: [S, P, H] float32, where the sources start.
        tasks: S tasks, one per source.
        schedule: learning-rate factor over the steps.
        rates: learning rates.
        layer: the encoder layer before which prompts enter.
        own_share: of a task's attention that its own source starts with, between 0 and 1.
    """

    def __init__(
        self,
        backbone: Backbone,
        start: Tensor,
        tasks: Sequence[SourceRows],
        schedule: Schedule,
        rates: JointRates,
        layer: int = 0,
        own_share: float = 0.5,
    ) -> None:
        self.backbone, self.tasks, self.schedule, self.layer = backbone, tasks, schedule, layer
        count = len(tasks)
        self.sources = start.clone().requires_grad_()
        own = math.log(own_share / (1 - own_share) * max(1, count - 1))
        self.logits = (torch.eye(count, device=start.device) * own).requires_grad_()
        some = torch.arange(min(SCALE_ROWS, len(tasks[0].texts)), device=start.device)
        scale = backbone.learning_scale(self._read(tasks[0].texts.take(some)), some)
        groups: list[dict[str, Any]] = [
            {"params": [self.sources], "lr": rates.sources * scale},
            {"params": [self.logits], "lr": rates.attention},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
        self.base_rates = [group["lr"] for group in groups]
        self.steps = 0

    def shares(self) -> Tensor:
        """Return each task's attention over the sources, [S, S], rows summing to 1."""
        return self.logits.softmax(-1)

    def targets(self) -> Tensor:
        """Return each task's target prompt, [S, P, H]."""
        return torch.einsum("ts,sph->tph", self.shares(), self.sources)

    def step(self, batch: int, seed: int) -> float:
        """Train on one batch of every task and return the mean loss in nats.

        Args:
            batch: rows per task.
            seed: the run's seed; step and task name the stream, so that a resumed run draws the same rows.

        Raises:
            TrainingError: a loss or a gradient is no number; nothing was moved.
        """
        losses = []
        for number, task in enumerate(self.tasks):
            random = stream(seed, "joint", self.steps, number)
            rows = torch.as_tensor(random.choice(len(task.texts), size=batch), device=self.backbone.device)
            losses.append(self._backward(number, task, rows))
        # every task pulls on every source: clip per source, so that one hard task cannot stall the others
        pull = gradient(self.sources)
        norms = pull.flatten(1).norm(dim=1)
        self._require_numbers(losses, norms)
        pull.mul_(CLIP / norms.clamp(min=CLIP)[:, None, None])
        factor = self.schedule.factor(self.steps)
        for group, rate in zip(self.optimiser.param_groups, self.base_rates, strict=True):
            group["lr"] = rate * factor
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.steps += 1
        return float(np.mean(losses))

    @torch.no_grad()
    def accuracy(self, number: int, task: SourceRows, tokens_at_once: int) -> float:
        """Return the fraction of a task's rows that its target prompt gets right."""
        rows = torch.arange(len(task.texts))
        prompt = self.targets()[number][None]
        texts = read_to_layer(self.backbone, task.texts, self.layer, tokens_at_once)
        nats = score_rows(self.backbone, prompt, rows * 0, texts, rows, task.tree, tokens_at_once)
        return float((nats.argmax(1) == task.labels.cpu().numpy()).mean())

    def state(self) -> dict[str, np.ndarray]:
        """Return everything a resumed run needs, as arrays."""
        arrays = {"sources": self.sources, "logits": self.logits}
        for name, parameter in list(arrays.items()):
            moments = self.optimiser.state[parameter]
            arrays |= {f"{name}.mean": moments["exp_avg"], f"{name}.square": moments["exp_avg_sq"]}
        return {name: value.detach().cpu().numpy() for name, value in arrays.items()}

    def resume(self, state: dict[str, np.ndarray], steps: int) -> None:
        """Go on from what `state` returned after `steps` steps."""
        self.steps = steps
        for name, parameter in (("sources", self.sources), ("logits", self.logits)):
            parameter.data.copy_(torch.as_tensor(state[name]))
            self.optimiser.state[parameter] = {
                "step": torch.tensor(float(steps)),
                "exp_avg": torch.as_tensor(state[f"{name}.mean"]).to(parameter.device),
                "exp_avg_sq": torch.as_tensor(state[f"{name}.square"]).to(parameter.device),
            }

    def _require_numbers(self, losses: Sequence[float], norms: Tensor) -> None:
        """Raise unless every loss, and the gradients' norms [S] and attention, are numbers."""
        lost = [number + 1 for number, loss in enumerate(losses) if not math.isfinite(loss)]
        what = f"the loss of source {lost[0]} of {len(losses)}" if lost else "a gradient"
        if lost or not (norms.isfinite().all() and gradient(self.logits).isfinite().all()):
            raise TrainingError("pretraining", f"{what} became nan at step {self.steps + 1:,}.", NAN_HINT)

    def _backward(self, number: int, task: SourceRows, rows: Tensor) -> float:
        prompt = torch.einsum("s,sph->ph", self.logits[number].softmax(-1), self.sources)[None]
        nats = self.backbone.class_nats(prompt, rows * 0, self._read(task.texts.take(rows)), task.tree)
        loss = -nats.gather(1, task.labels[rows, None]).mean()
        loss.backward()
        return float(loss.detach())

    def _read(self, texts: EncodedTexts) -> EncodedTexts:
        return self.backbone.read_to(texts, self.layer) if self.layer else texts
