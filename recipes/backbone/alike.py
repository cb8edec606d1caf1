"""Texts should be as alike as a second, stronger encoder finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crosspt_cli.core.backbone import text_means
from crosspt_cli.core.packing import Layout
from recipes.backbone.distil import Teacher
from recipes.backbone.heal import SHORTEST
from recipes.backbone.store import TokenSet, TokenTexts, encoded

LONGEST = 64  # tokens of a text that the second encoder reads
OF_CORPUS = 0.4  # of the tokens; the labelled sets share the rest equally
ONE_GROUP = 0.5  # how often texts of one set alone are compared: what sets them apart is what a task will ask for
PASS_TOKENS = 4_000
ALIKE_WEIGHT = 100.0  # squared differences of cosines are small numbers


@dataclass(frozen=True)
class KnownTexts:
    """Texts with the second encoder's vectors.

    `texts` N · `group` [N] int64, the set that each is from, the corpus last · `vectors` [N, D] float16.
    """

    texts: TokenTexts
    group: np.ndarray
    vectors: np.ndarray

    @classmethod
    def load(cls, path: Path) -> KnownTexts:
        """Return what `save` wrote."""
        with np.load(path) as arrays:
            texts = TokenTexts(arrays["tokens"], arrays["starts"])
            return cls(texts, arrays["group"], arrays["vectors"])

    def save(self, path: Path) -> None:
        """Write all of it, or nothing."""
        part = path.with_suffix(".part.npz")
        texts = self.texts
        np.savez(part, tokens=texts.tokens, starts=texts.starts, group=self.group, vectors=self.vectors)
        part.replace(path)

    def draw(self, tokens: int, random: np.random.Generator) -> tuple[list[list[int]], np.ndarray]:
        """Return texts of about `tokens` tokens together, and their vectors [R, D] float32; at least three texts."""
        among = np.arange(len(self.texts))
        if random.random() < ONE_GROUP:
            among = np.flatnonzero(self.group == self.group[random.integers(len(self.group))])
        lengths = self.texts.lengths[among] + 1
        drawn = among[random.permutation(len(among))[: max(3, round(tokens / lengths.mean()))]]
        return [self.texts[int(row)] for row in drawn], self.vectors[drawn].astype(np.float32)


def choose_texts(
    sets: Sequence[TokenSet], corpus: TokenTexts, tokens: int, random: np.random.Generator
) -> tuple[TokenTexts, np.ndarray]:
    """Return texts of about `tokens` tokens together, cut to `LONGEST`, and the group [N] int64 of each.

    Args:
        sets: labelled; the fields of a row count as texts of their own.
        corpus: paragraphs; the group after the last set.
        tokens: together.
        random: the stream to draw from.
    """
    groups = [each.fields for each in sets] + [(corpus,)]
    shares = [(1 - OF_CORPUS) / len(sets)] * len(sets) + [OF_CORPUS]
    rows: list[list[int]] = []
    group: list[int] = []
    for number, (fields, share) in enumerate(zip(groups, shares, strict=True)):
        drawn = _draw_from(fields, int(share * tokens), random)
        rows += drawn
        group += [number] * len(drawn)
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return TokenTexts(np.array([token for row in rows for token in row], np.uint16), starts), np.array(group)


def know_texts(teacher: Teacher, texts: TokenTexts, group: np.ndarray, device: torch.device) -> KnownTexts:
    """Return texts with the vectors that the second encoder gives them, read in order of their lengths."""
    order = np.argsort(texts.lengths, kind="stable")
    ends = np.cumsum(texts.lengths[order] + 1)
    parts = np.split(order, np.searchsorted(ends, np.arange(PASS_TOKENS, ends[-1], PASS_TOKENS)))
    read = [teacher.view(encoded([texts[int(row)] for row in part], device)).sentences for part in parts if len(part)]
    vectors = torch.cat(read).half().cpu().numpy()
    return KnownTexts(texts, group, vectors[order.argsort()])


def alike_loss(read: Tensor, layout: Layout, lengths: Tensor, wanted: Tensor) -> Tensor:
    """Return how far the cosines between texts are from those between the second encoder's vectors.

    Both are taken from the batch's mean: what all texts have in common tells none of them from another.

    Args:
        read: encoder outputs [n, H] of the texts.
        layout: of them.
        lengths: tokens per text, [R] int64, in the callers' order.
        wanted: the second encoder's vectors, [R, D] float32.

    Source: relational distillation, Park et al. 2019 (arXiv 1904.05068).
    """
    own = text_means(read, layout, lengths, 0)
    return ALIKE_WEIGHT * F.mse_loss(_cosines(own), _cosines(wanted.to(own.device)))


def _cosines(vectors: Tensor) -> Tensor:
    apart = F.normalize(vectors - vectors.mean(0), dim=1)
    return apart @ apart.T


def _draw_from(fields: Sequence[TokenTexts], tokens: int, random: np.random.Generator) -> list[list[int]]:
    """Return distinct texts of any of the fields, about `tokens` tokens together, or all that there are."""
    places = [(field, row) for field in fields for row in np.flatnonzero(field.lengths >= SHORTEST)]
    rows: list[list[int]] = []
    for place in random.permutation(len(places)):
        if tokens <= 0:
            break
        field, row = places[place]
        rows.append(field[int(row)][:LONGEST])
        tokens -= len(rows[-1]) + 1
    return rows
