"""The CrossPT mixture: target prompt = Σ attention share × source prompt + share × private prompt.

Source: CrossPT (arXiv 2509.14253). There, attention logits are sampled with an annealed relaxed Bernoulli while
training, which is the method `router`; here plain softmax is used throughout, so that a trial is equal to its saved
prompt.
"""

from __future__ import annotations

from abc import abstractmethod
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


class Mixing(Method):
    """One row of attention logits per trial, over frozen sources and a private prompt of whatever make.

    Args:
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        allowed: [T, S] bool, which sources each trial mixes; M is a row's sum.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

    shared = ("sources",)
    sources: Tensor
    allowed: Tensor
    attention_rate: Tensor

    def __init__(self, sources: Tensor, allowed: Tensor, attention_rate: Tensor) -> None:
        super().__init__()
        require_shape("allowed", tuple(allowed.shape), "T S", T=len(attention_rate), S=len(sources))
        self.logits = nn.Parameter(sources.new_zeros(len(allowed), len(sources) + 1))
        self.register_buffer("sources", sources)
        self.register_buffer("allowed", torch.cat([allowed, allowed.new_ones(len(allowed), 1)], dim=1))
        self.register_buffer("attention_rate", attention_rate)

    @abstractmethod
    def own(self, trials: slice = EVERY) -> Tensor:
        """Return the private prompts of some trials, [T, P, H]."""

    @abstractmethod
    def own_groups(self) -> tuple[Group, ...]:
        """Return the parameters that private prompts are made of."""

    def groups(self) -> tuple[Group, ...]:
        """Return what private prompts are made of, and the attention logits."""
        return (*self.own_groups(), Group(self.logits, self.attention_rate, ATTENTION_EPSILON))

    def shares(self, trials: slice = EVERY) -> Tensor:
        """Return the attention shares [T, S+1] of some trials; the private prompt's is last."""
        return attention_shares(self.logits[trials], self.allowed[trials])

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the target prompts of some trials, [T, 1, P, H]."""
        return compose(self.shares(trials), self.sources, self.own(trials))[:, None]

    @torch.no_grad()
    def mixed(self, trial: int) -> Mixed:
        """Return the sources that a trial mixes, its private prompt and their shares."""
        allowed, this = self.allowed[trial], slice(trial, trial + 1)
        places = allowed[:-1].nonzero()[:, 0].tolist()
        return Mixed(tuple(places), self.own(this)[0].clone(), self.shares(this)[0][allowed])

    @torch.no_grad()
    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return the private prompt [P, H]."""
        return {"private": self.own(slice(trial, trial + 1))[0]}


class Mixture(Mixing):
    """One private prompt and one row of attention logits per trial; without sources it is plain prompt tuning.

    Args:
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        private: [T, P, H] float32, where each trial's private prompt starts.
        allowed: [T, S] bool, which sources each trial mixes; M is a row's sum.
        private_rate: [T] float32, learning rate of the private prompt.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

    private_rate: Tensor

    def __init__(
        self, sources: Tensor, private: Tensor, allowed: Tensor, private_rate: Tensor, attention_rate: Tensor
    ) -> None:
        super().__init__(sources, allowed, attention_rate)
        _, tokens, width = private.shape
        require_shape("sources", tuple(sources.shape), "S P H", P=tokens, H=width)
        self.private = nn.Parameter(private.clone())
        self.register_buffer("private_rate", private_rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials whose private prompts start where `private_start` says, with equal shares."""
        return cls(given.sources, private_start(given), allowed_sources(given), given.rate, given.attention_rate)

    def own_groups(self) -> tuple[Group, ...]:
        """Return the private prompts."""
        return (Group(self.private, self.private_rate, EPSILON),)

    def own(self, trials: slice = EVERY) -> Tensor:
        """Return the private prompts of some trials, [T, P, H]."""
        return self.private[trials]


def private_start(given: Start) -> Tensor:
    """Return where private prompts start, [T, P, H]: at their sources' mean, or without any at their rows' tokens.

    With equal shares a mixture then starts at a prompt that works already.
    """
    private = [
        from_sources(given.sources[list(places)])
        if places
        else from_vocabulary(given.backbone, given.texts, rows, given.tokens, random)
        for places, rows, random in zip(given.mixed, given.rows, given.random, strict=True)
    ]
    return torch.stack(private)


def allowed_sources(given: Start) -> Tensor:
    """Return which sources each trial may use, [T, S] bool."""
    allowed = torch.zeros(len(given), len(given.sources), dtype=torch.bool)
    for trial, places in enumerate(given.mixed):
        allowed[trial, list(places)] = True
    return allowed.to(given.sources.device)


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
