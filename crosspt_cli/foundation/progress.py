"""How long work reports how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called while something long runs; the display works out the time left."""

    def __call__(self, stage: str, done: float, total: float, detail: str = "") -> None:
        """Take note that `done` of `total` units of `stage` are finished."""


def no_progress(stage: str, done: float, total: float, detail: str = "") -> None:
    """Take no note."""
