"""Texts as token ids on disk: read once, sampled for hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from crosspt_cli.core.encode import EncodedTexts, encode_texts
from recipes.backbone.texts import LabelledSet
from recipes.backbone.vocabulary import END


@dataclass(frozen=True)
class TokenTexts:
    """Many texts packed: `tokens` [n] uint16, `starts` [rows + 1] int64."""

    tokens: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> list[int]:
        """Return one text's ids, without an end-of-sequence token."""
        return self.tokens[self.starts[row] : self.starts[row + 1]].tolist()

    @property
    def lengths(self) -> np.ndarray:
        """Tokens per text, [rows] int64."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class TokenSet:
    """A labelled data set as tokens: one `TokenTexts` per field, `labels` [rows] int64 into `names`."""

    name: str
    kind: str
    fields: tuple[TokenTexts, ...]
    labels: np.ndarray
    names: tuple[str, ...]


def tokenize(tokenizer, texts: Sequence[str], most: int) -> TokenTexts:
    """Return texts as ids, at most `most` of each."""
    ids = [row[:most] for row in tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in ids])]).astype(np.int64)
    return TokenTexts(np.array([token for row in ids for token in row], np.uint16), starts)


def save_texts(folder: Path, tokenizer, sets: Iterable[LabelledSet], paragraphs: Sequence[str], most: int) -> None:
    """Write every set and the corpus as tokens, one `.npz` each."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in sets:
        names = sorted(set(each.labels))
        arrays = {"labels": np.array([names.index(label) for label in each.labels]), "names": np.array(names)}
        for number in range(len(each.texts[0])):
            field = tokenize(tokenizer, [text[number] for text in each.texts], most)
            arrays |= {f"tokens{number}": field.tokens, f"starts{number}": field.starts}
        np.savez(folder / f"set.{each.kind}.{each.name}.npz", **arrays)
    corpus = tokenize(tokenizer, paragraphs, most)
    np.savez(folder / "corpus.npz", tokens=corpus.tokens, starts=corpus.starts)


def load_sets(folder: Path) -> list[TokenSet]:
    """Return the sets that `save_texts` wrote."""
    sets = []
    for path in sorted(folder.glob("set.*.npz")):
        _, kind, name, _ = path.name.split(".")
        with np.load(path) as arrays:
            count = sum(key.startswith("tokens") for key in arrays.files)
            fields = tuple(TokenTexts(arrays[f"tokens{n}"], arrays[f"starts{n}"]) for n in range(count))
            sets.append(TokenSet(name, kind, fields, arrays["labels"], tuple(arrays["names"].tolist())))
    return sets


def load_corpus(folder: Path) -> TokenTexts:
    """Return the paragraphs that `save_texts` wrote; an empty one stands between documents."""
    with np.load(folder / "corpus.npz") as arrays:
        return TokenTexts(arrays["tokens"], arrays["starts"])


def encoded(rows: Sequence[Sequence[int]], device: torch.device) -> EncodedTexts:
    """Return rows of ids as the student reads them, with an end-of-sequence token each."""
    return encode_texts([[*row, END] for row in rows], device)
