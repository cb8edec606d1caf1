"""The joint stage: decoder, encoder and soft instructions learn together to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import tree_nats
from crosspt_cli.core.packing import Layout, prompted_layout
from crosspt_cli.tasks.label_tree import LabelTree
from recipes.backbone.alike import KnownTexts, alike_loss
from recipes.backbone.distil import Teacher, imitation_loss, ranking_loss
from recipes.backbone.episodes import episode_loss
from recipes.backbone.heal import Pool
from recipes.backbone.optimise import ENCODER_RATE, FALL, Optimisers
from recipes.backbone.settings import Settings
from recipes.backbone.spans import draw_spans, span_loss
from recipes.backbone.store import TokenSet, TokenTexts, encoded
from recipes.backbone.student import Student
from recipes.backbone.tasks import NEXT, Asker, Question
from recipes.backbone.training import Losses, Stage
from recipes.backbone.vocabulary import END, SENTINELS, SPECIAL

QUESTIONS = 2  # label sets a step asks about, with and without an instruction each
START_FROM = 2000  # most frequent pieces, of which soft instructions start
FREQUENT = 3800  # words the decoder learns to rank
EPISODE_WEIGHT = 0.5  # of a question's rows behind its soft instruction, beside its answers: prototypes read them so
RANKING_WEIGHT = 0.5  # of the ranking's nats beside the distance to the teacher's vectors
FRESH_EVERY = 20  # steps; one set's soft instruction starts over, so that young prompts are what the weights learn with


@dataclass(frozen=True)
class Part:
    """What an objective has read: `rows` of token ids without end tokens, and its `loss`.

    The loss takes encoder outputs [n, H], their layout, and tokens per row [R] int64 in the callers' order.
    """

    rows: list[list[int]]
    loss: Callable[[Tensor, Layout, Tensor], Tensor]


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
        known: texts with a second encoder's vectors; None where `alike` is not in the mix.
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
        known: KnownTexts | None = None,
    ) -> None:
        self.settings, self.student, self.teacher, self.known = settings, student, teacher, known
        self.sets, self.corpus, self.pool, self.asker = list(sets), corpus, pool, asker
        self.words = words.to(student.device)
        self.near = teacher.words(self.words, END)
        self.prompts = self._start_prompts(len(sets), settings.seed)
        self.chances = set_chances(self.sets, settings.kinds)

    def run(self, folder: Path) -> None:
        """Take all steps that are missing."""
        steps = self.settings.joint_steps
        rate = self.settings.joint_rate
        optimisers = Optimisers(self.student, self.prompts, ENCODER_RATE, steps, decoder=True, rate=rate)
        Stage("joint", folder, steps, self.student, optimisers, self.prompts, self.settings.seed + 1).run(self.step)

    def step(self, done: int, random: np.random.Generator) -> Losses:
        """Add the gradients of one step's objectives, each weighted by its share of the tokens."""
        if done % FRESH_EVERY == 0 and done < (1 - FALL) * self.settings.joint_steps:
            self._start_over(random)
        named = []
        for name, share in self.settings.mix.items():
            parts = getattr(self, name)(int(share * self.settings.joint_tokens), random)
            named += [(name, share / len(parts), part) for part in parts]
        losses = read_together(self.student, self.prompts, [part for _, _, part in named], self.settings.prompt_layer)
        torch.stack([share * loss for (_, share, _), loss in zip(named, losses, strict=True)]).sum().backward()
        means: Losses = {}
        for (name, share, _), loss in zip(named, losses, strict=True):
            means[name] = means.get(name, 0.0) + loss.item() * share / self.settings.mix[name]
        return means

    def instructed(self, tokens: int, random: np.random.Generator) -> list[Part]:
        """Return questions with an instruction."""
        every = [*self.sets, NEXT]
        drawn = random.choice(len(every), QUESTIONS, p=self.chances)
        return [self._instructed(self.asker.instructed(every[n], tokens // QUESTIONS, random)) for n in drawn]

    def soft(self, tokens: int, random: np.random.Generator) -> list[Part]:
        """Return questions behind their set's soft instruction, whose rows should also be near their class's."""
        return [self._soft(n, tokens // QUESTIONS, random) for n in self._labelled(QUESTIONS, random)]

    def episodes(self, tokens: int, random: np.random.Generator) -> list[Part]:
        """Return classes to be told apart by a few rows each, without any prompt."""
        rows, labels = self.asker.episode(self.sets[self._labelled(1, random)[0]], tokens, random)
        return [Part(rows, lambda read, layout, lengths: episode_loss(read, layout, lengths, labels))]

    def alike(self, tokens: int, random: np.random.Generator) -> list[Part]:
        """Return texts that should be as alike as the second encoder finds them."""
        rows, vectors = self.known.draw(tokens, random)
        wanted = torch.as_tensor(vectors)
        return [Part(rows, lambda read, layout, lengths: alike_loss(read, layout, lengths, wanted))]

    def spans(self, tokens: int, random: np.random.Generator) -> list[Part]:
        """Return passages of the corpus from which spans are taken out."""
        rows, targets = draw_spans(self.corpus, len(self.student.embedding), tokens, random)
        return [Part(rows, lambda read, layout, _: span_loss(self.student, read, layout, targets))]

    def distil(self, tokens: int, random: np.random.Generator) -> list[Part]:
        """Return texts on which to be near the teacher's vectors, and its ranking of words."""
        rows = self.pool.draw(tokens, random)
        taught = self.teacher.view(encoded(rows, self.student.device))

        def loss(read: Tensor, layout: Layout, lengths: Tensor) -> Tensor:
            ranking = ranking_loss(self.student, read, layout, taught, self.words, self.near)
            return imitation_loss(read, layout, lengths, taught) + RANKING_WEIGHT * ranking

        return [Part(rows, loss)]

    def _instructed(self, question: Question) -> Part:
        return Part(
            question.rows,
            lambda read, layout, _: answer_loss(self.student, read, layout, question.tree, question.labels),
        )

    def _soft(self, n: int, tokens: int, random: np.random.Generator) -> Part:
        length, before = self.settings.prompt_tokens, self.student.prompt_ids(self.prompts, n)
        question = self.asker.plain(self.sets[n], tokens, length, random)

        def loss(read: Tensor, layout: Layout, lengths: Tensor) -> Tensor:
            answers = answer_loss(self.student, read, layout, question.tree, question.labels)
            return answers + EPISODE_WEIGHT * episode_loss(read, layout, lengths, question.labels, length)

        return Part([before + row for row in question.rows], loss)

    def _start_over(self, random: np.random.Generator) -> None:
        """Give one set a fresh soft instruction."""
        fresh = self._start_prompts(1, int(random.integers(2**31)))
        with torch.no_grad():
            self.prompts[int(random.integers(len(self.sets)))] = fresh[0]

    def _start_prompts(self, count: int, seed: int) -> Tensor:
        return start_prompts(self.student, count, self.settings.prompt_tokens, self.settings.prompt_layer, seed)

    def _labelled(self, count: int, random: np.random.Generator) -> list[int]:
        chances = self.chances[:-1]
        return random.choice(len(self.sets), count, p=chances / chances.sum()).tolist()


def set_chances(sets: Sequence[TokenSet], kinds: dict[str, float]) -> np.ndarray:
    """Return how likely each set is asked about, and last the corpus's own question; they sum to 1.

    Kinds share by `kinds`, 1 where not listed; sets of a kind by the square root of rows × classes.
    """
    sizes = np.array([(len(each.labels) * len(each.names)) ** 0.5 for each in sets])
    of_kind = {kind: sizes[[each.kind == kind for each in sets]].sum() for kind in {each.kind for each in sets}}
    chances = [kinds.get(each.kind, 1.0) * size / of_kind[each.kind] for each, size in zip(sets, sizes, strict=True)]
    found = np.array([*chances, kinds.get(NEXT.kind, 1.0)])
    return found / found.sum()


def read_together(student: Student, prompts: Tensor, parts: Sequence[Part], prompt_layer: int = 0) -> list[Tensor]:
    """Return the loss of every part, all of them read in one pass: small passes leave the cores idle."""
    texts = encoded([row for part in parts for row in part.rows], student.device)
    read, layout = student.read(texts, prompts, prompt_layer)
    lengths = texts.lengths.split([len(part.rows) for part in parts])
    tokens = layout.unpack(read).split([int(each.sum()) for each in lengths])
    losses = []
    for part, own, packed in zip(parts, lengths, tokens, strict=True):
        alone = prompted_layout(own, 0)
        losses.append(part.loss(alone.pack(packed[:0], packed), alone, own))
    return losses


def answer_loss(student: Student, read: Tensor, layout: Layout, tree: LabelTree, labels: np.ndarray) -> Tensor:
    """Return the mean loss of the right answers among all answers, in nats.

    Args:
        student: in training.
        read: encoder outputs [n, H] of the rows.
        layout: of the rows.
        tree: the answers'.
        labels: right answer of each row, [R] int64.
    """
    placed = student.place(tree)
    nats = layout.unsort(tree_nats(student.label_logits(read, layout, placed), placed))
    return -nats.gather(1, torch.as_tensor(labels, device=student.device)[:, None]).mean()


@torch.no_grad()
def start_prompts(student: Student, count: int, tokens: int, layer: int, seed: int) -> Tensor:
    """Return soft instructions [S, P, H] that all start at the same frequent tokens, as they stand before a layer."""
    random = torch.Generator().manual_seed(seed)
    pieces = len(student.embedding) - len(SPECIAL) - SENTINELS  # sorted by frequency
    drawn = len(SPECIAL) + torch.randperm(min(START_FROM, pieces), generator=random)[:tokens]
    alone = prompted_layout(torch.tensor([tokens], device=student.device), 0)
    start = student.run_layers(student.embedding.detach()[drawn], alone, 0, layer)
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
