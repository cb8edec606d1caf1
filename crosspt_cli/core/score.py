"""From the frozen model's outputs to one score per class: label words, prototypes, and both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHRINKAGE = 0.9
"""How much of the spread within classes is taken as equal in all directions: few rows say little about the rest."""


@dataclass(frozen=True)
class Prototypes:
    """Class means of the frozen encoder's vectors, as a linear rule: `directions` [C, H], `offsets` [C] float32.

    Directions in which rows of one class differ among themselves count less.
    """

    directions: np.ndarray
    offsets: np.ndarray

    def nearness(self, vectors: np.ndarray) -> np.ndarray:
        """Return how near each text's vector [n, H] is to each class mean, [n, C]; the scale is a cosine's."""
        return unit(vectors) @ self.directions.T - self.offsets


def prototypes(vectors: np.ndarray, labels: np.ndarray, classes: int) -> Prototypes:
    """Return class prototypes from labelled rows; every class must occur.

    A text is nearest to the class whose mean has the smallest Mahalanobis distance under one covariance for all
    classes, strongly shrunk: a linear discriminant. The common term of all distances is left out.

    Args:
        vectors: [n, H] float32, mean-pooled encoder outputs without a prompt.
        labels: [n] int64.
        classes: C.
    """
    rows = unit(vectors.astype(np.float64))
    counts = np.bincount(labels, minlength=classes)
    means = np.stack([rows[labels == c].mean(0) for c in range(classes)])
    within = rows - means[labels]
    spread = within.T @ within / max(1, len(rows) - np.count_nonzero(counts))
    even = np.trace(spread) / len(spread) + 1e-9  # above zero even where every class has a single row
    shrunk = (1 - SHRINKAGE) * spread + SHRINKAGE * even * np.eye(len(spread))
    centre = means.mean(0)  # of the classes, not the rows: a frequent class must not pull the centre to itself
    directions = np.linalg.solve(shrunk, (means - centre).T).T
    directions /= np.linalg.norm(directions, axis=1).mean()
    offsets = ((means + centre) * directions).sum(1) / 2
    return Prototypes(directions.astype(np.float32), offsets.astype(np.float32))


@dataclass(frozen=True)
class Readout:
    """How a score is made of label words and prototypes.

    Args:
        weight: nats per unit of nearness to the class's prototype; 0 leaves prototypes out.
        words: whether label words count.
        temperature: scores are divided by it; it changes confidences and never the answer.
    """

    weight: float
    words: bool = True
    temperature: float = 1.0

    def log_shares(self, nats: np.ndarray, leaning: np.ndarray, nearness: np.ndarray) -> np.ndarray:
        """Return class log-probabilities [n, C].

        Args:
            nats: [n, C], label words' log-likelihoods.
            leaning: [C], what the prompt favours each class by; taken off.
            nearness: [n, C], from `Prototypes.nearness`.
        """
        words = nats - leaning if self.words else 0.0
        return log_softmax((words + self.weight * nearness) / self.temperature)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return log-probabilities over the last axis."""
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors [.., H] scaled to length 1; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
