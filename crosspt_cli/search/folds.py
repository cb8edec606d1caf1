"""The same stratified folds for every candidate and every baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspt_cli.evidence.trial import Fold
from crosspt_cli.foundation.seeds import stream

FEW_ROWS = 12  # of the rarest class: with fewer, folds are cheap, and more of them no worse
FOLDS_OF_FEW = 4


def count_folds(wanted: int, fewest: int) -> int:
    """Return how many folds to make of a task whose rarest class has `fewest` rows: those wanted, more of few rows."""
    return min(max(wanted, FOLDS_OF_FEW) if fewest < FEW_ROWS else wanted, fewest)


def stratified_folds(
    labels: np.ndarray, count: int, seed: int, groups: Sequence[int] | None = None
) -> tuple[Fold, ...]:
    """Return `count` folds whose held-out parts cover every row once, each with its share of every class.

    Rows of one group are held out together, and classes are shared out as evenly as that allows. A group that holds a
    whole class is taken apart, for a fold that holds out all of a class has nothing to learn it from. Where every row
    is a group by itself, folds are those without groups.

    Args:
        labels: [rows] int64; every class has at least `count` rows.
        count: number of folds, at least 2; there are fewer where there are fewer groups.
        seed: of the study.
        groups: [rows] equal for rows that must not be divided, such as near-copies.

    Raises:
        ValueError: a class has fewer rows than there are folds; such a fold would never train it.
    """
    from sklearn.model_selection import StratifiedKFold

    fewest = int(np.bincount(labels).min())
    if fewest < count:
        raise ValueError(f"the rarest class has {fewest} rows, but {count} folds need at least {count}")
    if groups is not None and (kept := divisible(labels, np.asarray(groups))).size > len(np.unique(kept)):
        return _grouped_folds(labels, kept, count, seed)
    splitter = StratifiedKFold(count, shuffle=True, random_state=int(stream(seed, "folds").integers(2**31)))
    return tuple(Fold(train, held_out) for train, held_out in splitter.split(labels, labels))


def divisible(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the groups, [rows] int64, without those that hold a whole class: their rows are by themselves."""
    first, member = np.unique(groups, return_index=True, return_inverse=True)[1:]
    kept = first[member]  # a group's name is its first row, which no other row can have
    for label in np.unique(labels):
        if len(np.unique(kept[labels == label])) == 1:
            kept = _taken_apart(kept, labels == label)
    return kept


def _taken_apart(groups: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the groups without those of some rows, [rows] bool: every row of these is by itself."""
    return np.where(np.isin(groups, groups[rows]), np.arange(len(groups)), groups)


def _grouped_folds(labels: np.ndarray, groups: np.ndarray, count: int, seed: int) -> tuple[Fold, ...]:
    """Return folds that keep groups whole; those of a class that would be held out whole are taken apart."""
    fold_of = _share_out(labels, groups, min(count, len(np.unique(groups))), seed)
    for label in np.unique(labels):
        if len(np.unique(fold_of[labels == label])) == 1:
            return _grouped_folds(labels, _taken_apart(groups, labels == label), count, seed)
    every = range(int(fold_of.max()) + 1)
    return tuple(Fold(np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)) for number in every)


def _share_out(labels: np.ndarray, groups: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return each row's fold, [rows] int64: the largest groups first, each where the folds stay most alike.

    Folds are alike when the sum over them and the classes of the squared share of a class is small. Of equals the fold
    with the fewest rows is taken; the order of groups of one size is drawn.
    """
    names, sizes = np.unique(groups, return_counts=True)
    drawn = stream(seed, "folds", "groups").permutation(len(names))
    total = np.bincount(labels)
    held, fold_of = np.zeros((count, len(total))), np.zeros(len(labels), np.int64)  # held [folds, C]
    for place in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        members = groups == names[place]
        own = np.bincount(labels[members], minlength=len(total))
        growth = ((2 * held + own) * own / total**2).sum(1)  # [folds]
        fold = np.lexsort((held.sum(1), growth))[0]
        held[fold] += own
        fold_of[members] = fold
    return fold_of


def sample_rows(labels: np.ndarray, most: int, least: int, random: np.random.Generator) -> np.ndarray:
    """Return up to `most` rows, drawn so that each class keeps its share of them, as indices in ascending order.

    Args:
        labels: [rows] int64; every class must occur.
        most: rows; more only where every class has `least`.
        least: rows of each class, or all that it has.
        random: draws the rows.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    order = random.permutation(len(labels))
    counts = np.bincount(labels)
    wanted = np.maximum(np.minimum(counts, least), counts * most // len(labels))
    own = (order[labels[order] == label][: wanted[label]] for label in range(len(counts)))
    return np.sort(np.concatenate(list(own)))


def batches(train: np.ndarray, steps: int, batch: int, random: np.random.Generator) -> np.ndarray:
    """Return the rows of every step, [steps, batch] int64: passes over `train` in ever new orders, without gaps."""
    passes = -(-steps * batch // len(train))
    order = np.concatenate([random.permutation(train) for _ in range(passes)])
    return order[: steps * batch].reshape(steps, batch)


def spread_rows(labels: np.ndarray, most: int) -> np.ndarray:
    """Return up to `most` row indices, sorted, taking the first rows of each class in turn."""
    seen: dict[int, int] = {}
    turn = []
    for label in labels.tolist():
        turn.append(seen.get(label, 0))
        seen[label] = turn[-1] + 1
    return np.sort(np.argsort(turn, kind="stable")[:most])
