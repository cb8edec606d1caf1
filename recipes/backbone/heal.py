"""Healing: a rewritten or shortened encoder learns to say what its teacher says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recipes.backbone.distil import Teacher, imitation_loss
from recipes.backbone.optimise import HEALING_RATE, Optimisers
from recipes.backbone.settings import Settings
from recipes.backbone.shorten import Parent
from recipes.backbone.store import TokenTexts, encoded
from recipes.backbone.student import Student
from recipes.backbone.training import Losses, Stage

SHORTEST = 4  # tokens; less is hardly a text


class Pool:
    """All texts sorted by length, to draw batches without padding from.

    Args:
        texts: fields of the labelled sets, and the corpus.
        most: tokens of a text.
    """

    def __init__(self, texts: list[TokenTexts], most: int) -> None:
        self.texts, self.most = texts, most
        lengths = np.concatenate([np.minimum(each.lengths, most) for each in texts])
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] >= SHORTEST]
        self.order, self.lengths = order, lengths[order]
        self.ends = np.cumsum([len(each) for each in texts])

    def draw(self, tokens: int, random: np.random.Generator) -> list[list[int]]:
        """Return texts of similar length, about `tokens` tokens together; every text is equally likely."""
        start = int(random.integers(len(self.lengths)))
        rows = max(2, int(tokens / (self.lengths[start] + 1)))
        start = max(0, min(start, len(self.lengths) - rows))
        return [self.text(int(row)) for row in self.order[start : start + rows]]

    def text(self, row: int) -> list[int]:
        """Return one text's ids by its number in `order`'s numbering."""
        which = int(np.searchsorted(self.ends, row, side="right"))
        first = int(self.ends[which - 1]) if which else 0
        return self.texts[which][row - first][: self.most]


def heal(settings: Settings, student: Student, teacher: Teacher | Parent, pool: Pool, folder: Path) -> None:
    """Run the healing stage, or what is missing of it."""
    optimisers = Optimisers(student, None, HEALING_RATE, settings.heal_steps, decoder=False)
    stage = Stage("heal", folder, settings.heal_steps, student, optimisers, None, settings.seed)

    def take_step(_: int, random: np.random.Generator) -> Losses:
        texts = encoded(pool.draw(settings.heal_tokens, random), student.device)
        read, layout = student.read(texts)
        loss = imitation_loss(read, layout, texts.lengths, teacher.view(texts))
        loss.backward()
        return {"imitation": loss.item()}

    stage.run(take_step)
