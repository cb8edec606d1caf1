"""Which texts are unlike anything among the training rows, from their vectors without a prompt and their tokens."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from crosspt_cli.evidence.prototypes import unit

QUANTILE = 0.95
"""So much of the task's own rows is ordinary by definition: an ordinary text lies beyond with 5 %."""

MOST_UNKNOWN = 0.5  # share of the tokens; of a text with more, most cannot have been read
FEWEST_REPEATED = 8  # tokens or letters; shorter texts may well say one thing throughout
FEW_DIFFERENT = 3  # tokens


@dataclass(frozen=True)
class Familiar:
    """What training rows look like.

    Args:
        means: [C, H] float32, the direction of each class's mean.
        limit: how far from the nearest of them a text may be.
        prompted: whether the vectors are those behind the prompt, as in tasks of older versions; else those without.
    """

    means: np.ndarray
    limit: float
    prompted: bool = False

    def unusual(self, vectors: np.ndarray, plain: np.ndarray) -> np.ndarray:
        """Return whether each text lies beyond the limit, [n] bool.

        Args:
            vectors: of texts behind the prompt, [n, H].
            plain: without it, [n, H].
        """
        return distances(self.means, vectors if self.prompted else plain) > self.limit


def familiar(plain: np.ndarray, labels: np.ndarray, classes: int) -> Familiar:
    """Return what a task's rows look like, and how far from the others' means all but 5 % of them are.

    Vectors without a prompt are compared, because nothing about them was fitted to the rows: a row left out is as
    far from the others as a new one would be. A prompt draws the rows that it was trained on together.

    Args:
        plain: [n, H] float32, the rows' vectors without a prompt.
        labels: [n] int64; every class must occur.
        classes: C.
    """
    return Familiar(class_directions(plain, labels, classes), limit_of(left_out_distances(plain, labels, classes)))


def class_directions(vectors: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the mean direction of each class's rows, [C, H] float32 of length 1; every class must occur.

    Args:
        vectors: [n, H] float32, the rows' vectors under one prompt or none.
        labels: [n] int64.
        classes: C.
    """
    return unit(_sums(unit(vectors.astype(np.float64)), labels, classes)).astype(np.float32)


def _sums(rows: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    sums = np.zeros((classes, rows.shape[1]))
    np.add.at(sums, labels, rows)
    return sums


def distances(means: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return 1 minus the cosine to the nearest class mean, [n] float32.

    Args:
        means: from `class_directions`.
        vectors: of texts, [n, H] float32.

    Source:
        Lee et al. 2018, A simple unified framework for detecting out-of-distribution samples: distance to the nearest
        class mean; ours is a cosine's, because few rows tell no covariance.
    """
    return 1 - (unit(vectors) @ means.T).max(1)


def left_out_distances(vectors: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return 1 minus each row's cosine to the nearest class mean of all the other rows, [n] float64.

    A class of one row has no mean without it.

    Args:
        vectors: [n, H] float32.
        labels: [n] int64; every class must occur.
        classes: C.
    """
    rows = unit(vectors.astype(np.float64))
    sums = _sums(rows, labels, classes)
    similarity = rows @ unit(sums).T  # [n, C]
    own = (rows * unit(sums[labels] - rows)).sum(1)
    alone = np.bincount(labels, minlength=classes)[labels] == 1
    similarity[np.arange(len(rows)), labels] = np.where(alone, -1.0, own)
    return 1 - similarity.max(1)


def limit_of(held_out: np.ndarray) -> float:
    """Return the distance that 95 % of rows keep.

    It is the smallest of them beyond which at most 5 % of n + 1 rows can lie; below 19 rows, the largest, beyond
    which one row of n + 1 may.

    Args:
        held_out: each row's distance to means that it was left out of, [n].

    Source:
        Vovk et al. 2005, for the n + 1.
    """
    place = min(len(held_out), math.ceil((len(held_out) + 1) * QUANTILE))
    return float(np.sort(held_out)[place - 1])


def is_unreadable(texts: Sequence[str], token_ids: Iterable[Sequence[int]], unknown: int | None) -> bool:
    """Return whether a row says nothing that can be read, wherever its vector lies.

    That is: no letter or digit, mostly unknown tokens, or the same over and over.

    Args:
        texts: of the row.
        token_ids: of each of them, without those of the template.
        unknown: id of the unknown token, if the backbone has one.
    """
    tokens: list[int | None] = list(chain.from_iterable(token_ids))
    letters = [letter for text in texts for letter in text.casefold() if letter.isalnum()]
    if not letters or tokens.count(unknown) > MOST_UNKNOWN * len(tokens):
        return True
    one_letter = len(letters) >= FEWEST_REPEATED and len(set(letters)) == 1
    return one_letter or (len(tokens) >= FEWEST_REPEATED and len(set(tokens)) <= FEW_DIFFERENT)
