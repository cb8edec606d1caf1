"""The CrossPT mixture with a decomposed private prompt: target prompt = Σ share × source prompt + share × A · B."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.methods.decomposed import EPSILON, factor_rates, factors_of
from crosspt_cli.core.methods.method import EVERY, Group, Start
from crosspt_cli.core.methods.mixture import Mixing, allowed_sources, private_start


class MixtureDecomposed(Mixing):
    """The mixture of CrossPT (arXiv 2509.14253) whose private prompt is that of DPT (arXiv 2310.10094).

    target prompt = Σ_s w_s P_s + w_u A · B, with w = softmax(M z). A · B starts as near to the sources' mean, or
    without sources to tokens of the rows, as its rank allows.

    Args:
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        left: [T, P, r] float32, where A starts.
        right: [T, r, H] float32, where B starts.
        allowed: [T, S] bool, which sources each trial mixes.
        private_rate: [T] float32, how far a step moves the numbers of A · B.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

    left_rate: Tensor
    right_rate: Tensor

    def __init__(
        self,
        sources: Tensor,
        left: Tensor,
        right: Tensor,
        allowed: Tensor,
        private_rate: Tensor,
        attention_rate: Tensor,
    ) -> None:
        super().__init__(sources, allowed, attention_rate)
        self.left, self.right = nn.Parameter(left.clone()), nn.Parameter(right.clone())
        left_rate, right_rate = factor_rates(left, right, private_rate)
        self.register_buffer("left_rate", left_rate)
        self.register_buffer("right_rate", right_rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials with equal shares, whose products start near to where private prompts of a mixture do."""
        left, right = factors_of(private_start(given))
        return cls(given.sources, left, right, allowed_sources(given), given.rate, given.attention_rate)

    def own_groups(self) -> tuple[Group, ...]:
        """Return both factors."""
        return (Group(self.left, self.left_rate, EPSILON), Group(self.right, self.right_rate, EPSILON))

    def own(self, trials: slice = EVERY) -> Tensor:
        """Return the products of some trials, [T, P, H]."""
        return torch.bmm(self.left[trials], self.right[trials])
