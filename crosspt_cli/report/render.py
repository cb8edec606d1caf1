"""Summaries as text: coloured and as wide as the terminal, plain and at most 100 wide elsewhere."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosspt_cli.foundation.words import counted
from crosspt_cli.report.file_check import check_headline, check_lines, finding_lines
from crosspt_cli.report.numbers import duration
from crosspt_cli.report.summary import (
    Line,
    bank_rows,
    choice_lines,
    detail_lines,
    headline,
    next_command,
    plan_lines,
    score_rows,
    suspect_lines,
    task_lines,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from crosspt_cli.checking.check_file import FileCheck
    from crosspt_cli.onboarding.onboard import Onboarded
    from crosspt_cli.onboarding.planning import OnboardingPlan
    from crosspt_cli.pretraining.pretrain import PretrainedBank

WIDEST = 100


def onboarded_text(done: Onboarded, console: Console | None = None, verbose: bool = False) -> str:
    """Return a finished onboarding for people; the command to type next is the last line."""
    suspects = suspect_lines(done)
    blocks = (
        _title(headline(done)),
        _lines(choice_lines(done)),
        *(_details(done) if verbose else ()),
        *([_lines(suspects)] if suspects else []),
        _lines(task_lines(done)),
    )
    return f"{_rendered(blocks, console)}\n\n{next_command(done.task, done.fitted.text_columns)}"


def kept_text(done: Onboarded) -> str:
    """Return what is kept of a finished onboarding for whoever asks later: as for people, plain and 100 wide."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=WIDEST, color_system=None, highlight=False, emoji=False)
    return onboarded_text(done, console) + "\n"


def _details(done: Onboarded) -> tuple[RenderableType, ...]:
    folds = f"held-out accuracy on {counted(done.study.folds, 'fold')}"
    header = (folds, "± se", "difference", "90 % interval", "")
    return _lines(detail_lines(done)), _columns(header, score_rows(done.study), strongest=0)


def plan_text(plan: OnboardingPlan, console: Console | None = None) -> str:
    """Return what an onboarding would do, for people."""
    title = _title(f"{plan.task}: {counted(plan.rows, 'row')}; nothing was saved")
    return _rendered((title, _lines(plan_lines(plan))), console)


def check_text(check: FileCheck, command: str, console: Console | None = None) -> str:
    """Return a checked file for people; the command to type next is the last line."""
    tables = (_lines(check_lines(check)), _lines(finding_lines(check)))
    shown = [_title(check_headline(check)), *(table for table in tables if table.row_count)]
    return f"{_rendered(shown, console)}\n\n{command}"


def bank_text(bank: PretrainedBank, console: Console | None = None) -> str:
    """Return a finished bank of source prompts, for people."""
    header = ("source", "task", "accuracy", "most frequent", "rows", "own share")
    steps, time = counted(bank.steps, "step"), duration(bank.seconds)
    title = _title(f"{counted(len(bank.sources), 'source prompt')} for {bank.backbone}: {steps} in {time}")
    return _rendered((title, _columns(header, bank_rows(bank), left=2)), console)


def console_on_stdout() -> Console:
    """Return a console as wide as the terminal; plain and 100 wide when stdout is none."""
    from rich.console import Console

    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDEST, highlight=False, emoji=False)


def _rendered(blocks: Sequence[RenderableType], console: Console | None) -> str:
    """Return the blocks with an empty line between, without spaces at line ends."""
    console = console or console_on_stdout()
    with console.capture() as captured:
        for block in blocks:
            console.print(block)
            console.print()
    lines = captured.get().splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _title(text: str) -> RenderableType:
    from rich.text import Text

    return Text(text, style="bold")


def _lines(lines: Sequence[Line]) -> Table:
    """Return labelled lines; what is too long goes on below itself."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in lines:
        table.add_row(Text(label, style="dim"), Text(value))
    return table


def _columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, strongest: int | None = None
) -> Table:
    """Return a table under a header: the first `left` columns to the left, numbers to the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for number, name in enumerate(header):
        table.add_column(Text(name), justify="left" if number < left else "right", overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*map(Text, row), style="bold" if number == strongest else "")
    return table
