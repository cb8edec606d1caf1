"""`crosspt predict` in a terminal, without input: texts are asked for, and answered one by one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crosspt_cli.cli.answers import answer_line
from crosspt_cli.cli.output import emit, say

if TYPE_CHECKING:
    from crosspt_cli.answering.predict import Predictor
    from crosspt_cli.cli.tally import Tally


def converse(predictor: Predictor, tally: Tally, proba: bool, quiet: bool) -> None:
    """Ask for texts until the person ends it, and answer each: questions on stderr, answers on stdout.

    Args:
        predictor: of the task that answers.
        tally: with the confidence below which there is no answer.
        proba: whether every class's probability is wanted.
        quiet: whether nothing is asked.
    """
    columns = predictor.fitted.text_columns
    if not quiet:
        say("Type a text and press Enter; Ctrl-D ends.")
    while (texts := _ask(columns, quiet)) is not None:
        if any(text.strip() for text in texts):
            answer = predictor.predict([texts], tally.limit)[0]
            emit(answer_line(answer, proba))
            sys.stdout.flush()
            if answer.cut and not quiet:
                say(f"It is too long to be read to the end{'' if predictor.windows else ' (--windows reads more)'}.")


def _ask(columns: tuple[str, ...], quiet: bool) -> tuple[str, ...] | None:
    """Return one text for each column, or None at the end of the input."""
    texts = []
    for column in columns:
        sys.stderr.write("" if quiet else f"{column}> ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("" if quiet else "\n")
            return None
        texts.append(line.rstrip("\r\n"))
    return tuple(texts)
