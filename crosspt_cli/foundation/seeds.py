"""Named streams of one seed, so that the order in which things are drawn never changes what is drawn."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random stream that belongs to `seed` and `names`, and to nothing else.

    Args:
        seed: the seed of the whole run.
        names: what the numbers are for, e.g. ``("fold", 2)``. Equal names give equal numbers on every machine.

    Example:
        >>> stream(0, "fold", 1).integers(100) == stream(0, "fold", 1).integers(100)
        np.True_
    """
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))
