"""`crosspt add-task`: from labelled rows to a task that answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspt_cli.cli.completion import complete_files
from crosspt_cli.cli.options import (
    backbone_option,
    device_options,
    drop_rare_option,
    ignore_unlabelled_option,
    json_option,
    label_col_option,
    label_map_option,
    label_words_option,
    quiet_option,
    template_option,
    text_col_option,
    unlabelled_option,
)
from crosspt_cli.cli.output import emit, emit_json, say_all, shows_progress
from crosspt_cli.cli.values import Duration, Numbers
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.methods import METHODS, MIXTURE

if TYPE_CHECKING:
    from crosspt_cli.data import Examples, Table, Unlabelled

STARTED = time.monotonic()  # a time limit counts from when the command was given; this module is loaded with it


@click.command("add-task")
@click.argument("files", metavar="CSV...", nargs=-1, required=True, shell_complete=complete_files)
@label_col_option
@text_col_option
@unlabelled_option
@ignore_unlabelled_option
@click.option("--name", help="Name of the task.  [default: the first file's name]")
@template_option
@label_map_option
@label_words_option
@backbone_option("ADD_TASK", help="A backbone of the registry, a folder or a hub id.  [default: mini]")
@click.option(
    "--budget",
    type=click.Choice(["quick", "normal", "thorough"]),
    default="normal",
    show_default=True,
    help="How much is tried before choosing.",
)
@click.option("--max-time", type=Duration(), metavar="TIME", help="Be done in so much time, e.g. 90s, 10m or 1h.")
@click.option("--folds", type=click.IntRange(min=2), help="Folds of the cross-validation.  [default: the budget's]")
@click.option(
    "--sources",
    "ms",
    type=Numbers(int, "0,1,3"),
    metavar="M,M,…",
    help="Numbers of source prompts to try, e.g. 0,1,3.  [default: the budget's]",
)
@click.option(
    "--lr-ratios",
    type=Numbers(float, "0,0.1,1"),
    metavar="R,R,…",
    help="Learning-rate ratios to try, private prompt over attention.  [default: the budget's]",
)
@click.option(
    "--prompt-layer",
    type=click.IntRange(min=0),
    metavar="LAYER",
    help="Encoder layer before which prompts enter; 0 is the input.  [default: the source prompts']",
)
@click.option(
    "--method",
    type=click.Choice(tuple(METHODS)),
    default=MIXTURE,
    show_default=True,
    metavar="NAME",
    help=f"What is trained: {', '.join(METHODS)}. 'crosspt methods list' explains each.",
)
@click.option(
    "--readout",
    type=click.Choice(["auto", "label-words", "prototypes", "both"]),
    default="auto",
    show_default=True,
    help="What an answer is read from; auto chooses on held-out rows.",
)
@drop_rare_option
@click.option("--replace", is_flag=True, help="Replace a task of the same name.")
@device_options("ADD_TASK")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of everything drawn.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be done, and how long it may take; save nothing.",
)
@click.option("-v", "--verbose", is_flag=True, help="Add the method's own terms and the table of simpler methods.")
@quiet_option
@json_option
def add_task(
    files: tuple[str, ...],
    label_col: str | None,
    max_time: float | None,
    dry_run: bool,
    verbose: bool,
    quiet: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Onboard a task from the labelled rows in CSV.

    CSV may as well be a TSV, JSONL or Parquet file, packed with gzip or not, '-' for a file that comes through a
    pipe, or a hub data set as hf:NAME[:CONFIG][:SPLIT]. The rows of several are taken together: their columns of
    labels and texts must have the same names. A task may learn from rows without labels as well: those with a blank
    label, and those of --unlabelled, which may also be a text file with a text a line.

    Prompts are trained on the rows in several ways, compared by cross-validation, and the best one is
    fitted on all rows and saved under the task's name for 'crosspt predict'.
    """
    if not label_col:
        raise no_label_column(files[0])
    rows = _read_rows(files, label_col, settings)
    settings |= {"max_seconds": max_time}
    if dry_run:
        _plan(rows, label_col, settings, quiet, as_json)
    else:
        _onboard(rows, label_col, settings, verbose, quiet, as_json)


