"""Memory that was freed and that the C library keeps: given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Have the C library give freed memory back to the system, where it is the GNU one; elsewhere nothing happens.

    It keeps blocks of up to 32 MB for later, and passes over rows of many lengths leave many of them. To keep less at
    all times would cost page faults for most tensors.

    Source: mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD; malloc_trim(3).
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
