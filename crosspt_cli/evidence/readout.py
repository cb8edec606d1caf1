"""From label words and prototypes to one score per class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crosspt_cli.foundation.records import Key


@dataclass(frozen=True)
class Readout:
    """How a score is made of label words and prototypes.

    Args:
        weight: nats per unit of similarity to the class's prototype; 0 leaves prototypes out.
        words: whether label words count.
        temperature: scores are divided by it; it changes confidences and never the answer.
    """

    RECORD: ClassVar = (Key("weight", digits=None), "words")

    weight: float
    words: bool = True
    temperature: float = 1.0

    def log_shares(self, nats: np.ndarray, bias: np.ndarray, similarity: np.ndarray) -> np.ndarray:
        """Return class log-probabilities [n, C].

        Args:
            nats: [n, C], label words' log-likelihoods.
            bias: [C], what the prompt favours each class by; taken off.
            similarity: [n, C], from `PairedPrototypes.similarity`.
        """
        words = nats - bias if self.words else np.zeros_like(nats)
        scores = words + self.weight * similarity if self.weight else words
        return log_softmax(scores / self.temperature)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return log-probabilities over the last axis."""
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
