"""Span corruption: parts of a text are taken out, and the decoder writes them down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crosspt_cli.core.packing import Layout
from recipes.backbone.store import TokenTexts
from recipes.backbone.student import Student
from recipes.backbone.vocabulary import END, PAD, SENTINELS

TAKEN, MEAN_SPAN = 0.15, 3.0
LENGTH = 96  # tokens a text


def corrupt(text: list[int], sentinels: list[int], random: np.random.Generator) -> tuple[list[int], list[int]]:
    """Return a text with spans replaced by sentinels, and what the decoder has to write.

    Args:
        text: ids, at least two.
        sentinels: ids of the marks, first one first.
        random: where the spans are drawn from.

    Source: Raffel et al. 2020, section 3.1.4.
    """
    taken = max(1, round(len(text) * TAKEN))
    spans = max(1, min(round(taken / MEAN_SPAN), len(sentinels), len(text) - taken))
    out, kept = _parts(taken, spans, random), _parts(len(text) - taken, spans, random)
    source: list[int] = []
    target: list[int] = []
    at = 0
    for mark, keep, gone in zip(sentinels, kept, out, strict=False):
        source += [*text[at : at + keep], mark]
        target += [mark, *text[at + keep : at + keep + gone]]
        at += keep + gone
    return source, target


def draw_spans(
    corpus: TokenTexts, vocabulary: int, tokens: int, random: np.random.Generator
) -> tuple[list[list[int]], list[list[int]]]:
    """Return random passages with spans taken out, and what was taken out, about `tokens` tokens together."""
    sentinels = [vocabulary - 1 - number for number in range(SENTINELS)]
    rows, targets, left = [], [], tokens
    while left > 0:
        text = corpus[int(random.integers(len(corpus)))]
        if len(text) >= 8:
            start = int(random.integers(max(1, len(text) - LENGTH + 1)))
            source, target = corrupt(text[start : start + LENGTH], sentinels, random)
            rows.append(source)
            targets.append([*target, END])
            left -= len(source) + len(target)
    return rows, targets


def span_loss(student: Student, read: Tensor, layout: Layout, targets: Sequence[Sequence[int]]) -> Tensor:
    """Return the cross-entropy per token of writing down what was taken out.

    Args:
        student: in training.
        read: encoder outputs [n, H] of the passages.
        layout: of the passages.
        targets: what to write, per passage.
    """
    longest = max(map(len, targets))
    padded = [[*target, *[PAD] * (longest - len(target))] for target in targets]
    wanted = torch.tensor(padded, device=student.device)[layout.order]
    given = torch.cat([torch.full_like(wanted[:, :1], student.start_token), wanted[:, :-1]], 1)
    real = wanted != PAD
    return F.cross_entropy(student.every_logit(student.write(read, layout, given)[real]), wanted[real])


def _parts(total: int, count: int, random: np.random.Generator) -> list[int]:
    """Return `count` random lengths, at least 1 each, that sum to `total`."""
    cuts = np.sort(random.choice(np.arange(1, total), count - 1, replace=False)) if count > 1 else np.zeros(0, int)
    return np.diff([0, *cuts.tolist(), total]).tolist()
