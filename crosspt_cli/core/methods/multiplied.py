"""Multiplicative prompt transfer: the prompt is a shared one, times a matrix of rank 1, number by number.

Source: MPT (Wang et al. 2023, arXiv 2303.02861): P_k = P* ∘ (u_k v_kᵀ).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.methods.method import EVERY, Group, Method, Start
from crosspt_cli.core.methods.mixture import private_start

EPSILON = 1e-8


class Multiplied(Method):
    """P = P* ∘ (u vᵀ) per trial (arXiv 2303.02861), where P* is the trial's source, frozen.

    The paper learns P* from several tasks at once; here it is the source that answers the rows best. Without sources,
    P* starts at tokens of the rows and is trained along. u and v start at 1, so that P starts at P*.

    Args:
        base: [T, P, H] float32, P*.
        frozen: [T] bool, whether it stays as it is.
        rate: [T] float32, how far a step moves the numbers of P.
    """

    frozen: Tensor
    base_rate: Tensor
    factor_rate: Tensor

    def __init__(self, base: Tensor, frozen: Tensor, rate: Tensor) -> None:
        super().__init__()
        trials, tokens, width = base.shape
        self.base = nn.Parameter(base.clone())
        self.of_token, self.of_width = (nn.Parameter(base.new_ones(trials, size)) for size in (tokens, width))
        part = rate / torch.where(frozen, 2.0, 3.0).sqrt()  # of the squared way: that of u, of v and, if trained, of P*
        self.register_buffer("frozen", frozen)
        self.register_buffer("base_rate", part.masked_fill(frozen, 0.0))
        self.register_buffer("factor_rate", part / base.square().mean((1, 2)).sqrt())

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials that start at their one source, or without it at tokens of their rows."""
        frozen = torch.tensor([bool(places) for places in given.mixed], device=given.sources.device)
        return cls(private_start(given), frozen, given.rate)

    def groups(self) -> tuple[Group, ...]:
        """Return u, v and P*."""
        return (
            Group(self.of_token, self.factor_rate, EPSILON),
            Group(self.of_width, self.factor_rate, EPSILON),
            Group(self.base, self.base_rate, EPSILON),
        )

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the prompts of some trials, [T, 1, P, H]."""
        base = self.base[trials]
        base = torch.where(self.frozen[trials][:, None, None], base.detach(), base)
        return (base * torch.einsum("tp,th->tph", self.of_token[trials], self.of_width[trials]))[:, None]

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return nothing: the product is all there is."""
        return {}
