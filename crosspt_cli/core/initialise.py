"""Where private prompts start."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts


def from_vocabulary(
    backbone: Backbone, texts: EncodedTexts, rows: np.ndarray, tokens: int, random: np.random.Generator
) -> Tensor:
    """Return a prompt [P, H] made of tokens drawn from the task's own texts, as they stand where the prompt enters.

    Args:
        backbone: that reads them.
        texts: of the task.
        rows: [n] int64, the texts to draw from; each distinct token is equally likely.
        tokens: P.
        random: the stream to draw from.

    Source: Lester et al. 2021, who draw from the 5,000 most frequent tokens; the task's own words are nearer.
    """
    drawn = _drawn(backbone, texts, rows, tokens, random)
    return backbone.t5.embed(texts.tokens[drawn]) if texts.stream is None else texts.stream[drawn].float()


def from_vocabulary_by_layer(
    backbone: Backbone, texts: EncodedTexts, rows: np.ndarray, tokens: int, random: np.random.Generator
) -> Tensor:
    """Return prompts [D, P, H] of the tokens that `from_vocabulary` draws, as they stand before each encoder layer.

    The arguments are the same. D counts the layers from the one that the texts were read to, up to the last.
    """
    drawn = _drawn(backbone, texts, rows, tokens, random)
    used = (drawn[:, None] >= texts.starts).sum(1) - 1  # the text that each drawn token stands in
    which = used.unique()
    read = texts.take(which)
    at = read.starts[torch.searchsorted(which, used)] + drawn - texts.starts[used]
    return backbone.streams(read)[:, at]


def _drawn(
    backbone: Backbone, texts: EncodedTexts, rows: np.ndarray, tokens: int, random: np.random.Generator
) -> Tensor:
    """Return where in `texts.tokens` the drawn tokens stand, [P] int64: each where it first occurs in the rows."""
    places = texts.places(torch.as_tensor(rows, device=backbone.device))
    _, first = np.unique(texts.tokens[places].cpu().numpy(), return_index=True)
    return places[torch.as_tensor(random.choice(first, size=tokens, replace=len(first) < tokens)).to(places.device)]


def from_sources(sources: Tensor) -> Tensor:
    """Return the mean [P, H] of source prompts [M, P, H]: with equal shares, the mixture starts at this very point."""
    return sources.mean(0)
