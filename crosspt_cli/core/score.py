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
    means = sums / np.bincount(labels, minlength=classes)[:, None]
    centre = means.mean(0)  # of the classes, not the rows: a frequent class must not pull the centre to itself
    return Prototypes(centre, unit(means - centre))


def class_prior(nats: np.ndarray) -> np.ndarray:
    """Return the backbone's own leaning [C] in nats: the mean log-likelihood per class over rows [n, C]."""
    return log_softmax(nats.mean(0))


def combine(nats: np.ndarray, cosines: np.ndarray, weight: float, words: bool = True) -> np.ndarray:
    """Return class log-probabilities [n, C] from label words and prototypes.

    Args:
        nats: [n, C], label words' log-likelihoods.
        cosines: [n, C], from `Prototypes.cosines`.
        weight: nats per unit of cosine.
        words: leave the label words out when False.
    """
    return log_softmax(weight * cosines + (nats if words else 0.0))


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return log-probabilities over the last axis."""
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors [.., H] scaled to length 1; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
