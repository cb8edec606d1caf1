"""Between two states of one model: often better than either on tasks that it was trained for neither time."""

from __future__ import annotations

import torch
from transformers import T5ForConditionalGeneration


@torch.no_grad()
def blend(model: T5ForConditionalGeneration, start: T5ForConditionalGeneration, share: float) -> None:
    """Move every weight of `model` towards the one it was trained from.

    Args:
        model: trained; changed in place.
        start: what it was trained from.
        share: 0 leaves the model, 1 makes it the start.

    Source: WiSE-FT, Wortsman et al. 2022 (arXiv 2109.01903).
    """
    before = dict(start.named_parameters())
    for name, weight in model.named_parameters():
        weight.lerp_(before[name], share)
