"""Class prototypes from labelled rows and from rows without labels: expectation and maximisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crosspt_cli.evidence.prototypes import Prototypes, SharedRows, prototypes, unit
from crosspt_cli.evidence.readout import log_softmax

TEMPERATURE = 100.0
"""Nats per unit of similarity when an unlabelled row is shared out among the classes."""
ROUNDS = 4
SMOOTHING = 0.1
"""How much of the class prior is even, whatever the unlabelled rows say: no class dies out."""
MOST_WEIGHT = 0.2
"""Of one unlabelled row, in units of a labelled one: few of them say little, however much they should weigh."""
PRIOR_ROUNDS = 3  # shares and prior depend on each other; after so many they stand
MOST_ROWS = 20_000  # more of them take longer and say nothing new
BLOCK = 4096  # rows whose float64 copy is in memory at a time


@dataclass(frozen=True)
class Pooled:
    """Class prototypes that have seen unlabelled rows, one for each way of reading, and what these rows are like.

    `log_prior` [C] float64, how frequent each class is among the unlabelled rows · `shares` [n, C] float32, how much of
    each of them belongs to each class.
    """

    prototypes: tuple[Prototypes, ...]
    log_prior: np.ndarray
    shares: np.ndarray


@dataclass(frozen=True)
class Unlabelled:
    """Rows without labels by one way of reading, made once for all folds and masses.

    `rows` [u, H] float32 of length 1 · `products` [H, H] float64, the sum of row rowᵀ.
    """

    rows: np.ndarray
    products: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Unlabelled:
        """Return the rows of these vectors [u, H] float32."""
        rows = unit(vectors).astype(np.float32)
        products = np.zeros((rows.shape[1],) * 2)
        for block in _blocks(rows):
            products += block.T @ block
        return cls(rows, products)

    def shared(self, shares: np.ndarray, weight: float) -> SharedRows:
        """Return the rows, each of this weight, in parts; `shares` [u, C]."""
        sums = np.zeros((shares.shape[1], self.rows.shape[1]))
        for block, part in zip(_blocks(self.rows), _blocks(shares), strict=True):
            sums += part.T @ block
        parts, squares = shares.sum(0, np.float64), (shares**2).sum(0, np.float64)
        return SharedRows(weight * parts, weight**2 * squares, weight * sums, weight * self.products)


@dataclass(frozen=True)
class Reading:
    """One way of reading: the vectors of `labelled` rows, [n, H] float32, and the `unlabelled` ones."""

    labelled: np.ndarray
    unlabelled: Unlabelled


def sample_rows(count: int, random: np.random.Generator) -> np.ndarray:
    """Return the places, in order, of the unlabelled rows that are worth being read: all, or `MOST_ROWS` by lot."""
    return np.sort(random.choice(count, min(count, MOST_ROWS), replace=False))


def pooled_prototypes(readings: Sequence[Reading], labels: np.ndarray, classes: int, mass: float) -> Pooled:
    """Return class prototypes from labelled and unlabelled rows; every class must occur among the labelled ones.

    An unlabelled row is shared out among the classes by its similarity to the prototypes, averaged over the ways of
    reading, and by how frequent the classes are among the unlabelled rows. The prototypes are then made again, and so
    on. Without unlabelled rows, or with mass 0, they are those of the labelled rows.

    Args:
        readings: one or more ways of reading the same rows.
        labels: [n] int64, of the labelled rows.
        classes: C.
        mass: how much all unlabelled rows together weigh, in units of all labelled rows; each of them at most
            `MOST_WEIGHT`.

    Source:
        Nigam et al. 2000, Text classification from labeled and unlabeled documents using EM, for the weight of the
        unlabelled rows; McLachlan 1975 for discriminants.
    """
    pools = [reading.unlabelled for reading in readings]
    count = len(pools[0].rows)
    found = tuple(prototypes(reading.labelled, labels, classes) for reading in readings)
    log_prior = np.full(classes, -np.log(classes))
    if not count:
        return Pooled(found, log_prior, np.zeros((0, classes), np.float32))
    weight = min(MOST_WEIGHT, mass * len(labels) / count)
    shares, log_prior = _share_out(found, pools, log_prior)
    for _ in range(ROUNDS if weight else 0):
        found = tuple(
            prototypes(reading.labelled, labels, classes, reading.unlabelled.shared(shares, weight))
            for reading in readings
        )
        shares, log_prior = _share_out(found, pools, log_prior)
    return Pooled(found, log_prior, shares)


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[first : first + BLOCK].astype(np.float64) for first in range(0, len(rows), BLOCK))


def _share_out(
    found: Sequence[Prototypes], pools: Sequence[Unlabelled], log_prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each unlabelled row belongs to each class, [u, C] float32, and the log prior [C] they give."""
    similarity = np.mean([each.similarity(pool.rows) for each, pool in zip(found, pools, strict=True)], 0)
    scores = TEMPERATURE * similarity
    for _ in range(PRIOR_ROUNDS):
        shares = np.exp(log_softmax(scores + log_prior))
        log_prior = np.log((1 - SMOOTHING) * shares.mean(0) + SMOOTHING / len(log_prior))
    return shares.astype(np.float32), log_prior
