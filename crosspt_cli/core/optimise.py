"""Adam for T trials at once, each with its own learning rates and its own gradient clip."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from crosspt_cli.core.bank import TrialBank

BETAS = (0.9, 0.999)
EPSILON = 1e-8  # of the private prompt
ATTENTION_EPSILON = 1e-5
"""A private prompt that starts at its sources' mean gives its logit a gradient of exactly nothing: rounding, about
1e-7. With the usual 1e-8, Adam would turn that into a full step in a direction that depends on who else is trained."""
CLIP = 1.0  # largest gradient norm of one trial, over its private prompt and attention together


@dataclass(frozen=True)
class Schedule:
    """Learning-rate factor over a run: rises over `warmup` steps, then falls linearly to `floor` at `steps`."""

    steps: int
    warmup: int = 5
    floor: float = 0.1

    def factor(self, step: int) -> float:
        """Return the factor for `step`, counted from 0."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return max(self.floor, 1.0 - done * (1.0 - self.floor))


def gradient(parameter: Tensor) -> Tensor:
    """Return a parameter's gradient, as the backward pass left it.

    Raises:
        RuntimeError: there was no backward pass.
    """
    if parameter.grad is None:
        raise RuntimeError("this parameter has no gradient: call backward first")
    return parameter.grad


class TrialAdam:
    """Adam over a `TrialBank`, a handful of tensor operations whatever T is.

    One clip over all trials would couple them, so norms are taken per trial. A trial whose gradient is not finite
    is left where it was and reported by `failed`; its neighbours are not touched.

    Args:
        bank: what to train.
    """

    def __init__(self, bank: TrialBank) -> None:
        self.bank = bank
        self.steps = 0
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self._parameters()]
        self.failed = torch.zeros(len(bank), dtype=torch.bool, device=bank.private.device)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Move every trial by one step from the gradients in the bank, then clear them.

        Args:
            factor: the schedule's factor on all learning rates.
        """
        self.steps += 1
        private, attention = (gradient(p).flatten(1).square().sum(1) for p in self._parameters())
        norm = (private + attention).sqrt()  # [T]
        self.failed |= ~norm.isfinite()
        scale = (CLIP / norm.clamp(min=CLIP)).masked_fill(self.failed, 0.0)
        rates = (self.bank.private_rate, self.bank.attention_rate)
        epsilons = (EPSILON, ATTENTION_EPSILON)
        for parameter, moments, rate, epsilon in zip(self._parameters(), self.moments, rates, epsilons, strict=True):
            mean, square = moments
            per_trial = (-1, *[1] * (parameter.dim() - 1))
            grad = gradient(parameter).nan_to_num(0.0, 0.0, 0.0).mul_(scale.view(per_trial))
            mean.lerp_(grad, 1 - BETAS[0])
            square.lerp_(grad.square(), 1 - BETAS[1])
            unbiased = mean / (1 - BETAS[0] ** self.steps)
            root = (square / (1 - BETAS[1] ** self.steps)).sqrt_().add_(epsilon)
            moved = (factor * rate * ~self.failed).view(per_trial) * unbiased / root
            parameter.sub_(moved)
            parameter.grad = None

    def keep(self, bank: TrialBank, trials: Tensor) -> TrialAdam:
        """Return the optimiser of `bank`, which holds the trials [K] of this one's, with their state."""
        kept = TrialAdam(bank)
        kept.steps = self.steps
        kept.moments = [(mean[trials], square[trials]) for mean, square in self.moments]
        kept.failed = self.failed[trials]
        return kept

    def _parameters(self) -> tuple[Tensor, Tensor]:
        return self.bank.private, self.bank.logits
