"""What a person would try first, scored on the same folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from crosspt_cli.evidence.bias import class_share
from crosspt_cli.evidence.outcome import Score, score_of
from crosspt_cli.evidence.trial import Fold

MOST_FREQUENT = "most frequent class"
TFIDF = "TF-IDF + logistic regression"
ENCODER = "encoder + logistic regression"


class Classifier(Protocol):
    """What a baseline must have, as scikit-learn's classifiers do."""

    classes_: np.ndarray

    def fit(self, inputs: np.ndarray, labels: np.ndarray) -> Classifier:
        """Learn from inputs [n, ..] and labels [n] int64; return itself."""
        ...

    def predict_proba(self, inputs: np.ndarray) -> np.ndarray:
        """Return the shares [n, C] of `classes_`."""
        ...


def baseline_scores(
    texts: Sequence[str], vectors: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]
) -> dict[str, Score]:
    """Return each baseline's held-out score, on exactly these folds.

    Args:
        texts: every row as one text, its columns joined.
        vectors: [rows, H] mean-pooled outputs of the frozen encoder.
        labels: [rows] int64.
        folds: the study's.
    """
    plain = np.array(texts, dtype=object)
    inputs = {MOST_FREQUENT: plain, TFIDF: plain, ENCODER: vectors}
    return {name: _cross_validate(fit, inputs[name], labels, folds) for name, fit in FITTERS.items()}


def _cross_validate(
    fit: Callable[[], Classifier], inputs: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]
) -> Score:
    correct, nats = np.zeros(len(labels)), np.zeros(len(labels))
    for fold in folds:
        model = fit().fit(inputs[fold.train], labels[fold.train])
        shares = model.predict_proba(inputs[fold.held_out])
        true = labels[fold.held_out]
        correct[fold.held_out] = model.classes_[shares.argmax(1)] == true
        right = shares[np.arange(len(true)), np.searchsorted(model.classes_, true)]
        nats[fold.held_out] = np.log(np.maximum(right, 1e-12))
    return score_of(correct, tuple(float(correct[fold.held_out].mean()) for fold in folds), float(nats.mean()))


def _most_frequent() -> Classifier:
    from sklearn.dummy import DummyClassifier

    class OnAnything(DummyClassifier):
        """Ignores the inputs, so that texts need no numbers."""

        def fit(self, inputs: np.ndarray, labels: np.ndarray) -> Classifier:
            super().fit(inputs, labels)
            self.class_prior_ = class_share(np.searchsorted(self.classes_, labels), len(self.classes_))
            return self

    return OnAnything(strategy="prior")


def _tfidf() -> Classifier:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    return make_pipeline(words, _logistic())


def _on_encoder() -> Classifier:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    centred = StandardScaler(with_std=False)  # mean-pooled vectors share a large common part that says nothing
    return make_pipeline(centred, Normalizer(), _logistic())


def _logistic() -> Classifier:
    from sklearn.linear_model import LogisticRegression

    class Weighted(LogisticRegression):
        """Knows as much of how frequent each class is as a prompt does."""

        def fit(self, inputs: np.ndarray, labels: np.ndarray) -> Classifier:
            return super().fit(inputs, labels, _row_weights(labels))

    return Weighted(C=10.0, max_iter=1000)


def _row_weights(labels: np.ndarray) -> np.ndarray:
    """Return what each row counts, [n], so that its classes have the shares that a prompt's bias is measured by.

    Without it a fold's baseline favours the class that it has one row more of, of which fewer are held out: without
    any signal it would be right less often than chance, and crosspt's own way would not.
    """
    counts = np.bincount(labels)
    return class_share(labels, len(counts))[labels] * len(labels) / counts[labels]


FITTERS = {MOST_FREQUENT: _most_frequent, TFIDF: _tfidf, ENCODER: _on_encoder}
"""Name → what makes an untrained scikit-learn model; the first two take texts, the last vectors."""
