"""The joint stage: decoder, encoder and soft instructions learn together to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import tree_nats
from recipes.backbone.distil import Teacher, imitation_loss, ranking_loss
from recipes.backbone.heal import Pool
from recipes.backbone.optimise import ENCODER_RATE, Optimisers
from recipes.backbone.settings import Settings
from recipes.backbone.spans import span_loss
from recipes.backbone.store import TokenSet, TokenTexts, encoded
from recipes.backbone.student import Student
from recipes.backbone.tasks import NEXT, Asker, Question
from recipes.backbone.training import Losses, Stage
from recipes.backbone.vocabulary import END, SENTINELS, SPECIAL

QUESTIONS = 2  # label sets a step asks about, with and without an instruction each
START_FROM = 2000  # most frequent pieces, of which soft instructions start
FREQUENT = 3800  # words the decoder learns to rank


class Joint:
    """All objectives over one student.

    Args:
        settings: of the recipe.
        student: healed.
        teacher: of the distillation that is kept on.
        sets: labelled data sets.
        corpus: paragraphs.
        pool: all texts by length.
        asker: makes questions of the sets.
        words: token ids of frequent whole words, [W] int64.
    """

    def __init__(
        self,
        settings: Settings,
        student: Student,
        teacher: Teacher,
        sets: Sequence[TokenSet],
        corpus: TokenTexts,
        pool: Pool,
        asker: Asker,
        words: Tensor,
    ) -> None:
        self.settings, self.student, self.teacher = settings, student, teacher
        self.sets, self.corpus, self.pool, self.asker = list(sets), corpus, pool, asker
        self.words = words.to(student.device)
        self.near = teacher.words(self.words, END)
        self.prompts = start_prompts(student, len(sets), settings.prompt_tokens, settings.seed)
        chances = np.array([len(each.labels) ** 0.5 for each in sets])
        self.chances = chances / chances.sum()

    def run(self, folder: Path) -> None:
        """Take all steps that are missing."""
        steps = self.settings.joint_steps
        optimisers = Optimisers(self.student.model, self.prompts, ENCODER_RATE, steps, decoder=True)
        Stage("joint", folder, steps, self.student, optimisers, self.prompts, self.settings.seed + 1).run(self.step)

    def step(self, random: np.random.Generator) -> Losses:
        """Add the gradients of one step's objectives, each weighted by its share of the tokens."""
        losses: Losses = {}
        for name, share in self.settings.mix.items():
            tokens = int(share * self.settings.joint_tokens)
            parts = QUESTIONS if name in ("instructed", "soft") else 1
            for _ in range(parts):
                loss = getattr(self, name)(tokens // parts, random)
                (loss * share / parts).backward()
                losses[name] = losses.get(name, 0.0) + loss.item() / parts
        return losses

    def instructed(self, tokens: int, random: np.random.Generator) -> Tensor:
        """Return the loss on a question with an instruction."""
        which = int(random.choice(len(self.sets) + 1, p=[*(self.chances * 0.93), 0.07]))
        each = NEXT if which == len(self.sets) else self.sets[which]
        return answer_loss(self.student, self.asker.instructed(each, tokens, random), None)

    def soft(self, tokens: int, random: np.random.Generator) -> Tensor:
        """Return the loss on a question behind its set's soft instruction."""
        which = int(random.choice(len(self.sets), p=self.chances))
        return answer_loss(self.student, self.asker.plain(self.sets[which], tokens, random), self.prompts[which])

    def spans(self, tokens: int, random: np.random.Generator) -> Tensor:
        """Return the loss on spans taken out of the corpus."""
        return span_loss(self.student, self.corpus, tokens, random)

    def distil(self, tokens: int, random: np.random.Generator) -> Tensor:
        """Return the distance to the teacher's vectors."""
        texts = encoded(self.pool.draw(tokens, random), self.student.device)
        return imitation_loss(self.student, texts, self.teacher.view(texts))

    def rank(self, tokens: int, random: np.random.Generator) -> Tensor:
        """Return the distance to the teacher's ranking of words."""
        texts = encoded(self.pool.draw(tokens, random), self.student.device)
        return ranking_loss(self.student, texts, self.teacher.view(texts), self.words, self.near)


def answer_loss(student: Student, question: Question, prompt: Tensor | None) -> Tensor:
    """Return the mean loss of the right answers among all answers, in nats."""
    read, layout = student.read(encoded(question.rows, student.device), prompt)
    tree = student.place(question.tree)
    nats = layout.unsort(tree_nats(student.label_logits(read, layout, tree), tree))
    return -nats.gather(1, torch.as_tensor(question.labels, device=student.device)[:, None]).mean()


def start_prompts(student: Student, count: int, tokens: int, seed: int) -> Tensor:
    """Return soft instructions [S, P, H] that all start at the same frequent tokens' embeddings."""
    random = torch.Generator().manual_seed(seed)
    pieces = len(student.embedding) - len(SPECIAL) - SENTINELS  # sorted by frequency
    drawn = len(SPECIAL) + torch.randperm(min(START_FROM, pieces), generator=random)[:tokens]
    start = student.embedding.detach()[drawn]
    return start.repeat(count, 1, 1).clone().requires_grad_()


def frequent_words(tokenizer, texts: Sequence[TokenTexts], most: int = FREQUENT) -> Tensor:
    """Return the ids of the most frequent whole words, letters only, [W] int64."""
    counts: Counter[int] = Counter()
    for each in texts:
        found, times = np.unique(each.tokens, return_counts=True)
        counts.update(dict(zip(found.tolist(), times.tolist(), strict=True)))
    pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    words = [number for number, _ in counts.most_common() if pieces[number].isalpha() and len(pieces[number]) > 2]
    return torch.tensor(words[:most])
