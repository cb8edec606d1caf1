"""Progress is for people who look; nothing of it may reach a file."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from crosspt_cli.foundation.progress import Stage, Whole, no_progress
from crosspt_cli.report.progress import MEASURED_S, Pace, progress_display, rows_told


class Terminal(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_when_nobody_looks():
    """Logs full of bars are a nuisance."""
    stream = io.StringIO()
    with progress_display(False, stream) as progress:
        progress("searching", 1, 2)
    assert progress is no_progress and stream.getvalue() == ""


def test_a_terminal_sees_the_stage_and_the_detail(monkeypatch):
    """And user text in it is no markup."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with progress_display(True, stream) as progress:
        progress("searching", 1, 4, "[b]3 of 7 candidates")
        progress("searching", 2, 4, "[b]3 of 7 candidates")
    assert "Searching" in stream.getvalue() and "50%" in stream.getvalue()
    assert "[b]3 of 7 candidates" in stream.getvalue()


def test_a_terminal_that_cannot_redraw_gets_one_line_a_stage(monkeypatch):
    """Emacs' shell and many CI consoles."""
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with progress_display(True, stream) as progress:
        progress("reading", 0, 1)
        for step in range(50):
            progress("searching", step, 50)
        progress("saving", 0, 1)
    assert stream.getvalue() == "Reading the rows …\nSearching …\nSaving …\n"


