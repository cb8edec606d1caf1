"""How long work reports how far it is, and how several stages become one whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Called while something long runs; the display works out the time left."""

    def __call__(self, stage: str, done: float, total: float, detail: str = "") -> None:
        """Take note that `done` of `total` units of work are finished, and `stage` is at work now."""


def no_progress(stage: str, done: float, total: float, detail: str = "") -> None:
    """Take no note."""


@dataclass(frozen=True)
class Stage:
    """A part of a whole.

    Args:
        name: as the stage reports itself.
        work: how much of it is planned, in units of the whole.
        per: units of the whole in one unit of what the stage reports; 0 where it reports nothing of use.
    """

    name: str
    work: float
    per: float = 0.0


class Whole:
    """Adds stages up: whoever listens hears of one piece of work from its start to its end.

    What a stage turns out to take replaces what was planned for it, and a stage that never came takes nothing; so
    the whole changes only where the work did.

    Args:
        told: who listens.
    """

    def __init__(self, told: Progress) -> None:
        self.told = told
        self.stages: tuple[Stage, ...] = ()
        self.stage = ""  # the one at work
        self.behind = self.own = 0.0  # work of the stages before it, and what it will have added when it ends now

    def plan(self, stages: Sequence[Stage]) -> None:
        """Take note of the stages to come, in their order."""
        self.stages = tuple(stages)

    def __call__(self, stage: str, done: float, total: float, detail: str = "") -> None:
        """Tell how much of the whole is done, and how large it is as far as is known now."""
        if stage != self.stage:
            self.behind, self.stage = self.behind + self.own, stage
        names = [each.name for each in self.stages]
        at = names.index(stage) if stage in names else -1
        planned = self.stages[at] if stage in names else Stage(stage, 0.0)
        now, end = (done * planned.per, total * planned.per) if planned.per else (0.0, planned.work)
        self.own = now if planned.per else end
        after = sum(each.work for each in self.stages[at + 1 :])
        self.told(stage, self.behind + now, self.behind + end + after, detail)
