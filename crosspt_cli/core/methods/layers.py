"""A prompt for every layer: in each encoder layer from the entry on, the prompt's places hold trained values.

Source: Li and Liang 2021 (prefix tuning) and Liu et al. 2022 (P-tuning v2) train keys and values at every layer; here
it is the residual stream, so that a prompt of one layer is the special case D = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.initialise import from_vocabulary_by_layer
from crosspt_cli.core.methods.method import EVERY, Group, Method, Start

EPSILON = 1e-8


class Layers(Method):
    """One prompt for each of D encoder layers per trial, all of them private.

    Args:
        values: [T, D, P, H] float32, where the prompts start.
        rate: [T, D] float32, learning rates: they grow with the residual stream, layer by layer.
    """

    rate: Tensor

    def __init__(self, values: Tensor, rate: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values.clone())
        self.register_buffer("rate", rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials that start at their rows' tokens, as these stand at each layer without a prompt."""
        values = torch.stack(
            [
                from_vocabulary_by_layer(given.backbone, given.texts, rows, given.tokens, random)
                for rows, random in zip(given.rows, given.random, strict=True)
            ]
        )
        size = values.square().mean((2, 3)).sqrt()  # [T, D]
        return cls(values, given.rate[:, None] * size / size[:, :1])

    def groups(self) -> tuple[Group, ...]:
        """Return the prompts of all layers."""
        return (Group(self.values, self.rate, EPSILON),)

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the prompts of some trials, [T, D, P, H]."""
        return self.values[trials]

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return nothing: the folded prompt is all there is."""
        return {}
