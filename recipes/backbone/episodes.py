"""Few-shot classification without any prompt: the encoder's own vectors should tell classes apart by a few rows."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crosspt_cli.core.backbone import text_means
from crosspt_cli.core.packing import Layout

SHARPNESS = 12.0  # nats per unit of cosine


def episode_loss(read: Tensor, layout: Layout, lengths: Tensor, labels: np.ndarray, prompt_tokens: int = 0) -> Tensor:
    """Return the cross-entropy of each row's class by its similarity to the class means of all other rows, in nats.

    0 where no class has two rows.

    Args:
        read: encoder outputs [n, H] of the rows.
        layout: of the rows.
        lengths: tokens per row, prompt included, [R] int64, in the callers' order.
        labels: classes of the rows, [R] int64.
        prompt_tokens: at the start of each row, not part of its text.

    Source: prototypical networks, Snell et al. 2017, with every row once as the query.
    """
    if np.bincount(labels).max() < 2:
        return read.new_zeros((), dtype=torch.float32)
    vectors = text_means(read, layout, lengths - prompt_tokens, prompt_tokens)
    return nearest_mean_loss(vectors, torch.as_tensor(labels, device=read.device))


def nearest_mean_loss(vectors: Tensor, labels: Tensor) -> Tensor:
    """Return the mean loss over rows whose class has another row.

    Args:
        vectors: one per row, [R, H].
        labels: class of each row, [R] int64.

    Raises:
        ValueError: no class has two rows.
    """
    vectors = F.normalize(vectors - vectors.mean(0), dim=1)
    member = F.one_hot(labels).to(vectors.dtype)  # [R, C]
    count = member.sum(0)
    asked = (member @ count) > 1
    if not asked.any():
        raise ValueError("no class has two rows")
    sums = member.T @ vectors  # [C, H]
    others = sums[None] - member[..., None] * vectors[:, None]  # [R, C, H], the row itself taken out
    cosines = (F.normalize(others, dim=2) * vectors[:, None]).sum(2)
    present = torch.where(count > 0, 0.0, -torch.inf)
    return F.cross_entropy((SHARPNESS * cosines + present)[asked], labels[asked])
