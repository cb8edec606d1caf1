"""Which classes a prompt favours beyond their share, so that it can be taken off."""

from __future__ import annotations

import numpy as np


def class_share(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class among the rows that something is trained on, [C]; one row does not count.

    Of a class that a fold trains on one row more of, it holds one row less out. Counts that are one row apart are
    taken as equal, so that this does not move answers away from the right ones where the task's classes are as
    frequent as each other.

    Args:
        labels: [n] int64, of the rows.
        classes: C.
    """
    counts = np.bincount(labels, minlength=classes).astype(float)
    evened, left = np.zeros(classes), np.unique(counts[counts > 0])
    while len(left):
        alike = (counts >= left[0]) & (counts <= left[0] + 1)
        evened[alike] = counts[alike].mean()
        left = left[left > left[0] + 1]
    return evened / len(labels)


def bias_of(nats: np.ndarray, true: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return by how many nats a source favours each class beyond its share, [C] float32.

    Rows are weighted so that their classes have these shares: what it is judged on may be a sample that has not.

    Args:
        nats: [n, C], what the source answers on some rows.
        true: [n] int64, their classes.
        share: [C], of the classes, from `class_share`.
    """
    counts = np.bincount(true, minlength=len(share))
    wanted = np.where(counts > 0, share, 0.0)
    wanted /= wanted.sum()
    given = (wanted / np.maximum(counts, 1))[true] @ np.exp(nats)
    smoothed = wanted * len(true) + 0.5
    return (np.log(given + 1e-6) - np.log(smoothed / smoothed.sum())).astype(np.float32)
