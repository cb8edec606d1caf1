"""`crosspt predict`: texts in, labels out, row by row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspt_cli.cli.adapting import adapted, check_read_twice, draw
from crosspt_cli.cli.answers import Layout, answer_dict, make_layout, open_writer, renaming_note
from crosspt_cli.cli.completion import complete_columns, complete_files
from crosspt_cli.cli.conversation import converse
from crosspt_cli.cli.options import (
    device_options,
    json_option,
    no_header_option,
    quiet_option,
    replace_out_option,
    task_option,
)
from crosspt_cli.cli.output import (
    check_out,
    emit_json,
    say_all,
    shows_progress,
    stdout_errors,
    written_aside,
)
from crosspt_cli.cli.tally import Tally
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.words import counted

if TYPE_CHECKING:
    from crosspt_cli.answering.adapting import Drawn
    from crosspt_cli.answering.predict import Prediction, Predictor
    from crosspt_cli.data import Notice, StreamRow
    from crosspt_cli.foundation.progress import Progress
    from crosspt_cli.onboarding.fitted import FittedTask

FIRST = 128  # rows answered first: whoever sends rows by and by, or watches, need not wait for a full window
LARGEST_OBJECT = 10_000  # rows of one JSON object


@dataclass(frozen=True)
class Asked:
    """What the person wants done with the answers."""

    out: Path | None
    format: str | None
    proba: bool
    replace: bool
    adapt: bool
    windows: bool
    quiet: bool
    as_json: bool


@dataclass(frozen=True)
class Rows:
    """Rows to answer, wherever they come from.

    Args:
        path: what to call them in messages.
        format: the input's, and so the output's unless another is asked for.
        columns: their columns.
        rows: read as they are asked for.
        notices: what was noticed on opening.
        delimiter: what divides the cells of a CSV, in the output as in the input.
    """

    path: str
    format: str
    columns: tuple[str, ...]
    rows: Iterable[StreamRow]
    notices: tuple[Notice, ...] = ()
    delimiter: str = ","


@click.command()
@click.argument("source", metavar="[INPUT|-]", required=False, shell_complete=complete_files)
@task_option("The task that answers.")
@click.option("--text", "texts", multiple=True, metavar="TEXT", help="A text instead of INPUT; repeatable.")
@click.option(
    "--text-col",
    "text_cols",
    multiple=True,
    metavar="COLUMN",
    shell_complete=complete_columns,
    help="A column of texts; repeatable; default: the task's.",
)
@no_header_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="Write to a file, whole or not at all."
)
@replace_out_option
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "tsv", "jsonl"]),
    help="Format of the answers.  [default: the input's]",
)
@click.option("--proba", is_flag=True, help="Add every class's probability.")
@click.option("--abstain-below", type=float, metavar="P", help="Leave the label of less confident answers empty.")
@click.option(
    "--target-accuracy",
    type=float,
    metavar="A",
    help="Choose that confidence so that the answers given are right this often, as held-out rows promise.",
)
@click.option("--adapt", is_flag=True, help="Let INPUT's rows count as rows without labels; the task stays as it is.")
@click.option(
    "--windows",
    is_flag=True,
    help="Read a text that is too long, of a pair the longer one, to its end: in windows.",
)
@device_options("PREDICT")
@quiet_option
@json_option
def predict(
    source: str | None,
    task: str,
    texts: tuple[str, ...],
    text_cols: tuple[str, ...],
    header: bool,
    out: Path | None,
    kind: str | None,
    device: str,
    dtype: str,
    abstain_below: float | None,
    target_accuracy: float | None,
    **flags: bool,
) -> None:
    """Answer every row of INPUT with a task.

    INPUT is a CSV, TSV, JSONL, Parquet or text file; '-', or nothing in a pipe, reads stdin: one text a line,
    or a table that begins with a header. With neither INPUT nor --text, a terminal is asked line
    by line. A task of several text columns takes --text once for each of them, row after row.

    The input's columns are kept, and 'label' and 'confidence' follow, with --proba a 'p_CLASS' for each class,
    and 'unusual' where a text is unlike the task's training rows. A name that the input has
    already becomes 'predicted_…'. A row without text gets no label.

    --adapt reads INPUT, a file, first: up to 2,000 of its rows, drawn by lot, then count in the class prototypes, as
    rows without labels. The task that is saved does not change.

    Of a text that is too long the end is not read; how many these are is told. --windows reads them to the end, of
    a pair the longer text, in windows of the length that is read at once, and averages the readings.
    """
    asked = Asked(out, kind, **flags)
    interactive = source is None and not texts and sys.stdin.isatty()
    check_asked(asked, source, texts, text_cols, interactive)
    with ExitStack() as held:
        fitted = _load(task)
        tally = make_tally(fitted, abstain_below, target_accuracy, asked.adapt)
        rows = None if interactive else open_rows(held, source, texts, text_cols, header, fitted)
        drawn = _draw(source, texts, text_cols, header, fitted) if asked.adapt else None
        predictor, tally.windows = _open(fitted, device, dtype, asked.windows), asked.windows
        if drawn is not None and rows is not None:
            predictor, said = adapted(predictor, drawn, rows.path, tally, asked.quiet or asked.as_json)
            rows = replace(rows, notices=(*rows.notices, said))
        say_all([tally.promised] if tally.promised else [], asked.quiet or asked.as_json)
        if rows is None:
            converse(predictor, tally, asked.proba, asked.quiet)
        else:
            say_all([notice.text for notice in rows.notices], asked.quiet or asked.as_json)
            answer(predictor, rows, asked, tally)


def check_asked(
    asked: Asked, source: str | None, texts: Sequence[str], text_cols: Sequence[str], interactive: bool
) -> None:
    """Return if the options go together; before anything is loaded.

    Raises:
        OptionError: they do not, or ``-o`` is a file that is there.
        NotFound: the folder of ``-o`` does not exist.
    """
    if texts and source is not None:
        raise OptionError("--text", f"was given beside the input {source!r}.", "Leave one of them out.")
    if texts and text_cols:
        raise OptionError("--text-col", "names columns of a file, and --text has none.", "Leave one of them out.")
    if asked.adapt and not texts:
        check_read_twice(source)
    if interactive and (asked.as_json or asked.out or asked.format):
        problem = "there is nothing to answer yet, and a conversation has no file, format or JSON."
        raise OptionError("crosspt predict", problem, "Name an INPUT, pass --text, or send texts through a pipe.")
    if asked.as_json and asked.format and not asked.out:
        raise OptionError("--format", "--json prints one object and no other format.", "Leave one of them out.")
    if asked.out:
        check_out(asked.out, asked.replace, None if texts else source or "-")


def _load(task: str) -> FittedTask:
    from crosspt_cli.onboarding.fitted import load_fitted

    return load_fitted(task)


def make_tally(fitted: FittedTask, abstain_below: float | None, target_accuracy: float | None, adapt: bool) -> Tally:
    """Return the count of nothing yet, with the confidence below which there is no answer.

    Raises:
        OptionError: the options do not go together, or the task cannot promise the accuracy.
    """
    from crosspt_cli.answering.abstain import find_limit

    return Tally(*find_limit(fitted, abstain_below, target_accuracy, adapt))


def _open(fitted: FittedTask, device: str, dtype: str, windows: bool) -> Predictor:
    from crosspt_cli.answering.predict import Predictor

    return Predictor.open(fitted, device=device, dtype=dtype, windows=windows)


def open_rows(
    held: ExitStack,
    source: str | None,
    texts: Sequence[str],
    text_cols: Sequence[str],
    header: bool,
    fitted: FittedTask,
) -> Rows:
    """Return the rows to answer; a file stays open as long as `held` does."""
    from crosspt_cli.data import open_stream

    if texts:
        return rows_of_texts(texts, fitted.text_columns)
    path = None if source in (None, "-") else source
    stream = held.enter_context(open_stream(path, text_cols, fitted.text_columns, header=header))
    kind = "csv" if stream.format == "lines" else stream.format
    return Rows(stream.path, kind, stream.columns, stream, stream.notices, stream.delimiter or ",")


def _draw(
    source: str | None, texts: Sequence[str], text_cols: Sequence[str], header: bool, fitted: FittedTask
) -> Drawn:
    """Return rows to adapt to; the input is opened for them alone, and read to its end."""
    with ExitStack() as held:
        return draw(open_rows(held, source, texts, text_cols, header, fitted).rows, fitted)


def rows_of_texts(texts: Sequence[str], columns: tuple[str, ...]) -> Rows:
    """Return the texts of ``--text`` as rows, each of as many texts as the task reads.

    Raises:
        OptionError: the last row is not full.
        DataError: a text has half a character, as bytes that are not UTF-8 become.
    """
    from crosspt_cli.data import StreamRow
    from crosspt_cli.data.characters import check_characters

    check_characters(texts, "--text")
    width = len(columns)
    if len(texts) % width:
        names = ", ".join(columns)
        problem = f"was given {counted(len(texts), 'time')}, and the task reads {width} texts a row ({names})."
        raise OptionError("--text", problem, f"Pass --text {width} times for each row, in that order.")
    cells = [tuple(texts[start : start + width]) for start in range(0, len(texts), width)]
    rows = tuple(StreamRow(row, row, number) for number, row in enumerate(cells, 1))
    return Rows("--text", "lines" if sys.stdout.isatty() else "csv", columns, rows)


def answer(predictor: Predictor, rows: Rows, asked: Asked, tally: Tally) -> None:
    """Write every row's answer to where it was asked for."""
    from crosspt_cli.report.progress import progress_display

    if asked.as_json and not asked.out:
        emit_json(json_answer(predictor, rows, asked.proba, tally) | tally.record() | json_notices(rows, []))
        return
    layout = make_layout(rows.columns, predictor.fitted.spec.verbalizer.classes, asked.proba)
    notes = [note] if output_format(rows, asked) != "lines" and (note := renaming_note(layout, rows.path)) else []
    say_all(notes, asked.quiet or asked.as_json)
    # answers that scroll by on the same terminal are progress enough
    watched = asked.out is not None or not sys.stdout.isatty()
    with progress_display(watched and shows_progress(asked.quiet, asked.as_json)) as progress:
        write_answers(predictor, rows, asked, tally, layout, progress)
    if asked.as_json:
        done = {"task": predictor.fitted.name, "rows": tally.rows, "output": str(asked.out)}
        emit_json(done | tally.record() | json_notices(rows, notes))
    elif asked.out or tally.limit or tally.unusual or tally.blank or tally.cut:
        say_all([f"{asked.out or rows.path}: {tally.sentence}"], asked.quiet)


