"""Everything that is trained: one private prompt and one row of attention logits per trial."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crosspt_cli.core.compose import attention_shares, compose
from crosspt_cli.foundation.axes import require_shape


class TrialBank(nn.Module):
    """T trials side by side; no number of one ever enters another.

    Args:
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        private: [T, P, H] float32, where each trial's private prompt starts.
        allowed: [T, S] bool, which sources each trial mixes; M is a row's sum.
        private_rate: [T] float32, learning rate of the private prompt, for embeddings of mini's scale.
        attention_rate: [T] float32, learning rate of the attention logits.
    """

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

    def __len__(self) -> int:
        return len(self.private)

    def shares(self, trials: slice = slice(None)) -> Tensor:
        """Return the attention shares [T, S+1] of some trials; the private prompt's is last."""
        return attention_shares(self.logits[trials], self.allowed[trials])

    def prompts(self, trials: slice = slice(None)) -> Tensor:
        """Return the target prompts [T, P, H] of some trials."""
        return compose(self.shares(trials), self.sources, self.private[trials])

    def keep(self, trials: Tensor) -> TrialBank:
        """Return a bank of the trials [K] int64 only, as they stand now."""
        rows = self.private.detach()[trials], self.allowed[trials, :-1], self.private_rate[trials]
        kept = TrialBank(self.sources, *rows, self.attention_rate[trials])
        kept.logits.data.copy_(self.logits.detach()[trials])
        return kept