def no_label_column(path: str) -> OptionError:
    """Return the error for a missing ``--label-col``, with the columns there are."""
    from crosspt_cli.data import is_hub_name, read_labelled
    from crosspt_cli.data.columns import columns_text

    hint = "Pass --label-col with the column that holds the labels."
    if is_hub_name(path):
        return OptionError("--label-col", "is missing.", hint)
    table = read_labelled(path)
    return OptionError(table.path, f"which column holds the labels? It has {columns_text(table.columns)}.", hint)


@dataclass(frozen=True)
class _Rows:
    """The files of labelled rows, read but for hub data sets, and what they hold where all were read."""

    files: tuple[str | Table, ...]
    examples: Examples | None


def _read_rows(files: tuple[str, ...], label_col: str, settings: dict[str, Any]) -> _Rows:
    """Return the files read, so that a pipe is read once; what is wrong with them is told before torch loads.

    Hub data sets stay names: what fetches them takes longer to load than what trains.
    """
    from crosspt_cli.data import file_names, is_hub_name, read_csv, read_labelled

    if not settings["name"] and is_pipe(file_names(files)[0]):
        raise OptionError(files[0], "is a pipe, which gives the task no name.", "Pass --name with a name for the task.")
    rows = tuple(name if is_hub_name(name) else read_labelled(name) for name in files)
    if any(map(is_hub_name, files)):
        return _Rows(rows, None)
    choices = {name: settings[name] for name in ("text_cols", "label_map", "drop_rare", "ignore_unlabelled")}
    return _Rows(rows, read_csv(rows, label_col, min_per_class=max(2, settings["folds"] or 2), **choices))


def _read_unlabelled(examples: Examples | None, files: tuple[str, ...]) -> Unlabelled:
    """Return the rows without labels, read before torch loads where no hub data set is among all files."""
    from crosspt_cli.data import is_hub_name, read_unlabelled

    if examples is None or any(map(is_hub_name, files)):
        return files
    return read_unlabelled(files, examples.text_columns, examples, examples.unlabelled)


def is_pipe(name: str) -> bool:
    """Return whether what is named is read once and gone: stdin, or what a shell puts in the place of <(…)."""
    return name == "-" or (Path(name).exists() and not Path(name).is_file() and not Path(name).is_dir())


def _onboard(rows: _Rows, label_col: str, settings: dict[str, Any], verbose: bool, quiet: bool, as_json: bool) -> None:
    from crosspt_cli.report.progress import expect, progress_display
    from crosspt_cli.report.render import kept_text, onboarded_text
    from crosspt_cli.report.summary import onboarded_dict, slow_text

    def expected(seconds: float) -> None:
        expect(progress, seconds)
        backbone = settings["backbone"] or default_backbone()
        say_all(
            [
                text
                for text in (slow_text(seconds, settings["budget"], backbone, settings["max_seconds"] is not None),)
                if text
            ],
            quiet,
        )

    with progress_display(shows_progress(quiet, as_json), limit=settings["max_seconds"]) as progress:
        # inside the display: importing torch takes seconds in which the person should see that something happens
        progress("reading", 0, 0)
        settings["unlabelled"] = _read_unlabelled(rows.examples, settings["unlabelled"])
        progress("loading", 0, 0)
        from crosspt_cli.onboarding.onboard import onboard
        from crosspt_cli.reading.backbones import default_backbone

        done = onboard(
            rows.files,
            label_col,
            progress=progress,
            summarise=kept_text,
            started=STARTED,
            expected=expected,
            **settings,
        )
    if as_json:
        emit_json(onboarded_dict(done))
        return
    say_all([notice.text for notice in done.notices] + list(done.notes), quiet)
    emit(onboarded_text(done, verbose=verbose))


def _plan(rows: _Rows, label_col: str, settings: dict[str, Any], quiet: bool, as_json: bool) -> None:
    settings["unlabelled"] = _read_unlabelled(rows.examples, settings["unlabelled"])
    from crosspt_cli.onboarding.planning import plan_onboarding
    from crosspt_cli.report.render import plan_text
    from crosspt_cli.report.summary import plan_dict

    plan = plan_onboarding(rows.files, label_col, **settings)
    if as_json:
        emit_json(plan_dict(plan))
        return
    say_all([notice.text for notice in plan.notices] + list(plan.notes), quiet)
    emit(plan_text(plan))
