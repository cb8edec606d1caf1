"""How far long work is, on stderr: one bar with one time left on a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
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
    "judging": "Scoring the choice",
    "unlabelled": "Reading rows without labels",
    "learning curve": "Training on fewer rows",
    "fitting": "Fitting on all rows",
    "saving": "Saving",
    "training": "Training the sources",
    "predicting": "Predicting",
    "looking": "Looking at the rows",
}
MEASURED_S = 1.5  # before, a speed is mostly chance
WIDE = 100  # columns from which the bar is long
Clock = Callable[[], float]


@contextmanager
def progress_display(shown: bool, stream: TextIO | None = None, limit: float | None = None) -> Iterator[Progress]:
    """Show progress while the block runs; the display is gone when it ends.

    Args:
        shown: whether someone looks.
        stream: the terminal; default stderr.
        limit: seconds after which the work is ended, wherever it is.
    """
    stream = stream or sys.stderr
    if not shown:
        yield no_progress
    elif os.environ.get("TERM") == "dumb":
        yield PlainStages(stream)
    else:
        pace = Pace(limit)
        with _bar(stream, pace) as bar:
            yield BarStages(bar, pace)


class Pace:
    """From work done to a share done that never falls, and seconds left that fall as time passes.

    The speed is that since the first stage that could be measured began: everything before is loading, of another
    speed.

    Args:
        limit: seconds after which the work is ended, wherever it is.
        clock: seconds, from any moment on.
    """

    def __init__(self, limit: float | None = None, clock: Clock = time.monotonic) -> None:
        self.clock, self.limit = clock, limit
        self.began = self.since = clock()
        self.stage, self.share = "", 0.0
        self.ends: float | None = None
        self.first = self.last = 0.0
        self.measured = False  # whether a stage was seen to move

    def note(self, stage: str, done: float, total: float) -> None:
        """Take note of the work done so far, and of how much there is."""
        now = self.clock()
        if stage != self.stage and not self.measured:
            self.since, self.first = now, done
        elif done > self.last and stage == self.stage:
            self.measured = True
        self.stage, self.last = stage, done
        if self.measured and now - self.since >= MEASURED_S and total > 0:
            left = (total - done) * (now - self.since) / max(done - self.first, 1e-9)
            self.ends = now + left if self.limit is None else min(now + left, max(now, self.began + self.limit))
        share = done / total if total > 0 else 0.0
        if self.ends is not None:
            share = (now - self.began) / max(self.ends - self.began, 1e-9)
        self.share = max(self.share, min(share, 1.0))

    def expect(self, seconds: float) -> None:
        """Take note of how long the rest should take, until the work itself has shown it."""
        self.ends = self.clock() + seconds

    def left(self) -> float | None:
        """Return the seconds left; None as long as nothing is known, and when it takes longer than was thought."""
        left = None if self.ends is None else self.ends - self.clock()
        return left if left is None or left >= 0 else None


def clock_text(seconds: float | None) -> str:
    """Return seconds left as a clock shows them; empty when unknown.

    Example:
        >>> clock_text(75.2), clock_text(3700), clock_text(None)
        ('1:15 left', '1:01:40 left', '')
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


def rough_time(seconds: float) -> str:
    """Return an estimated time, no finer than it is known.

    Example:
        >>> rough_time(8.3), rough_time(47), rough_time(1000), rough_time(9000)
        ('about 8 s', 'about 50 s', 'about 17 min', 'about 2.5 h')
    """
    if seconds < 20:
        return f"about {max(1, round(seconds))} s"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def expect(progress: Progress, seconds: float) -> None:
    """Have a display that shows the time left begin with so many seconds."""
    if isinstance(progress, BarStages):
        progress.pace.expect(seconds)


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
    """One bar for all stages."""

    def __init__(self, bar: rich.progress.Progress, pace: Pace) -> None:
        self.bar, self.pace = bar, pace
        self.line = bar.add_task("", total=None, detail="")

    def __call__(self, stage: str, done: float, total: float, detail: str = "") -> None:
        """Move the bar; as long as no length is known, it only shows that it is alive."""
        self.pace.note(stage, done, total)
        known = 1.0 if total > 1 or self.pace.share else None
        self.bar.update(
            self.line, description=STAGES.get(stage, stage), completed=self.pace.share, total=known, detail=detail
        )


def rows_told(progress: Progress, count: Callable[[], int], clock: Clock = time.monotonic) -> Callable[[int], None]:
    """Return what tells of rows answered so far, with their total where it is known, and their rate.

    Args:
        progress: who listens.
        count: counts the rows to answer, 0 where nobody knows; asked only if someone listens.
        clock: seconds, from any moment on.
    """
    total = 0 if progress is no_progress else count()
    began = clock()

    def tell(done: int) -> None:
        rate = done / max(clock() - began, 1e-9)
        known = max(total, done) if total else 0
        of = f"{done:,} of {known:,} rows" if known else f"{done:,} rows"
        progress("predicting", done, known, f"{of}, {rate:,.0f} a second" if done else of)

    tell(0)  # the first rows are waited for like all others, and count for the time left
    return tell


def _bar(stream: TextIO, pace: Pace) -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        """The seconds left; they fall between two reports too."""

        max_refresh = 0.5

        def render(self, task: rich.progress.Task) -> Text:
            return Text(clock_text(pace.left()), style="progress.remaining")

    console = Console(file=stream, emoji=False)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30 if console.width >= WIDE else 8),
        TaskProgressColumn(),
        TimeLeft(),
        TextColumn("{task.fields[detail]}", style="dim", markup=False),
        console=console,
        transient=True,
    )
