"""How threads that compute wait for each other; asked of the system before torch is imported, which reads it once."""

from __future__ import annotations

import os

SPINS = "GOMP_SPINCOUNT"
SETTINGS = (SPINS, "OMP_WAIT_POLICY", "KMP_BLOCKTIME")  # of GCC's OpenMP, of the standard, of LLVM's and Intel's
TURNS = "1000"
"""Less than a thread takes to wake up; decisions/0026-waiting-threads-spin-briefly.md."""


def wait_briefly() -> None:
    """Have torch's threads spin for microseconds while they wait for each other, and then sleep.

    Unless the person's environment says how they wait. A product of matrices ends when its last thread does. By default
    the others spin for milliseconds meanwhile. Where another process has taken a core, they take the time that the last
    thread needs from it, and everything takes several times as long.
    """
    if not any(name in os.environ for name in SETTINGS):
        os.environ[SPINS] = TURNS
