"""`crosspt predict --adapt`: the rows are read once before they are answered, and a sentence says what that changes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from crosspt_cli.cli.output import shows_progress
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.words import counted

if TYPE_CHECKING:
    from crosspt_cli.answering.adapting import Drawn
    from crosspt_cli.answering.predict import Predictor
    from crosspt_cli.cli.tally import Tally
    from crosspt_cli.data import Notice, StreamRow
    from crosspt_cli.onboarding.fitted import FittedTask


def check_read_twice(source: str | None) -> None:
    """Return if the input is one that can be read again.

    Args:
        source: as the person named it; None, ``"-"`` and ``"/dev/stdin"`` are stdin, even where that is a file.

    Raises:
        OptionError: it is a pipe or a terminal.
    """
    if source in (None, "-", "/dev/stdin") or _is_pipe(source):
        problem = "reads the rows before it answers the first, and a pipe or terminal gives them once."
        raise OptionError("--adapt", problem, "Write them to a file, then type 'crosspt predict FILE --adapt'.")


def _is_pipe(source: str) -> bool:
    return os.path.exists(source) and not os.path.isfile(source) and not os.path.isdir(source)


def draw(rows: Iterable[StreamRow], fitted: FittedTask) -> Drawn:
    """Return rows to adapt the task to.

    Raises:
        IntegrityError: the task does not keep what adapting needs.
    """
    from crosspt_cli.answering.adapting import draw_rows, labelled_rows

    labelled_rows(fitted)
    return draw_rows((row.texts for row in rows), fitted.row_digests)


def adapted(predictor: Predictor, drawn: Drawn, path: str, tally: Tally, quiet: bool) -> tuple[Predictor, Notice]:
    """Return the predictor adapted to these rows, and what is to be said of it.

    Args:
        predictor: of the task as it was saved.
        drawn: from `draw`.
        path: what to call their file.
        tally: takes note of how many rows count.
        quiet: whether nobody looks at progress.
    """
    from crosspt_cli.data import Notice
    from crosspt_cli.report.progress import progress_display

    with progress_display(shows_progress(quiet, False)) as progress:
        found = predictor.adapted(drawn.rows, progress)
    tally.adapted = found.adaptation.rows if found.adaptation else 0
    return found, Notice("adapted", (), f"{path}: {adaptation_text(found, drawn.read)}")


def adaptation_text(predictor: Predictor, read: int) -> str:
    """Return what a predictor was adapted to, and what its answers are worth, in sentences.

    Args:
        predictor: from `Predictor.adapted`.
        read: how many rows it was adapted to a draw of.
    """
    from crosspt_cli.answering.adapting import FEWEST_USABLE

    fitted, found = predictor.fitted, predictor.adaptation
    as_it_is = "answers are those of the task as it is"
    if not fitted.readout.weight:
        return f"not adapted: the task answers by label words alone, which no other rows change; {as_it_is}."
    if found is None or not found.rows:
        usable = found.usable if found else 0
        which = f"{counted(usable, 'usable row')}, copies and the task's own not counted"
        return f"not adapted: {which}, and it takes {FEWEST_USABLE}; {as_it_is}."
    said = [
        f"adapted to {found.rows:,} different texts among {counted(read, 'row')}; the task itself is unchanged.",
        "Confidences were calibrated without these rows.",
    ]
    if found.left_out:
        are = "text was" if found.left_out == 1 else "texts were"
        said.append(f"{found.left_out:,} {are} left out, unlike the labelled rows or unreadable.")
    if fitted.labelled is not None and len(fitted.labelled) < fitted.rows:
        said.append(f"Of {fitted.rows:,} labelled rows {len(fitted.labelled):,} are kept and count.")
    if fitted.unlabelled is not None:
        said.append(f"The {counted(fitted.unlabelled.rows, 'row')} without labels of the onboarding do not count here.")
    return " ".join(said)
