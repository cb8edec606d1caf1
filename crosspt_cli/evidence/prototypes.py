"""Class prototypes: a linear rule from the means of labelled rows' vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SHRINKAGE = 0.9
"""How much of the spread within classes is taken as equal in all directions: few rows say little about the rest."""
ROUNDING = 1e-6
"""Vectors of length 1 that are nearer to each other than this are the same text's, read in other company."""


@dataclass(frozen=True)
class Prototypes:
    """Class means of the frozen encoder's vectors, as a linear rule: `directions` [C, H], `offsets` [C] float32.

    Directions in which rows of one class differ among themselves count less.
    """

    directions: np.ndarray
    offsets: np.ndarray

    def similarity(self, vectors: np.ndarray) -> np.ndarray:
        """Return how near each text's vector [n, H] is to each class mean, [n, C]; the scale is a cosine's."""
        return unit(vectors) @ self.directions.T - self.offsets


def prototypes(vectors: np.ndarray, labels: np.ndarray, classes: int) -> Prototypes:
    """Return class prototypes from labelled rows; every class must occur.

    A text is nearest to the class whose mean has the smallest Mahalanobis distance under one covariance for all
    classes, strongly shrunk: a linear discriminant. The common term of all distances is left out, and so is what a
    mean of few rows is farther off than one of many. Means that are all the same say nothing: every text is then as
    near to one class as to another.

    Args:
        vectors: [n, H] float32, mean-pooled encoder outputs of the text's tokens.
        labels: [n] int64.
        classes: C.
    """
    rows = unit(vectors.astype(np.float64))
    counts = np.bincount(labels, minlength=classes)
    means = np.stack([rows[labels == c].mean(0) for c in range(classes)])
    centre = means.mean(0)  # of the classes, not the rows: a frequent class must not pull the centre to itself
    if np.abs(means - centre).max() < ROUNDING:
        return Prototypes(np.zeros_like(means, np.float32), np.zeros(classes, np.float32))
    within = rows - means[labels]
    one_row = 1 / max(1, len(rows) - int(np.count_nonzero(counts)))  # weight of a row in the spread
    even = one_row * (within**2).sum() / within.shape[1] + 1e-9  # above zero even where every class has a single row
    spread = Spread(within, (1 - SHRINKAGE) * one_row, SHRINKAGE * even)
    directions = spread.undo(means - centre)
    offsets = ((means + centre) * directions).sum(1) / 2
    offsets -= _extra_distance(spread, counts[labels]) * _by_rows(counts) / 2
    scale = np.linalg.norm(directions, axis=1).mean()
    return Prototypes((directions / scale).astype(np.float32), (offsets / scale).astype(np.float32))


@dataclass(frozen=True)
class Spread:
    """A shrunk covariance within classes: `one_row` · Σ row rowᵀ + `even` · I.

    `rows` [n, H], each minus its class's mean.
    """

    rows: np.ndarray
    one_row: float
    even: float

    def undo(self, vectors: np.ndarray) -> np.ndarray:
        """Return vectors [m, H] times the inverse, by way of the products of the rows, n × n, or of H × H if n is more.

        Source: Woodbury 1950.
        """
        rows, width = self.rows.shape
        if rows > width:
            return np.linalg.solve(self.one_row * self.rows.T @ self.rows + self.even * np.eye(width), vectors.T).T
        return (vectors - vectors @ self.rows.T @ self._solved) / self.even

    @cached_property
    def _solved(self) -> np.ndarray:
        products = self.rows @ self.rows.T
        return np.linalg.solve(products + self.even / self.one_row * np.eye(len(products)), self.rows)


def _by_rows(counts: np.ndarray) -> np.ndarray:
    """Return how much farther off each class mean is than the average one, [C], per unit of one row's distance."""
    return 1 / counts - (1 / counts).mean()


def _extra_distance(spread: Spread, counts: np.ndarray) -> float:
    """Return the expected squared distance of a row from its class's true mean; divided by n, that of a mean of n.

    A row is measured with a metric that does not know it (Sherman and Morrison 1950): with fewer rows than
    dimensions, the metric shortens just the directions in which its own rows differ.

    Args:
        spread: within classes.
        counts: [n], rows of each row's class.
    """
    known, rows = spread.rows[counts > 1], counts[counts > 1]
    if not len(known):
        return 0.0
    left_out = rows / (rows - 1)  # a row pulls the mean towards itself
    squared = left_out * (spread.undo(known) * known).sum(1)
    return float((squared / (1 - spread.one_row * squared)).mean())


@dataclass(frozen=True)
class PairedPrototypes:
    """Class prototypes of texts that are read twice: as a prompt makes the encoder read them, and without any prompt.

    A prompt tells the encoder what the task is about; without one nothing has been fitted to the rows.
    """

    prompted: Prototypes
    plain: Prototypes

    def similarity(self, vectors: np.ndarray, plain: np.ndarray) -> np.ndarray:
        """Return how near each text is to each class, [n, C]: the mean of both ways of reading it.

        Args:
            vectors: [n, H], the texts' vectors under the prompt.
            plain: [n, H], without a prompt.
        """
        return (self.prompted.similarity(vectors) + self.plain.similarity(plain)) / 2


def paired_prototypes(vectors: np.ndarray, plain: np.ndarray, labels: np.ndarray, classes: int) -> PairedPrototypes:
    """Return the class prototypes of labelled rows by both ways of reading them; every class must occur.

    Args:
        vectors: [n, H] float32, the rows' vectors under a prompt.
        plain: [n, H] float32, without a prompt.
        labels: [n] int64.
        classes: C.
    """
    return PairedPrototypes(prototypes(vectors, labels, classes), prototypes(plain, labels, classes))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors [.., H] scaled to length 1; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
