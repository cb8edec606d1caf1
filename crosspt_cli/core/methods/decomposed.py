"""Decomposed prompt tuning: the private prompt is a product P = A · B of two thin factors, A [P, r] and B [r, H].

Source: DPT (Xiao et al. 2023, arXiv 2310.10094), with r = 10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.methods.method import EVERY, Group, Method, Start
from crosspt_cli.foundation.methods import RANK

EPSILON = 1e-8
NEGLIGIBLE = 1e-5  # of the largest singular value; what is smaller is rounding, and starts at exactly 0


class Decomposed(Method):
    """One private prompt per trial, P = A · B (arXiv 2310.10094).

    The paper draws both factors from U(-0.5, 0.5). Few steps are left to few rows, and a prompt that starts from
    tokens of the task needs fewer (Lester et al. 2021), so here A · B starts at the nearest product of rank r to such
    a prompt.

    Args:
        left: [T, P, r] float32, where A starts.
        right: [T, r, H] float32, where B starts.
        rate: [T] float32, how far a step moves the numbers of A · B.
    """

    left_rate: Tensor
    right_rate: Tensor

    def __init__(self, left: Tensor, right: Tensor, rate: Tensor) -> None:
        super().__init__()
        self.left, self.right = nn.Parameter(left.clone()), nn.Parameter(right.clone())
        left_rate, right_rate = factor_rates(left, right, rate)
        self.register_buffer("left_rate", left_rate)
        self.register_buffer("right_rate", right_rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials whose products start as near to tokens of their rows as their rank allows."""
        prompts = [
            from_vocabulary(given.backbone, given.texts, rows, given.tokens, random)
            for rows, random in zip(given.rows, given.random, strict=True)
        ]
        return cls(*factors_of(torch.stack(prompts)), given.rate)

    def groups(self) -> tuple[Group, ...]:
        """Return both factors."""
        return (Group(self.left, self.left_rate, EPSILON), Group(self.right, self.right_rate, EPSILON))

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the products of some trials, [T, 1, P, H]."""
        return torch.bmm(self.left[trials], self.right[trials])[:, None]

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return nothing: the product is all there is."""
        return {}


def factors_of(prompts: Tensor, rank: int = RANK) -> tuple[Tensor, Tensor]:
    """Return factors A [T, P, r] and B [T, r, H] whose products are the nearest of that rank to prompts [T, P, H].

    They come from a truncated singular value decomposition. The rows of B are orthogonal directions, scaled to the
    length of a mean token; A says where the tokens lie in them. So no direction of B starts at nothing, and each can
    be learned even where the tokens do not span it. r is `rank`, or P where that is less.

    Source: Eckart and Young 1936.
    """
    lefts, rights = [], []
    for prompt in prompts:  # one by one: a neighbour must not change a bit of the decomposition
        u, values, vt = torch.linalg.svd(prompt, full_matrices=False)
        kept = values[:rank].where(values[:rank] > NEGLIGIBLE * values[0], 0.0)
        length = torch.linalg.vector_norm(prompt) / math.sqrt(len(prompt))
        lefts.append(u[:, :rank] * kept / length)
        rights.append(vt[:rank] * length)
    return torch.stack(lefts), torch.stack(rights)


def factor_rates(left: Tensor, right: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """Return learning rates [T] of A [T, P, r] and B [T, r, H] by which a step moves A · B as `rate` [T] says.

    Adam moves each number by about its rate, so a step of `a` in A moves a number of A · B by a √r times the root mean
    square of B, and likewise for the other. Half of the squared way is each factor's.
    """
    rank = right.shape[1]
    left_size, right_size = (each.square().mean((1, 2)).sqrt() for each in (left, right))
    return rate / (math.sqrt(2 * rank) * right_size), rate / (math.sqrt(2 * rank) * left_size)
