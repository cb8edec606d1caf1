"""The same stratified folds for every candidate and every baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosspt_cli.foundation.seeds import stream

FEW_ROWS = 12  # of the rarest class: with fewer, folds are cheap, and more of them no worse
FOLDS_OF_FEW = 4


@dataclass(frozen=True)
class Fold:
    """Row indices to train on and to score on, both [n] int64, sorted and disjoint."""

    train: np.ndarray
    held_out: np.ndarray


def count_folds(wanted: int, fewest: int) -> int:
    """Return how many folds to make of a task whose rarest class has `fewest` rows: those wanted, more of few rows."""
    return min(max(wanted, FOLDS_OF_FEW) if fewest < FEW_ROWS else wanted, fewest)


def stratified_folds(labels: np.ndarray, count: int, seed: int) -> tuple[Fold, ...]:
    """Return `count` folds whose held-out parts cover every row once, each with its share of every class.

    Args:
        labels: [rows] int64; every class has at least `count` rows.
        count: number of folds, at least 2.
        seed: of the study.

    Raises:
        ValueError: a class has fewer rows than there are folds; such a fold would never train it.
    """
    from sklearn.model_selection import StratifiedKFold

    fewest = int(np.bincount(labels).min())
    if fewest < count:
        raise ValueError(f"the rarest class has {fewest} rows, but {count} folds need at least {count}")
    splitter = StratifiedKFold(count, shuffle=True, random_state=int(stream(seed, "folds").integers(2**31)))
    return tuple(Fold(train, held_out) for train, held_out in splitter.split(labels, labels))


def batches(train: np.ndarray, steps: int, batch: int, random: np.random.Generator) -> np.ndarray:
    """Return the rows of every step, [steps, batch] int64: passes over `train` in ever new orders, without gaps."""
    passes = -(-steps * batch // len(train))
    order = np.concatenate([random.permutation(train) for _ in range(passes)])
    return order[: steps * batch].reshape(steps, batch)
