"""Which texts are unlike anything among the training rows, from their vectors under the task's prompt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crosspt_cli.core.score import unit

QUANTILE = 0.95
"""So much of the held-out rows is ordinary by definition: an ordinary text lies beyond with 5 %."""


@dataclass(frozen=True)
class Familiar:
    """What training rows look like: `means` [C, H] float32 of length 1, and how far from all of them is `limit`."""

    means: np.ndarray
    limit: float

    def unusual(self, vectors: np.ndarray) -> np.ndarray:
        """Return whether each text lies beyond the limit, [n] bool, for texts' vectors [n, H]."""
        return distances(self.means, vectors) > self.limit


def class_directions(vectors: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the mean direction of each class's rows, [C, H] float32 of length 1; every class must occur.

    Args:
        vectors: [n, H] float32, the rows' vectors under one prompt.
        labels: [n] int64.
        classes: C.
    """
    rows = unit(vectors.astype(np.float64))
    return unit(np.stack([rows[labels == c].sum(0) for c in range(classes)])).astype(np.float32)


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
