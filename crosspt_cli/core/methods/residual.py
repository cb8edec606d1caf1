"""Residual prompt tuning: the prompt is P + LayerNorm(MLP(P)); the network is folded into it and dropped afterwards.

Source: Razdaibiedina et al. 2023, arXiv 2305.03937.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.methods.method import EVERY, Group, Method, Start
from crosspt_cli.foundation.methods import BOTTLENECK

EPSILON = 1e-8
WAYS = 3  # in which a step moves the prompt at once: its values, the norm's gain and its shift


class Residual(Method):
    """One prompt and one network per trial: P' = P + LayerNorm(ReLU(P W_down) W_up), the network without biases.

    The norm's gain and shift start at 0 (usual is a gain of 1), so that P' starts at the tokens P and not at these and
    as much noise.

    Args:
        values: [T, P, H] float32, where P starts.
        down: [T, H, m] float32, where W_down starts; m is the network's width.
        up: [T, m, H] float32, where W_up starts.
        rate: [T] float32, how far a step moves the numbers of P'.
    """

    rate: Tensor
    down_rate: Tensor
    up_rate: Tensor

    def __init__(self, values: Tensor, down: Tensor, up: Tensor, rate: Tensor) -> None:
        super().__init__()
        trials, _, width = values.shape
        self.values, self.down, self.up = (nn.Parameter(each.clone()) for each in (values, down, up))
        self.gain, self.shift = (nn.Parameter(values.new_zeros(trials, width)) for _ in range(2))
        relative = rate / values.square().mean((1, 2)).sqrt()
        self.register_buffer("rate", rate / math.sqrt(WAYS))
        self.register_buffer("down_rate", relative / down.shape[1])
        self.register_buffer("up_rate", relative / up.shape[1])

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials that start at tokens of their rows, with networks drawn at random.

        Weights have a variance of one over how many numbers each sum has, so that sums have the size of what goes in.
        """
        prompts, downs, ups = [], [], []
        width, device = given.sources.shape[2], given.sources.device
        for rows, random in zip(given.rows, given.random, strict=True):
            prompts.append(from_vocabulary(given.backbone, given.texts, rows, given.tokens, random))
            downs.append(_weights(random, width, BOTTLENECK))
            ups.append(_weights(random, BOTTLENECK, width))
        return cls(torch.stack(prompts), torch.stack(downs).to(device), torch.stack(ups).to(device), given.rate)

    def groups(self) -> tuple[Group, ...]:
        """Return P, the network, and the norm's gain and shift.

        A step moves what each of the network's sums comes to, relative to its size, as far as `rate` moves P at most.
        """
        return (
            Group(self.values, self.rate, EPSILON),
            Group(self.gain, self.rate, EPSILON),
            Group(self.shift, self.rate, EPSILON),
            Group(self.down, self.down_rate, EPSILON),
            Group(self.up, self.up_rate, EPSILON),
        )

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the prompts P' of some trials, [T, 1, P, H]."""
        values = self.values[trials]
        hidden = torch.bmm(values, self.down[trials]).relu()
        normed = nn.functional.layer_norm(torch.bmm(hidden, self.up[trials]), values.shape[2:])
        return (values + normed * self.gain[trials][:, None] + self.shift[trials][:, None])[:, None]

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return nothing: the network is dropped."""
        return {}


def _weights(random: np.random.Generator, inputs: int, outputs: int) -> Tensor:
    return torch.from_numpy(random.standard_normal((inputs, outputs), np.float32) / math.sqrt(inputs))
