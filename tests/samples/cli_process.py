"""How tests start the command in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment, with the package importable from anywhere."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | changes
