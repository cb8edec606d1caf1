"""Which weights learn how: Muon for the decoder's matrices, Adam for everything else."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recipes.backbone.muon import Muon
from recipes.backbone.student import Student

DECODER_RATE, ENCODER_RATE, SMALL_RATE, PROMPT_RATE = 0.01, 2e-4, 1e-3, 0.02
HEALING_RATE = 5e-4
WARM_UP, FALL = 50, 0.4  # steps of rising rate; the last part of the steps, in which it falls
LAST = 0.03  # of the full rate


class Optimisers:
    """Muon and Adam under one schedule.

    Source: Muon, Jordan 2024: with the output projections at zero, a small T5's decoder leaves its plateau within
    minutes; Adam at any rate stayed on it for an hour.

    Args:
        student: the T5 in training; Muon's products run in its `dtype`.
        prompts: soft instructions [S, P, H], or None.
        encoder_rate: Adam's, for the encoder's matrices and the embeddings.
        steps: over which the rates rise and fall.
        decoder: whether the decoder is trained.
        rate: factor on all rates.
    """

    def __init__(
        self,
        student: Student,
        prompts: Tensor | None,
        encoder_rate: float,
        steps: int,
        decoder: bool,
        rate: float = 1.0,
    ) -> None:
        groups: dict[str, list[nn.Parameter]] = {"query": [], "decoder": [], "encoder": [], "small": []}
        for name, weight in student.model.named_parameters():
            if decoder or not name.startswith("decoder"):
                groups[_group(name, weight)].append(weight)
        adam = [
            {"params": groups["encoder"], "lr": encoder_rate},
            {"params": groups["small"], "lr": SMALL_RATE},
        ]
        if prompts is not None:
            adam.append({"params": [prompts], "lr": PROMPT_RATE})
        self.all: list[torch.optim.Optimizer] = [torch.optim.Adam(adam, betas=(0.9, 0.98), fused=True)]
        if decoder:
            muon = [
                {"params": groups["query"], "lr": DECODER_RATE / 8},
                {"params": groups["decoder"], "lr": DECODER_RATE},
            ]
            self.all.append(Muon(muon, student.dtype))
        self.schedules = [
            torch.optim.lr_scheduler.LambdaLR(each, lambda step: rate * _factor(step, steps)) for each in self.all
        ]

    def step(self) -> None:
        """Move the weights by their gradients, and forget those."""
        for optimiser, schedule in zip(self.all, self.schedules, strict=True):
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)

    def state(self) -> list[dict]:
        """Return everything needed to go on."""
        return [each.state_dict() for each in (*self.all, *self.schedules)]

    def load(self, states: Sequence[dict]) -> None:
        """Go on from a state."""
        for each, state in zip((*self.all, *self.schedules), states, strict=True):
            each.load_state_dict(state)


def _group(name: str, weight: Tensor) -> str:
    if weight.ndim < 2 or "relative" in name:
        return "small"
    if not name.startswith("decoder"):
        return "encoder"
    return "query" if name.endswith("q.weight") else "decoder"


def _factor(step: int, steps: int) -> float:
    rising = (step + 1) / WARM_UP
    falling = LAST + (1 - LAST) * (steps - step) / max(1.0, FALL * steps)
    return max(LAST, min(1.0, rising, falling))
