"""Where private prompts start."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts


def from_vocabulary(backbone: Backbone, texts: EncodedTexts, tokens: int, random: np.random.Generator) -> Tensor:
    """Return a prompt [P, H] made of the embeddings of tokens drawn from the task's own texts.

    Args:
        backbone: whose embeddings to use.
        texts: where to draw from; each distinct token is equally likely.
        tokens: P.
        random: the stream to draw from.

    Source: Lester et al. 2021, who draw from the 5,000 most frequent tokens; the task's own words are nearer.
    """
    distinct = texts.tokens.unique().cpu().numpy()
    drawn = random.choice(distinct, size=tokens, replace=len(distinct) < tokens)
    return backbone.t5.embed(torch.as_tensor(drawn, device=backbone.device))


def from_sources(sources: Tensor) -> Tensor:
    """Return the mean [P, H] of source prompts [M, P, H]: with equal shares, the mixture starts at this very point."""
    return sources.mean(0)
