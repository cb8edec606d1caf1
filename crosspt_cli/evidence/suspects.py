"""Rows whose held-out prediction speaks clearly against their label: probably labelled wrongly."""

from __future__ import annotations

import numpy as np

from crosspt_cli.evidence.outcome import Suspect

GIVEN_AT_MOST = 0.05  # probability of the given label
LIKELY_AT_LEAST = 0.9  # probability of the other one; a wrong suspicion costs trust, a missed one nothing that was had


def find_suspects(shares: np.ndarray, labels: np.ndarray) -> tuple[Suspect, ...]:
    """Return the rows that are probably labelled wrongly, the surest first.

    A class's threshold is the mean probability that its own rows give it. A row is suspect when another class reaches
    its threshold and 0.9, while the given one stays below its own threshold and at 0.05 or less. The thresholds of
    their own make up for classes that the model is generally sure or unsure of.

    Args:
        shares: [rows, C] held-out class probabilities.
        labels: [rows] int64, as given.

    Source:
        Northcutt, Jiang and Chuang 2021, *Confident Learning*: class-wise thresholds and the off-diagonal of the
        confident joint. The two fixed limits are ours: with a few dozen rows the joint alone accuses too many.
    """
    own = shares[np.arange(len(labels)), labels]
    thresholds = np.array([np.mean(own[labels == c]) for c in range(shares.shape[1])])
    confident = np.where(shares >= np.maximum(thresholds, LIKELY_AT_LEAST), shares, 0.0)
    confident[np.arange(len(labels)), labels] = 0.0
    likely, most = confident.argmax(1), confident.max(1)
    found = np.flatnonzero((most > 0) & (own <= GIVEN_AT_MOST) & (own < thresholds[labels]))
    suspects = (
        Suspect(int(row), int(labels[row]), int(likely[row]), float(own[row]), float(most[row])) for row in found
    )
    return tuple(sorted(suspects, key=lambda each: (-each.likely_share, each.row)))
