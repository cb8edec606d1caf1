"""How threads that compute wait for each other; asked of the system before torch is imported, which reads it once."""

from __future__ import annotations

import os

WAIT_POLICY = "OMP_WAIT_POLICY"
SETTINGS = (WAIT_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME")  # of the standard, of GCC's OpenMP, of LLVM's and Intel's


def wait_asleep() -> None:
    """Have torch's threads sleep while they wait for each other, unless the person's environment says how they wait.

    A product of matrices ends when its last thread does. By default the others spin meanwhile. Where another process
    has taken a core, they take the time that the last thread needs from it, and everything takes ten times as long.
    """
    if not any(name in os.environ for name in SETTINGS):
        os.environ[WAIT_POLICY] = "PASSIVE"
