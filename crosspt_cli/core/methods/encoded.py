"""The CrossPT mixture with a prompt encoder: the private prompt passes a linear layer, which is dropped afterwards.

Source: CrossPT (arXiv 2509.14253), whose prompt encoder is a linear layer.
"""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.methods.method import EVERY, Group, Start
from crosspt_cli.core.methods.mixture import EPSILON, Mixing, allowed_sources, private_start


class Encoded(Mixing):
    """The mixture whose private prompt is E W (arXiv 2509.14253): target prompt = Σ_s w_s P_s + w_u E W.

    W starts at the identity, so that E W starts where the private prompt of the mixture does. Sources are frozen and
    do not pass W. Its H × H numbers per trial are most of what is trained.

    Args:
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        embedded: [T, P, H] float32, where E starts.
        allowed: [T, S] bool, which sources each trial mixes.
        private_rate: [T] float32, how far a step moves the numbers of E W.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

    embedded_rate: Tensor
    encoder_rate: Tensor

    def __init__(
        self, sources: Tensor, embedded: Tensor, allowed: Tensor, private_rate: Tensor, attention_rate: Tensor
    ) -> None:
        super().__init__(sources, allowed, attention_rate)
        trials, _, width = embedded.shape
        self.embedded = nn.Parameter(embedded.clone())
        self.encoder = nn.Parameter(torch.eye(width, device=embedded.device).repeat(trials, 1, 1))
        half = private_rate / math.sqrt(2)  # of the squared way is E's, and half is W's
        self.register_buffer("embedded_rate", half)
        # each number of E W is a sum of H products: a step in W whose parts all agree moves it by this times H · size
        self.register_buffer("encoder_rate", half / (width * embedded.square().mean((1, 2)).sqrt()))

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials that start where those of the mixture do."""
        return cls(given.sources, private_start(given), allowed_sources(given), given.rate, given.attention_rate)

    def own_groups(self) -> tuple[Group, ...]:
        """Return E and W."""
        return (
            Group(self.embedded, self.embedded_rate, EPSILON),
            Group(self.encoder, self.encoder_rate, EPSILON),
        )

    def own(self, trials: slice = EVERY) -> Tensor:
        """Return the private prompts E W of some trials, [T, P, H]."""
        return torch.bmm(self.embedded[trials], self.encoder[trials])
