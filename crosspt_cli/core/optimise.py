"""Adam for T trials at once, each with its own learning rates and its own gradient clip."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from crosspt_cli.core.methods import Method

BETAS = (0.9, 0.999)
CLIP = 1.0  # largest gradient norm of one trial, over all of its parameters together


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
    """Adam over the trials of one method, a handful of tensor operations whatever T is.

    One clip over all trials would couple them, so norms are taken per trial. A trial whose gradient is not finite
    is left where it was and reported by `failed`; its neighbours are not touched.

    Args:
        method: what to train.
    """

    def __init__(self, method: Method) -> None:
        self.groups = method.groups()
        self.steps = 0
        self.moments = [(torch.zeros_like(each.values), torch.zeros_like(each.values)) for each in self.groups]
        self.failed = torch.zeros(len(method), dtype=torch.bool, device=self.groups[0].values.device)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Move every trial by one step from its gradients, then clear them.

        Args:
            factor: the schedule's factor on all learning rates.
        """
        self.steps += 1
        squares = [gradient(each.values).flatten(1).square().sum(1) for each in self.groups]
        norm = torch.stack(squares).sum(0).sqrt()  # [T]
        self.failed |= ~norm.isfinite()
        scale = (CLIP / norm.clamp(min=CLIP)).masked_fill(self.failed, 0.0)
        for group, (mean, square) in zip(self.groups, self.moments, strict=True):
            parameter = group.values
            grad = gradient(parameter).nan_to_num(0.0, 0.0, 0.0).mul_(_spread(scale, parameter))
            mean.lerp_(grad, 1 - BETAS[0])
            square.lerp_(grad.square(), 1 - BETAS[1])
            unbiased = mean / (1 - BETAS[0] ** self.steps)
            root = (square / (1 - BETAS[1] ** self.steps)).sqrt_().add_(group.epsilon)
            moved = _spread(factor * group.rates * ~_spread(self.failed, group.rates), parameter) * unbiased / root
            parameter.sub_(moved)
            parameter.grad = None

    def keep(self, method: Method, trials: Tensor) -> TrialAdam:
        """Return the optimiser of `method`, which holds the trials [K] of this one's, with their state."""
        kept = TrialAdam(method)
        kept.steps = self.steps
        kept.moments = [(mean[trials], square[trials]) for mean, square in self.moments]
        kept.failed = self.failed[trials]
        return kept


def _spread(values: Tensor, over: Tensor) -> Tensor:
    """Return values [T] or [T, D] with as many axes as `over` [T, ..], so that they multiply it."""
    return values.view(*values.shape, *[1] * (over.dim() - values.dim()))
