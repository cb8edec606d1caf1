"""How far long work is, on stderr: a bar with the time left on a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from crosspt_cli.foundation.progress import Progress, no_progress

if TYPE_CHECKING:
    import rich.progress

STAGES = {
    "reading": "Reading the rows",
    "loading": "Loading the backbone",
    "ranking": "Ranking the sources",
    "searching": "Searching",
    "learning curve": "Training on fewer rows",
    "fitting": "Fitting on all rows",
    "saving": "Saving",
    "training": "Training the sources",
    "predicting": "Predicting",
    "looking": "Looking at the rows",
}


@contextmanager
def progress_display(shown: bool, stream: TextIO | None = None) -> Iterator[Progress]:
    """Show progress while the block runs; the display is gone when it ends.

    Args:
        shown: whether someone looks.
        stream: the terminal; default stderr.
    """
    stream = stream or sys.stderr
    if not shown:
        yield no_progress
    elif os.environ.get("TERM") == "dumb":
        yield PlainStages(stream)
    else:
        with _bar(stream) as bar:
            yield BarStages(bar)


class PlainStages:
    """A line for each stage as it begins, for terminals that cannot redraw."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.stage = stream, ""

    def __call__(self, stage: str, done: float, total: float, detail: str = "") -> None:
        """Write a line if the stage is another one than before."""
        if stage != self.stage:
            self.stage = stage
            self.stream.write(f"{STAGES.get(stage, stage)} …\n")
            self.stream.flush()


class BarStages:
    """One bar, which starts again with each stage."""

    def __init__(self, bar: rich.progress.Progress) -> None:
        self.bar, self.stage = bar, ""
        self.line = bar.add_task("", total=None, detail="")

    def __call__(self, stage: str, done: float, total: float, detail: str = "") -> None:
        """Move the bar; a stage of one unit or none has no length, and the bar only shows that it is alive."""
        known = total if total > 1 else None
        if stage != self.stage:
            self.stage = stage
            self.bar.reset(self.line, description=STAGES.get(stage, stage), total=known, detail=detail)
        self.bar.update(self.line, completed=done, total=known, detail=detail)


def _bar(stream: TextIO) -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[detail]}", style="dim", markup=False),
        console=Console(file=stream, emoji=False),
        transient=True,
        speed_estimate_period=60,
    )
