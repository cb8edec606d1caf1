"""Progress is for people who look; nothing of it may reach a file."""

from __future__ import annotations

import io

from crosspt_cli.foundation.progress import no_progress
from crosspt_cli.report.progress import progress_display


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
