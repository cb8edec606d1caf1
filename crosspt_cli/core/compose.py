"""The CrossPT mixture: target prompt = Σ attention share × source prompt + share × private prompt.

Source: CrossPT (arXiv 2509.14253). There, attention logits are sampled with an annealed relaxed Bernoulli while
training; here plain softmax is used throughout, so that a trial is repeatable and equal to its saved prompt.
"""

from __future__ import annotations

import torch
from torch import Tensor


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
