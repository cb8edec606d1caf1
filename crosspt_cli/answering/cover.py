"""Which rows of a pool to ask about: those that represent many others, and on which the task contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from crosspt_cli.evidence.prototypes import unit

Unlike = Callable[[int], np.ndarray]


def entropy(shares: np.ndarray) -> np.ndarray:
    """Return the entropy over the last axis in nats."""
    return -(shares * np.log(np.maximum(shares, 1e-12))).sum(-1)


def disagreement(views: Sequence[np.ndarray]) -> np.ndarray:
    """Return by how much the views contradict each other, [n], 0 to 1: their Jensen-Shannon divergence.

    Args:
        views: the class probabilities [n, C] that each way of answering gives; at least two.

    Source:
        McCallum and Nigam 1998, *Employing EM and pool-based active learning for text classification*: a committee's
        divergence from its mean. Here the committee is one task read in several ways.
    """
    mean = np.mean(views, axis=0)
    most = np.log(min(len(views), mean.shape[1]))
    return np.clip((entropy(mean) - np.mean([entropy(view) for view in views], axis=0)) / most, 0.0, 1.0)


def even_weights(shares: np.ndarray) -> np.ndarray:
    """Return a weight per row, [n], of mean 1, under which every class has the same share of the rows.

    Args:
        shares: [n, C] class probabilities.
    """
    return (shares / np.maximum(shares.sum(0), 1e-12)).sum(1) * len(shares) / shares.shape[1]


def choose_rows(views: Sequence[np.ndarray], vectors: np.ndarray, n: int, unlike: Unlike) -> list[int]:
    """Return up to `n` rows of a pool to label next, the most useful first.

    A row in doubt is worth asking about; one in doubt that stands for many is worth more. So the half on which the
    views contradict each other most is preferred, and a cover chosen among it, all classes counting alike.

    Args:
        views: the pool's class probabilities [N, C] that each way of answering gives; at least two.
        vectors: [N, H] of the pool, from the frozen encoder.
        n: how many to choose.
        unlike: row → [N] bool, which rows are no near-copies of it.
    """
    rows = len(vectors)
    preferred = np.zeros(rows, bool)
    preferred[np.argsort(-disagreement(views), kind="stable")[: max(rows // 2, 2 * n)]] = True
    return choose_cover(vectors, even_weights(np.mean(views, axis=0)), preferred, n, unlike)


def choose_cover(vectors: np.ndarray, weights: np.ndarray, preferred: np.ndarray, n: int, unlike: Unlike) -> list[int]:
    """Return up to `n` rows of a pool, the first choice first, that together stand for as much of it as possible.

    Each choice is the row that brings the pool nearer to something chosen: Σ over the pool's rows of weight ×
    similarity to the nearest chosen row, grown greedily. What a chosen row stands for already counts no more, so its
    like gain little, and rows off by themselves stand for nobody else. Fewer than `n` come back when the rest are
    near-copies.

    Args:
        vectors: [N, H] of the pool, from the frozen encoder.
        weights: [N], how much each row counts.
        preferred: [N] bool; the others are chosen when none of these is left.
        n: how many to choose.
        unlike: row → [N] bool, which rows are no near-copies of it; the others are not chosen after it.

    Source:
        Wei, Iyer and Bilmes 2015, *Submodularity in data subset selection and active learning*: the rows that are
        uncertain are filtered, then a facility-location function is maximised greedily among them (Nemhauser, Wolsey
        and Fisher 1978: at least 63 % of the best). Ours: similarity is the cosine after the pool's mean is taken off,
        negative ones as 0, and uncertain is what the task says in contradictory ways.
    """
    centred = unit(unit(vectors) - unit(vectors).mean(0)).astype(np.float32)
    similar = np.maximum(centred @ centred.T, 0.0)  # [N, N]
    free, nearest = np.ones(len(vectors), bool), np.zeros(len(vectors), np.float32)
    chosen: list[int] = []
    while len(chosen) < n and free.any():
        gain = weights.astype(np.float32) @ np.maximum(similar - nearest[:, None], 0.0)
        eligible = free & preferred if (free & preferred).any() else free
        row = int(np.where(eligible, gain, -1.0).argmax())
        chosen.append(row)
        nearest = np.maximum(nearest, similar[:, row])
        free[row] = False
        free &= unlike(row)
    return chosen
