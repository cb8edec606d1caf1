"""Muon with its matrix products in the number format that is fast here."""

from __future__ import annotations

import torch
from torch import Tensor


class Muon(torch.optim.Muon):
    """torch's Muon, whose own products are in bfloat16 always: a hundred times slower where the processor has none.

    Source: Jordan 2024, https://kellerjordan.github.io/posts/muon/.

    Args:
        params: matrices, or groups of them.
        dtype: of the products.
        lr: learning rate of groups that have none.
        weight_decay: share of a matrix that is taken off, times the learning rate.
    """

    def __init__(self, params, dtype: torch.dtype, lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay)
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        """Move every matrix [A, B] by its direction, longer by √(A / B) where it is taller than wide."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(matrix.grad)
                mean = state["momentum_buffer"]
                mean.lerp_(matrix.grad, 1 - group["momentum"])
                ahead = matrix.grad.lerp(mean, group["momentum"])
                rate = group["lr"] * max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(self._direction(ahead, group), alpha=-rate)

    def _direction(self, gradient: Tensor, group: dict) -> Tensor:
        """Return the gradient [A, B] with all its singular values near 1, by Newton and Schulz's iteration."""
        a, b, c = group["ns_coefficients"]
        tall = gradient.shape[0] > gradient.shape[1]
        found = (gradient.T if tall else gradient).to(self.dtype)
        found = found / found.norm().clamp(min=group["eps"])
        for _ in range(group["ns_steps"]):
            gram = found @ found.T
            found = torch.addmm(found, torch.addmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
        return found.T if tall else found