def test_the_display_is_gone_when_work_fails(monkeypatch):
    """An error message must not stand in the middle of a bar."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    try:
        with progress_display(True, stream) as progress:
            progress("searching", 1, 4)
            raise ValueError
    except ValueError:
        assert stream.getvalue().endswith("\x1b[2K")


STAGES = (
    Stage("ranking", 50),
    Stage("searching", 800, per=1),
    Stage("learning curve", 200, per=10),
    Stage("fitting", 40, per=1),
)


class Watched:
    """An onboarding on a clock of its own: what the display would show after every report."""

    def __init__(self, limit: float | None = None) -> None:
        self.now, self.shares, self.lefts = 0.0, [], []
        self.pace = Pace(limit, lambda: self.now)
        self.whole = Whole(self.note)

    def note(self, stage: str, done: float, total: float, detail: str = "") -> None:
        self.pace.note(stage, done, total)
        self.shares.append(self.pace.share)
        self.lefts.append(self.pace.left())

    def work(self, stage: str, steps: int, seconds: float, units: float = 1, total: float | None = None) -> None:
        """Do a stage in some steps of some seconds, each of some units of what the stage reports."""
        for step in range(1, steps + 1):
            self.now += seconds
            self.whole(stage, step * units, total or steps * units)

    def begin(self) -> None:
        """Read, load and rank: what nobody can measure."""
        self.whole("reading", 0, 1)
        self.now += 0.2
        self.whole("loading", 0, 1)
        self.now += 4
        self.whole.plan(STAGES)
        self.whole("ranking", 0, 1)
        self.now += 3


def test_a_time_that_was_estimated_is_shown_until_the_work_itself_tells():
    """From the first second on, and it falls."""
    seen = Watched()
    seen.begin()
    seen.pace.expect(60)
    seen.now += 5
    assert seen.pace.left() == 55
    seen.work("searching", 100, 0.4, 8)
    assert seen.lefts[-1] == pytest.approx(240 * 0.4 / 8, rel=0.2)
    assert seen.shares == sorted(seen.shares)


def test_the_bar_never_goes_back_and_the_time_left_falls_as_time_passes():
    """From the first step to the last, across stages that go on at one speed."""
    seen = Watched()
    seen.begin()
    assert seen.lefts == [None, None, None]  # nothing was measured, so nothing is promised
    seen.work("searching", 100, 0.4, 8)
    seen.work("learning curve", 20, 0.5)
    seen.work("fitting", 40, 0.05)
    assert seen.shares == sorted(seen.shares) and seen.shares[-1] == pytest.approx(1, abs=0.01)
    known = [left for left in seen.lefts if left is not None]
    assert known[0] == pytest.approx((840 - 40 + 200) * 0.05, rel=0.1)
    assert all(after - before <= 0.01 for before, after in pairwise(known))
    assert known[-1] == pytest.approx(0, abs=0.01)


def test_the_time_left_does_not_jump_when_a_stage_ends_as_planned():
    """A bar that starts again from nothing says that all before was in vain."""
    seen = Watched()
    seen.begin()
    seen.work("searching", 100, 0.4, 8)
    before = seen.lefts[-1]
    seen.work("learning curve", 1, 0.5, total=20)
    assert seen.lefts[-1] == pytest.approx(before - 0.5, abs=0.1)


def test_work_that_shrinks_shortens_the_time_left_and_never_the_bar():
    """Candidates were pruned beyond the plan, and the curve took half the steps."""
    seen = Watched()
    seen.begin()
    seen.work("searching", 50, 0.4, 8, total=800)
    left = seen.lefts[-1]
    seen.work("searching", 1, 0.4, 408, total=500)
    assert seen.lefts[-1] < left - 10
    seen.work("learning curve", 10, 0.5)
    seen.work("fitting", 5, 0.05)
    assert seen.shares == sorted(seen.shares)
    assert seen.lefts[-1] == pytest.approx(0, abs=0.01)


def test_a_stage_that_is_slower_than_the_others_is_told_of_as_it_goes():
    """The speed is that of all steps so far; the bar still does not go back."""
    seen = Watched()
    seen.begin()
    seen.work("searching", 100, 0.4, 8)
    seen.work("learning curve", 20, 2.0)
    assert seen.shares == sorted(seen.shares) and max(seen.shares) < 1


def test_no_more_time_is_promised_than_the_limit_allows():
    """With --max-time the search ends then, wherever it is."""
    seen = Watched(limit=20)
    seen.begin()
    seen.work("searching", 10, 0.4, 8, total=800)
    assert seen.lefts[-1] == pytest.approx(20 - seen.now)


def test_between_reports_the_time_left_goes_on_falling():
    """Scoring takes seconds in which nothing is reported."""
    seen = Watched()
    seen.begin()
    seen.work("searching", 10, 0.4, 8, total=800)
    left = seen.pace.left()
    seen.now += 2
    assert seen.pace.left() == pytest.approx(left - 2)
    seen.now += 1000
    assert seen.pace.left() is None  # "0:00 left" for minutes would be a lie


def test_a_speed_is_told_once_it_was_measured():
    """The first step of all is the slowest, and would promise hours."""
    seen = Watched()
    seen.work("training", 1, MEASURED_S / 3, total=100)
    assert seen.lefts == [None]


def test_rows_are_told_with_total_and_rate():
    """Of a file the total is known, of a pipe it is not."""
    told, now = [], [0.0]
    for total in (2000, 0, 800):
        now[0] = 0.0
        tell = rows_told(lambda *each: told.append(each), lambda total=total: total, lambda: now[0])
        now[0] = 4.0
        tell(1024)
    rows_told(no_progress, lambda: pytest.fail("counted for nobody"))(5)
    assert told == [
        ("predicting", 0, 2000, "0 of 2,000 rows"),
        ("predicting", 1024, 2000, "1,024 of 2,000 rows, 256 a second"),
        ("predicting", 0, 0, "0 rows"),
        ("predicting", 1024, 0, "1,024 rows, 256 a second"),
        ("predicting", 0, 800, "0 of 800 rows"),
        ("predicting", 1024, 1024, "1,024 of 1,024 rows, 256 a second"),
    ]


def test_of_rows_the_bar_shows_the_share_that_is_done():
    """From the first chunk on, which is as slow as the others."""
    seen = Watched()
    for done in (0, 512, 1024, 1536):
        seen.note("predicting", done, 2048)
        seen.now += 4
    assert seen.shares == pytest.approx([0, 0.25, 0.5, 0.75])
    assert seen.lefts[1:] == pytest.approx([12, 8, 4])
