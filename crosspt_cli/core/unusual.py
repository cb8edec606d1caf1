"""Which texts are unlike anything among the training rows, from the frozen encoder's vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crosspt_cli.core.score import unit

QUANTILE = 0.95
"""So much of the training rows is ordinary by definition: a row left out lies farther from the others with 5 %."""


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

    The limit is the distance that 95 % of rows keep, each compared with class means that it was left out of. It is
    the smallest of them beyond which at most 5 % of n + 1 rows can lie; below 19 rows, the largest, beyond which
    one row of n + 1 may.

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
    # a class's only row leaves no mean behind: unit() of nothing is 0, and so is the cosine
    without = unit(_rounded_off(sums[labels] - rows))
    cosines[np.arange(len(rows)), labels] = (rows * without).sum(1)
    distances = np.sort(1 - cosines.max(1))
    place = min(len(rows), math.ceil((len(rows) + 1) * QUANTILE))
    return Familiar(unit(sums).astype(np.float32), float(distances[place - 1]))


def _rounded_off(vectors: np.ndarray) -> np.ndarray:
    """Return vectors in which what is left of a difference of equals is zero."""
    return np.where(np.linalg.norm(vectors, axis=1, keepdims=True) > 1e-9, vectors, 0.0)
