"""The CrossPT mixture: target prompt = Σ attention share × source prompt + share × private prompt.

Source: CrossPT (arXiv 2509.14253). There, attention logits are sampled with an annealed relaxed Bernoulli while
training; here plain softmax is used throughout, so that a trial is repeatable and equal to its saved prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.initialise import from_sources, from_vocabulary
from crosspt_cli.core.methods.method import EVERY, Group, Method, Mixed, Start
from crosspt_cli.foundation.axes import require_shape

EPSILON = 1e-8  # of the private prompt
ATTENTION_EPSILON = 1e-5
"""A private prompt that starts at its sources' mean gives its logit a gradient of exactly nothing: rounding, about
1e-7. With the usual 1e-8, Adam would turn that into a full step in a direction that depends on who else is trained."""


class Mixture(Method):
    """One private prompt and one row of attention logits per trial; without sources it is plain prompt tuning.

    Args:
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        private: [T, P, H] float32, where each trial's private prompt starts.
        allowed: [T, S] bool, which sources each trial mixes; M is a row's sum.
        private_rate: [T] float32, learning rate of the private prompt.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

    shared = ("sources",)
    uses_sources = True
    sources: Tensor
    allowed: Tensor
    private_rate: Tensor
    attention_rate: Tensor

    def __init__(
        self, sources: Tensor, private: Tensor, allowed: Tensor, private_rate: Tensor, attention_rate: Tensor
    ) -> None:
        super().__init__()
        trials, tokens, width = private.shape
        require_shape("sources", tuple(sources.shape), "S P H", P=tokens, H=width)
        require_shape("allowed", tuple(allowed.shape), "T S", T=trials, S=len(sources))
        self.private = nn.Parameter(private.clone())
        self.logits = nn.Parameter(private.new_zeros(trials, len(sources) + 1))
        self.register_buffer("sources", sources)
        self.register_buffer("allowed", torch.cat([allowed, allowed.new_ones(trials, 1)], dim=1))
        self.register_buffer("private_rate", private_rate)
        self.register_buffer("attention_rate", attention_rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials whose private prompts start at their sources' mean, or without sources at their rows' tokens.

        With equal shares the mixture then starts at a prompt that works already.
        """
        allowed = torch.zeros(len(given), len(given.sources), dtype=torch.bool)
        for trial, places in enumerate(given.mixed):
            allowed[trial, list(places)] = True
        private = [
            from_sources(given.sources[list(places)])
            if places
            else from_vocabulary(given.backbone, given.texts, rows, given.tokens, random)
            for places, rows, random in zip(given.mixed, given.rows, given.random, strict=True)
        ]
        device = given.sources.device
        return cls(given.sources, torch.stack(private), allowed.to(device), given.rate, given.attention_rate)

    def groups(self) -> tuple[Group, ...]:
        """Return the private prompts and the attention logits."""
        return (
            Group(self.private, self.private_rate, EPSILON),
            Group(self.logits, self.attention_rate, ATTENTION_EPSILON),
        )

    def shares(self, trials: slice = EVERY) -> Tensor:
        """Return the attention shares [T, S+1] of some trials; the private prompt's is last."""
        return attention_shares(self.logits[trials], self.allowed[trials])

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the target prompts of some trials, [T, 1, P, H]."""
        return compose(self.shares(trials), self.sources, self.private[trials])[:, None]

    @torch.no_grad()
    def mixed(self, trial: int) -> Mixed:
        """Return the sources that a trial mixes, its private prompt and their shares."""
        allowed = self.allowed[trial]
        places = allowed[:-1].nonzero()[:, 0].tolist()
        return Mixed(tuple(places), self.private[trial].clone(), self.shares(slice(trial, trial + 1))[0][allowed])

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return the private prompt [P, H]."""
        return {"private": self.private[trial]}


def attention_shares(logits: Tensor, allowed: Tensor) -> Tensor:
    """Return attention shares [T, S+1], zero where not allowed, each row summing to 1.

    The temperature is τ = 1/M, where M is how many sources the trial may use: logits are multiplied by M. The
    private prompt is the last slot and always allowed.

    Args:
        logits: [T, S+1] float32.
        allowed: [T, S+1] bool, last column True.
    """
    sources = (allowed.sum(-1, keepdim=True) - 1).clamp(min=1)
    return (logits * sources).masked_fill(~allowed, float("-inf")).softmax(-1)


def compose(shares: Tensor, sources: Tensor, private: Tensor) -> Tensor:
    """Return target prompts [T, P, H].

    Args:
        shares: [T, S+1], the private prompt's share last.
        sources: [S, P, H] float32, frozen.
        private: [T, P, H] float32.
    """
    shared = torch.einsum("ts,sph->tph", shares[:, :-1], sources)
    return shared + shares[:, -1, None, None] * private
