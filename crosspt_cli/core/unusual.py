"""Which texts are unlike anything among the training rows, from the frozen encoder's vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crosspt_cli.core.score import unit

QUANTILE = 0.95
"""Of the training rows so many are ordinary by definition, each compared with the others."""


@dataclass(frozen=True)
class Familiar:
    """What training rows look like: `means` [C, H] float32 of length 1, and how far from all of them is `limit`."""

    means: np.ndarray
    limit: float

    def distance(self, vectors: np.ndarray) -> np.ndarray:
        """Return 1 minus the cosine to the nearest class mean, [n], for texts' vectors [n, H]."""
        return 1 - (unit(vectors) @ self.means.T).max(1)

    def unusual(self, vectors: np.ndarray) -> np.ndarray:
        """Return whether each text lies beyond the limit, [n] bool, for texts' vectors [n, H]."""
        return self.distance(vectors) > self.limit


def familiar(vectors: np.ndarray, labels: np.ndarray, classes: int) -> Familiar:
    """Return what the training rows look like; every class must occur.

    The limit is the distance that 95 % of rows keep, each compared with class means that it was left out of: the
    ⌈0.95 (n + 1)⌉-th smallest of n, so that a further row of their kind passes it with 5 % at most. Below 19 rows it
    is the largest, which a further row passes with 1 / (n + 1).

    Args:
        vectors: [n, H] float32, mean-pooled encoder outputs without a prompt.
        labels: [n] int64.
        classes: C.

    Source:
        Lee et al. 2018, A simple unified framework for detecting out-of-distribution samples: distance to the nearest
        class mean; ours is a cosine's, because few rows tell no covariance. Vovk et al. 2005 for the n + 1.
    """
    rows = unit(vectors.astype(np.float64))
    sums = np.stack([rows[labels == c].sum(0) for c in range(classes)])
    cosines = rows @ unit(sums).T  # [n, C]
    without = unit(sums[labels] - rows)  # of a class's only row nothing is left, and its cosine is 0
    cosines[np.arange(len(rows)), labels] = (rows * without).sum(1)
    distances = np.sort(1 - cosines.max(1))
    place = min(len(rows), math.ceil((len(rows) + 1) * QUANTILE))
    return Familiar(unit(sums).astype(np.float32), float(distances[place - 1]))
