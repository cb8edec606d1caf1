"""The CrossPT mixture whose sources learn along: each trial has copies of its own that start at the saved prompts.

Source: CrossPT (arXiv 2509.14253), which trains shared prompts that start from saved ones beside a private prompt.
There, several tasks train them together; here one task has them to itself, and the saved prompts stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from crosspt_cli.core.methods.method import EVERY, Group, Method, Mixed, Start
from crosspt_cli.core.methods.mixture import ATTENTION_EPSILON, EPSILON, attention_shares, private_start


class LearnedSources(Method):
    """M copies of sources, a private prompt and attention over them per trial; with M = 0 it is prompt tuning.

    target prompt = Σ_m w_m Q_m + w_u P_u, where Q_m starts at source m and is trained, w = softmax(M z). Copies learn
    fast and the private prompt slowly: the paper reports that training collapses where both are equally fast.

    Args:
        copies: [T, K, P, H] float32, where copies start; K is the most sources that a trial has, the rest is unused.
        places: for each trial the places of its sources among all, [T, K] int64; -1 where it has fewer.
        private: [T, P, H] float32, where each trial's private prompt starts.
        source_rate: [T] float32, learning rate of the copies.
        private_rate: [T] float32, learning rate of the private prompt.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

    places: Tensor
    source_rate: Tensor
    private_rate: Tensor
    attention_rate: Tensor

    def __init__(
        self,
        copies: Tensor,
        places: Tensor,
        private: Tensor,
        source_rate: Tensor,
        private_rate: Tensor,
        attention_rate: Tensor,
    ) -> None:
        super().__init__()
        self.copies, self.private = nn.Parameter(copies.clone()), nn.Parameter(private.clone())
        self.logits = nn.Parameter(private.new_zeros(len(places), places.shape[1] + 1))
        self.register_buffer("places", places)
        self.register_buffer("source_rate", source_rate)
        self.register_buffer("private_rate", private_rate)
        self.register_buffer("attention_rate", attention_rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials whose copies are their sources, and whose private prompts start as those of the mixture."""
        most = max(map(len, given.mixed))
        rows = [[*places, *[-1] * (most - len(places))] for places in given.mixed]
        places = torch.tensor(rows, dtype=torch.int64, device=given.sources.device).view(len(given), most)
        copies = given.sources.new_zeros(len(given), most, *given.sources.shape[1:])
        copies[places >= 0] = given.sources[places[places >= 0]]
        return cls(copies, places, private_start(given), given.source_rate, given.rate, given.attention_rate)

    def groups(self) -> tuple[Group, ...]:
        """Return the private prompts, the copies and the attention logits."""
        return (
            Group(self.private, self.private_rate, EPSILON),
            Group(self.copies, self.source_rate, EPSILON),
            Group(self.logits, self.attention_rate, ATTENTION_EPSILON),
        )

    def shares(self, trials: slice = EVERY) -> Tensor:
        """Return the attention shares [T, K+1] of some trials; the private prompt's is last."""
        used = self.places[trials] >= 0
        return attention_shares(self.logits[trials], torch.cat([used, used.new_ones(len(used), 1)], dim=1))

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the target prompts of some trials, [T, 1, P, H]."""
        shares = self.shares(trials)
        shared = torch.einsum("tk,tkph->tph", shares[:, :-1], self.copies[trials])
        return (shared + shares[:, -1, None, None] * self.private[trials])[:, None]

    @torch.no_grad()
    def mixed(self, trial: int) -> Mixed:
        """Return the sources that a trial started from, what became of them, its private prompt and their shares."""
        places = [place for place in self.places[trial].tolist() if place >= 0]
        of_sources, own = self.shares(slice(trial, trial + 1))[0].tensor_split([len(self.places[trial])])
        shares = torch.cat([of_sources[: len(places)], own])
        return Mixed(tuple(places), self.private[trial].clone(), shares, self.copies[trial, : len(places)].clone())

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return the private prompt [P, H]."""
        return {"private": self.private[trial]}
