"""The CrossPT mixture with its router: while training, attention logits are sampled from a relaxed Bernoulli.

Source: CrossPT (arXiv 2509.14253) for the mixture, and the public code of its first author for the router: a
temperature that starts at 5, 3 or 1, the fewer rows the higher, and falls to 0.001. The relaxed Bernoulli is that of
Maddison et al. 2017 (arXiv 1611.00712).
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from crosspt_cli.core.methods.method import Start
from crosspt_cli.core.methods.mixture import Mixture, allowed_sources, attention_shares, compose, private_start

COLDEST = 0.001


class Router(Mixture):
    """The mixture whose shares are sampled in each step of training; the prompt that answers has plain ones.

    In step n of N, w = softmax(M y) with y = σ((z + ε) / t), ε drawn from the logistic distribution and the temperature
    t = max(t₀ (1 − n/N), 0.001). At prediction w = softmax(M z).

    Args:
        sources, private, allowed, private_rate, attention_rate: as of the mixture.
        noise: [T, N, S+1] float32, ε of each step: what a trial draws is drawn before its first step, and its own.
        temperature: [T] float32, t₀.
    """

    noise: Tensor
    temperature: Tensor

    def __init__(
        self,
        sources: Tensor,
        private: Tensor,
        allowed: Tensor,
        private_rate: Tensor,
        attention_rate: Tensor,
        noise: Tensor,
        temperature: Tensor,
    ) -> None:
        super().__init__(sources, private, allowed, private_rate, attention_rate)
        self.register_buffer("noise", noise)
        self.register_buffer("temperature", temperature)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials that start as those of the mixture do."""
        private, device = private_start(given), given.sources.device
        size = (given.steps, len(given.sources) + 1)
        noise = [torch.from_numpy(random.logistic(size=size)).float() for random in given.random]
        return cls(
            given.sources,
            private,
            allowed_sources(given),
            given.rate,
            given.attention_rate,
            torch.stack(noise).to(device),
            torch.tensor([first_temperature(len(rows)) for rows in given.rows], device=device),
        )

    def training_prompts(self, step: int) -> Tensor:
        """Return the target prompts of one step, counted from 0, with sampled shares, [T, 1, P, H]."""
        cooled = self.temperature * (1 - step / self.noise.shape[1])
        sampled = sample(self.logits, self.noise[:, step], cooled.clamp(min=COLDEST))
        return compose(attention_shares(sampled, self.allowed), self.sources, self.private)[:, None]


def first_temperature(rows: int) -> float:
    """Return the temperature of the first step with so many training rows."""
    return 5.0 if rows < 10 else 3.0 if rows < 20 else 1.0


def sample(logits: Tensor, noise: Tensor, temperature: Tensor) -> Tensor:
    """Return relaxed Bernoulli samples σ((z + ε) / t) between 0 and 1, [T, S+1]; gradients reach the logits.

    Args:
        logits: z, [T, S+1].
        noise: ε, [T, S+1], from the logistic distribution.
        temperature: t, [T]; the lower, the nearer samples are to 0 or 1.
    """
    return torch.sigmoid((logits + noise) / temperature[:, None])
