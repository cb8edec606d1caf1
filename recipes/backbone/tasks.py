"""Labelled sets as questions: many phrasings, shuffled options, other label words, coded answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from crosspt_cli.tasks.label_tree import LabelTree
from recipes.backbone.store import TokenSet, TokenTexts
from recipes.backbone.vocabulary import END

FEW_CLASSES = 8
ALL_CLASSES = 0.25  # of the time a set with many classes is asked about with all of them
OTHER_WORDS, OPTIONS, CODED, ASK_FIRST = 0.35, 0.4, 0.15, 0.6  # how often each variation is drawn
NEXT = TokenSet("next", "next", (), np.zeros(0, np.int64), ("no", "yes"))

Tokenize = Callable[[str], list[int]]


@dataclass(frozen=True)
class Question:
    """Rows that share one label set: `rows` of ids without end token, `labels` [R] int64, and the answers' tree."""

    rows: list[list[int]]
    labels: np.ndarray
    tree: LabelTree


class Asker:
    """Draws questions from labelled sets.

    Args:
        phrasings: the content of `tasks.yaml`.
        tokenize: text → ids, without an end token.
        corpus: paragraphs, for questions that need no labels.
        code_words: short words that stand for answers when they are coded.
        most: tokens of a text; two fields share them.
    """

    def __init__(
        self,
        phrasings: dict[str, Any],
        tokenize: Tokenize,
        corpus: TokenTexts,
        code_words: Sequence[str],
        most: int,
    ) -> None:
        self.phrasings, self.corpus, self.code_words, self.most = phrasings, corpus, code_words, most
        self._ids: dict[str, list[int]] = {}
        self._tokenize = tokenize
        self._neighbours = np.flatnonzero((corpus.lengths[:-1] > 8) & (corpus.lengths[1:] > 8))

    def instructed(self, each: TokenSet, tokens: int, random: np.random.Generator) -> Question:
        """Return a question with an instruction before or after the text, of about `tokens` tokens."""
        classes, words = self._answers(each, random)
        coded = random.random() < CODED
        codes = random.choice(self.code_words, len(words), replace=False).tolist() if coded else words
        if coded:
            meanings = [f"{code} means {word}" for code, word in zip(codes, words, strict=True)]
        show = coded or random.random() < OPTIONS
        ask, mark = random.choice(self.phrasings[each.kind]["ask"]), self._mark(each.kind, random)
        ask_first = random.random() < ASK_FIRST
        options = (meanings if coded else words) if show else []
        beside = len(self._question(ask, options, random)) + len(mark) + 1
        rows, labels = [], []
        for fields, label in self._draw(each, classes, tokens, beside, random):
            question, text = self._question(ask, options, random), self._join(fields, mark)
            rows.append(question + text if ask_first else text + question)
            labels.append(label)
        return Question(rows, np.array(labels), self.tree(codes))

    def plain(self, each: TokenSet, tokens: int, prompt_tokens: int, random: np.random.Generator) -> Question:
        """Return a question without any instruction: what a soft instruction of that length has to stand for."""
        classes, words = self._answers(each, random)
        drawn = self._draw(each, classes, tokens, prompt_tokens + 1, random)
        mark = self.phrasings[each.kind].get("mark", [[]])[0]
        rows = [self._join(fields, mark) for fields, _ in drawn]
        return Question(rows, np.array([label for _, label in drawn]), self.tree(words))

    def episode(self, each: TokenSet, tokens: int, random: np.random.Generator) -> tuple[list[list[int]], np.ndarray]:
        """Return bare rows of a few classes in turn, about `tokens` tokens together, and their classes from 0 on."""
        rows, labels, left = [], [], tokens
        classes = random.permutation(len(each.names))[: int(random.integers(2, FEW_CLASSES + 1))]
        where = [np.flatnonzero(each.labels == c) for c in classes]
        mark = self.phrasings[each.kind].get("mark", [[]])[0]
        while left > 0 or len(rows) <= len(classes):
            labels.append(len(rows) % len(classes))
            rows.append(self._join(self._fields(each, int(random.choice(where[labels[-1]]))), mark))
            left -= len(rows[-1]) + 1
        return rows, np.array(labels)

    def tree(self, words: Sequence[str]) -> LabelTree:
        """Return the tree of answers."""
        return LabelTree.build(tuple(tuple(self.ids(word)) for word in words), END)

    def ids(self, text: str) -> list[int]:
        """Return the ids of a short text that is asked for again and again."""
        if text not in self._ids:
            self._ids[text] = self._tokenize(text)
        return self._ids[text]

    def _question(self, ask: str, options: Sequence[str], random: np.random.Generator) -> list[int]:
        """Return an instruction's ids, with the options in random order if any are shown."""
        asked = list(self.ids(ask))
        for place, option in enumerate(random.permutation(len(options))):
            asked += self.ids("," if place else "options:") + self.ids(options[option])
        return asked + (self.ids(".") if options else [])

    def _answers(self, each: TokenSet, random: np.random.Generator) -> tuple[np.ndarray, list[str]]:
        """Return which classes are asked about, and the words for them, no two alike."""
        classes = np.arange(len(each.names))
        if len(classes) > FEW_CLASSES and random.random() > ALL_CLASSES:
            classes = np.sort(random.choice(classes, int(random.integers(3, FEW_CLASSES + 1)), replace=False))
        plain = [each.names[c].replace("_", " ") for c in classes]
        others = self.phrasings[each.kind].get("words", {})
        if random.random() < OTHER_WORDS:
            options = [[name, *others.get(each.names[c], [])] for c, name in zip(classes, plain, strict=True)]
            words = [str(random.choice(those)) for those in options]
            if len({tuple(self.ids(word)) for word in words}) == len(words):
                return classes, words
        return classes, plain

    def _draw(
        self, each: TokenSet, classes: np.ndarray, tokens: int, beside: int, random: np.random.Generator
    ) -> list[tuple[tuple[list[int], ...], int]]:
        """Return (fields, index into `classes`) of rows that with `beside` tokens each have about `tokens` tokens."""
        drawn, left = [], tokens
        where = None if each.name == NEXT.name else np.flatnonzero(np.isin(each.labels, classes))
        while left > 0:
            label = int(random.integers(len(classes)))  # balanced: rare classes are asked about as often
            if where is None:
                fields = self._passages(label, random)
            else:
                of_class = where[each.labels[where] == classes[label]]
                row = int(of_class[random.integers(len(of_class))])
                fields = self._fields(each, row)
            drawn.append((fields, label))
            left -= sum(map(len, fields)) + beside
        return drawn

    def _fields(self, each: TokenSet, row: int) -> tuple[list[int], ...]:
        """Return a row's fields, which share the tokens that a text may have."""
        return tuple(field[row][: self.most // len(each.fields)] for field in each.fields)

    def _passages(self, follows: int, random: np.random.Generator) -> tuple[list[int], list[int]]:
        """Return two passages of the corpus that follow each other or do not; a near miss half of the time."""
        first = int(self._neighbours[random.integers(len(self._neighbours))])
        if follows:
            second = first + 1
        elif random.random() < 0.5:
            second = min(first + int(random.integers(3, 9)), len(self.corpus) - 1)
        else:
            second = int(self._neighbours[random.integers(len(self._neighbours))])
        half = self.most // 2
        return self.corpus[first][-half:], self.corpus[second][:half]

    def _mark(self, kind: str, random: np.random.Generator) -> list[str]:
        marks = self.phrasings[kind].get("mark", [[]])
        return marks[random.integers(len(marks))]

    def _join(self, fields: Sequence[list[int]], mark: Sequence[str]) -> list[int]:
        if not mark:
            return [token for field in fields for token in field]
        return [token for word, field in zip(mark, fields, strict=True) for token in (*self.ids(word), *field)]


def load_phrasings() -> dict[str, Any]:
    """Return how each kind of set is asked about."""
    return yaml.safe_load((Path(__file__).parent / "tasks.yaml").read_text())
