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


@dataclass(frozen=True)
class SharedRows:
    """Rows that belong to several classes in parts, summed up: all that class means and their spread take of them.

    A row's part in a class is its weight times the class's share of it.

    `parts` [C], their sum over the rows · `squares` [C], the sum of their squares · `sums` [C, H], of part · row ·
    `products` [H, H], of weight · row rowᵀ; all float64, rows of length 1.
    """

    parts: np.ndarray
    squares: np.ndarray
    sums: np.ndarray
    products: np.ndarray

    def scatter(self, means: np.ndarray) -> np.ndarray:
        """Return the sum of part · (row − mean)(row − mean)ᵀ over rows and classes, [H, H]; `means` [C, H]."""
        crossed = self.sums.T @ means
        return self.products - crossed - crossed.T + (means.T * self.parts) @ means


def prototypes(vectors: np.ndarray, labels: np.ndarray, classes: int, shared: SharedRows | None = None) -> Prototypes:
    """Return class prototypes from labelled rows; every class must occur.

    A text is nearest to the class whose mean has the smallest Mahalanobis distance under one covariance for all
    classes, strongly shrunk: a linear discriminant. The common term of all distances is left out, and so is what a
    mean of few rows is farther off than one of many. Means that are all the same say nothing: every text is then as
    near to one class as to another.

    Args:
        vectors: [n, H] float32, mean-pooled encoder outputs of the text's tokens.
        labels: [n] int64.
        classes: C.
        shared: rows whose class is not known; a labelled row weighs 1.
    """
    rows = unit(vectors.astype(np.float64))
    counts = np.bincount(labels, minlength=classes)
    totals, squares, sums = counts, counts, np.stack([rows[labels == c].sum(0) for c in range(classes)])
    if shared is not None:
        totals, squares, sums = counts + shared.parts, counts + shared.squares, sums + shared.sums
    means = sums / totals[:, None]
    centre = means.mean(0)  # of the classes, not the rows: a frequent class must not pull the centre to itself
    if np.abs(means - centre).max() < ROUNDING:
        return Prototypes(np.zeros_like(means, np.float32), np.zeros(classes, np.float32))
    spread = _spread(rows - means[labels], None if shared is None else shared.scatter(means), totals, squares)
    directions = spread.undo(means - centre)
    offsets = ((means + centre) * directions).sum(1) / 2
    offsets -= _extra_distance(spread, totals[labels], squares[labels]) * _by_rows(totals**2 / squares) / 2
    scale = np.linalg.norm(directions, axis=1).mean()
    return Prototypes((directions / scale).astype(np.float32), (offsets / scale).astype(np.float32))


@dataclass(frozen=True)
class Spread:
    """A shrunk covariance within classes: `one_row` · (Σ row rowᵀ + `scatter`) + `even` · I.

    `rows` [n, H], each minus its class's mean · `scatter` [H, H], of rows that are summed up.
    """

    rows: np.ndarray
    one_row: float
    even: float
    scatter: np.ndarray | None = None

    def undo(self, vectors: np.ndarray) -> np.ndarray:
        """Return vectors [m, H] times the inverse, by way of the products of the rows, n × n, or of H × H if n is more.

        Source: Woodbury 1950.
        """
        rows, width = self.rows.shape
        if self.scatter is not None or rows > width:
            return np.linalg.solve(self._whole, vectors.T).T
        return (vectors - vectors @ self.rows.T @ self._solved) / self.even

    @cached_property
    def _whole(self) -> np.ndarray:
        whole = self.one_row * self.rows.T @ self.rows + self.even * np.eye(self.rows.shape[1])
        return whole if self.scatter is None else whole + self.one_row * self.scatter

    @cached_property
    def _solved(self) -> np.ndarray:
        products = self.rows @ self.rows.T
        return np.linalg.solve(products + self.even / self.one_row * np.eye(len(products)), self.rows)


def _spread(within: np.ndarray, scatter: np.ndarray | None, totals: np.ndarray, squares: np.ndarray) -> Spread:
    """Return the covariance within classes.

    Args:
        within: [n, H], labelled rows, each minus its class's mean.
        scatter: [H, H], of the others.
        totals: [C], the sum of the rows' weights.
        squares: [C], the sum of their squares: a mean that has seen the rows is nearer to them than it should be.
    """
    one_row = 1 / max(1, float((totals - squares / totals).sum()))  # weight of a row in the spread
    squared = (within**2).sum() + (0.0 if scatter is None else scatter.trace())
    even = one_row * squared / within.shape[1] + 1e-9  # above zero even where every class has a single row
    return Spread(within, (1 - SHRINKAGE) * one_row, SHRINKAGE * even, scatter)


def _by_rows(counts: np.ndarray) -> np.ndarray:
    """Return how much farther off each class mean is than the average one, [C], per unit of one row's distance."""
    return 1 / counts - (1 / counts).mean()


def _extra_distance(spread: Spread, totals: np.ndarray, squares: np.ndarray) -> float:
    """Return the expected squared distance of a row from its class's true mean; divided by n, that of a mean of n.

    It is that of a labelled row from the mean of all others, less what that mean is off. A row is measured with a
    metric that does not know it (Sherman and Morrison 1950): with fewer rows than dimensions, the metric shortens just
    the directions in which its own rows differ.

    Args:
        spread: within classes.
        totals: [n], the weights of the rows of each labelled row's class.
        squares: [n], the sum of their squares.
    """
    alone = totals <= 1
    known, totals, squares = spread.rows[~alone], totals[~alone], squares[~alone]
    if not len(known):
        return 0.0
    seen = (spread.undo(known) * known).sum(1)
    left_out = totals / (totals - 1)  # a row pulls the mean towards itself
    squared = totals**2 / (totals**2 - 2 * totals + squares) * seen
    return float((squared / (1 - spread.one_row * left_out * seen)).mean())


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
