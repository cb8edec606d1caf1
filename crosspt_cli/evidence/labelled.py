"""Labelled rows as class prototypes see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelledRows:
    """Rows whose class is known, read both ways.

    `vectors` [n, H] float32 behind the prompt · `plain` [n, H] float32 without it · `labels` [n] int64.
    """

    vectors: np.ndarray
    plain: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> LabelledRows:
        """Return some of the rows, [m] int64."""
        return LabelledRows(self.vectors[rows], self.plain[rows], self.labels[rows])
