"""From the frozen model's outputs to one score per class: label words, prototypes, and both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prototypes:
    """Class means of the frozen encoder's vectors: `centre` [H], `means` [C, H] float32, rows of length 1."""

    centre: np.ndarray
    means: np.ndarray

    def cosines(self, vectors: np.ndarray) -> np.ndarray:
        """Return the cosine [n, C] of each text's vector [n, H] to each class mean."""
        return unit(vectors - self.centre) @ self.means.T


def prototypes(vectors: np.ndarray, labels: np.ndarray, classes: int) -> Prototypes:
    """Return class prototypes from labelled rows; every class must occur.

    Args:
        vectors: [n, H] float32, mean-pooled encoder outputs without a prompt.
        labels: [n] int64.
        classes: C.
    """
    sums = np.zeros((classes, vectors.shape[1]), np.float32)
    np.add.at(sums, labels, vectors)
    means = sums / np.bincount(labels, minlength=classes).astype(np.float32)[:, None]
    centre = means.mean(0)  # of the classes, not the rows: a frequent class must not pull the centre to itself
    return Prototypes(centre, unit(means - centre))


@dataclass(frozen=True)
class Readout:
    """How a score is made of label words and prototypes.

    Args:
        weight: nats per unit of cosine to the class's prototype; 0 leaves prototypes out.
        words: whether label words count.
        temperature: scores are divided by it; it changes confidences and never the answer.
    """

    weight: float
    words: bool = True
    temperature: float = 1.0

    def log_shares(self, nats: np.ndarray, leaning: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        """Return class log-probabilities [n, C].

        Args:
            nats: [n, C], label words' log-likelihoods.
            leaning: [C], what the prompt favours each class by; taken off.
            cosines: [n, C], from `Prototypes.cosines`.
        """
        words = nats - leaning if self.words else 0.0
        return log_softmax((words + self.weight * cosines) / self.temperature)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return log-probabilities over the last axis."""
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors [.., H] scaled to length 1; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