def json_notices(rows: Rows, notes: list[str]) -> dict[str, Any]:
    """Return for scripts what a person reads on stderr."""
    return {"notices": [asdict(notice) for notice in rows.notices], "notes": notes}


def output_format(rows: Rows, asked: Asked) -> str:
    """Return the format of the answers."""
    return asked.format or ("csv" if asked.out and rows.format == "lines" else rows.format)


def write_answers(
    predictor: Predictor, rows: Rows, asked: Asked, tally: Tally, layout: Layout, progress: Progress
) -> None:
    """Write the answers to the file in one step, or to stdout as they come; memory does not grow with them."""
    from crosspt_cli.data.size import count_rows
    from crosspt_cli.report.progress import rows_told

    kind = output_format(rows, asked)
    delimiter = "," if asked.format else rows.delimiter
    told = rows_told(progress, lambda: count_rows(rows.path))
    with written_aside(asked.out) if asked.out else stdout_errors() as file:
        out = file or sys.stdout
        write = open_writer(kind, out, layout, rows.path, delimiter)

        def done(count: int) -> None:
            out.flush()
            told(count)

        for row, prediction in predictions(predictor, rows.rows, tally, done):
            write(row, prediction)


def json_answer(predictor: Predictor, rows: Rows, with_shares: bool, tally: Tally) -> dict[str, Any]:
    """Return all answers as one object.

    Raises:
        OptionError: there are too many rows to hold.
    """
    answers: list[dict[str, Any]] = []
    for _, prediction in predictions(predictor, rows.rows, tally, lambda done: None):
        if len(answers) == LARGEST_OBJECT:
            problem = f"prints one object, and {rows.path} has more than {LARGEST_OBJECT:,} rows."
            raise OptionError("--json", problem, "Pass --format jsonl instead; it writes a record per row.")
        answers.append(answer_dict(len(answers), prediction, with_shares))
    return {"task": predictor.fitted.name, "predictions": answers}


def predictions(
    predictor: Predictor, rows: Iterable[StreamRow], tally: Tally, done: Callable[[int], None]
) -> Iterator[tuple[StreamRow, Prediction]]:
    """Yield every row with its answer, a window of rows being answered at a time, twice as many each time."""
    from crosspt_cli.answering.predict import WINDOW

    remaining, size = iter(rows), FIRST
    while chunk := list(islice(remaining, size)):
        size = min(2 * size, WINDOW)
        answers = predictor.predict([row.texts for row in chunk], tally.limit)
        yield from zip(chunk, tally.counting(answers), strict=True)
        done(tally.rows)
