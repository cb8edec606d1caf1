"""What a person would try first, scored on the same folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspt_cli.search.folds import Fold
from crosspt_cli.search.outcome import Score

MOST_FREQUENT = "most frequent class"
TFIDF = "TF-IDF + logistic regression"
ENCODER = "encoder + logistic regression"


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


def _cross_validate(fit, inputs: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]) -> Score:
    correct, nats = np.zeros(len(labels)), np.zeros(len(labels))
    for fold in folds:
        model = fit().fit(inputs[fold.train], labels[fold.train])
        shares = model.predict_proba(inputs[fold.held_out])
        true = labels[fold.held_out]
        correct[fold.held_out] = model.classes_[shares.argmax(1)] == true
        right = shares[np.arange(len(true)), np.searchsorted(model.classes_, true)]
        nats[fold.held_out] = np.log(np.maximum(right, 1e-12))
    return Score(correct, tuple(float(correct[fold.held_out].mean()) for fold in folds), float(nats.mean()))


def _most_frequent():
    from sklearn.dummy import DummyClassifier

    class OnAnything(DummyClassifier):
        """Ignores the inputs, so that texts need no numbers."""

    return OnAnything(strategy="prior")


def _tfidf():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    return make_pipeline(words, LogisticRegression(C=10.0, max_iter=1000))


def _on_encoder():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    centred = StandardScaler(with_std=False)  # mean-pooled vectors share a large common part that says nothing
    return make_pipeline(centred, Normalizer(), LogisticRegression(C=10.0, max_iter=1000))


FITTERS = {MOST_FREQUENT: _most_frequent, TFIDF: _tfidf, ENCODER: _on_encoder}
"""Name → what makes an untrained scikit-learn model; the first two take texts, the last vectors."""
