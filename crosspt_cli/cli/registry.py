"""`crosspt registry`: what is kept, whether it is whole, and more source prompts."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspt_cli.cli.completion import complete_backbones, complete_entries, complete_own_entries
from crosspt_cli.cli.groups import Group
from crosspt_cli.cli.options import device_options, json_option, only_task, quiet_option
from crosspt_cli.cli.output import emit, emit_json, say, shows_progress
from crosspt_cli.foundation.errors import OptionError

if TYPE_CHECKING:
    from crosspt_cli.registry import Entry, Registry

DAMAGED = 5
SUMMARY_FILE = "summary.txt"  # as onboarding keeps it; its room would bring torch


@click.group(cls=Group)
def registry() -> None:
    """Show, check and remove what is kept; train source prompts."""


def _opened() -> Registry:
    from crosspt_cli.registry import Registry

    return Registry.open()


@registry.command("list")
@click.option("--all", "every", is_flag=True, help="The source prompts that ship with crosspt too, each on a line.")
@json_option
def list_entries(every: bool, as_json: bool) -> None:
    """List tasks, source prompts and backbones.

    Of each task: its accuracy, corrected for having been chosen, the rows and classes it was made of, and its age.
    --json always lists everything.
    """
    from crosspt_cli.report.listing import entries_dict, entries_text

    opened = _opened()
    entries = opened.backbones() + opened.sources() + opened.tasks()
    if as_json:
        emit_json(entries_dict(entries))
    else:
        emit(entries_text(entries, every, datetime.now(UTC)))


@registry.command()
@click.argument("name", required=False, shell_complete=complete_entries)
@click.option("--raw", is_flag=True, help="The whole manifest as YAML, of a task too.")
@json_option
def show(name: str | None, raw: bool, as_json: bool) -> None:
    """Show what is known of NAME: of a task what 'crosspt add-task' printed, of others the manifest.

    NAME is that of a task, backbone or source prompt, or BACKBONE/NAME of a source prompt; the only task's may be
    left out.
    """
    from crosspt_cli.report.listing import entries_dict, entry_text

    opened = _opened()
    entries = opened.find(name or only_task("NAME"))
    if as_json:
        emit_json(entries_dict(entries, whole=True))
    else:
        emit("\n\n".join(entry_text(entry, None if raw else _summary(opened, entry)) for entry in entries))


def _summary(opened: Registry, entry: Entry) -> str | None:
    """Return what is kept of an entry's onboarding; "" of a task that keeps nothing, None of other entries."""
    from crosspt_cli.registry import task_file

    if entry.kind != "task" or entry.problem:
        return None
    return (task_file(opened, entry.name, SUMMARY_FILE) or b"").decode().rstrip("\n")


@registry.command()
@click.argument("name", shell_complete=complete_own_entries)
@click.option("--kind", type=click.Choice(["backbone", "source", "task"]), help="Which NAME, where several have it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def rm(name: str, kind: str | None, yes: bool, as_json: bool) -> None:
    """Remove NAME from the personal registry."""
    opened = _opened()
    entry = the_entry(opened, name, kind)
    if entry.layer == "personal" and not yes and not confirmed(entry):
        say(f"{entry.kind} {entry.title} was kept.")
        return
    opened.remove(entry.kind, entry.title)
    if as_json:
        emit_json({"removed": {"kind": entry.kind, "name": entry.name, "path": str(entry.path)}})
    else:
        emit(f"removed {entry.kind} {entry.title} ({entry.path})")


def the_entry(opened: Registry, name: str, kind: str | None) -> Entry:
    """Return the one entry that is meant.

    Raises:
        NotFound: there is none of that name.
        OptionError: there are several, or none of that kind.
    """
    found = opened.find(name)
    meant = [entry for entry in found if kind in (None, entry.kind)]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(f"{entry.kind} {entry.title}" for entry in found)
    if not meant:
        raise OptionError("--kind", f"no {kind} is named {name!r}, only: {names}.", "Leave --kind out.")
    hint = "Pass --kind, or BACKBONE/NAME for a source prompt."
    raise OptionError("registry", f"{len(meant)} entries are named {name!r}: {names}.", hint)


def confirmed(entry: Entry) -> bool:
    """Return whether the person at the terminal agrees.

    Raises:
        OptionError: there is no terminal to ask.
    """
    if not sys.stdin.isatty():
        problem = f"removing {entry.kind} {entry.title} needs a yes, and there is no terminal to ask."
        raise OptionError("crosspt registry rm", problem, "Pass -y.")
    return click.confirm(f"Remove {entry.kind} {entry.title} ({entry.path})?", err=True)


@registry.command()
@click.argument("name", required=False, shell_complete=complete_entries)
@json_option
@click.pass_context
def verify(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Read every byte of the registry, or of NAME, and tell what is damaged (exit code 5)."""
    from crosspt_cli.registry import verify as check
    from crosspt_cli.report.listing import findings_dict, findings_text

    opened = _opened()
    findings = check(opened, name)
    count = len(opened.find(name) if name else opened.backbones() + opened.sources() + opened.tasks())
    if as_json:
        emit_json(findings_dict(count, findings))
    else:
        emit(findings_text(count, findings))
    if any(finding.bad for finding in findings):
        ctx.exit(DAMAGED)


@registry.command()
@json_option
def path(as_json: bool) -> None:
    """Print the folder of the personal registry."""
    personal, shipped = _opened().layers
    if as_json:
        emit_json({"personal": str(personal.root), "shipped": str(shipped.root)})
    else:
        emit(str(personal.root))


@registry.command()
@click.argument("bank", metavar="BANK.yaml", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("."),
    metavar="DIR",
    help="What the file's paths start from.  [default: here]",
)
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Prompts to start from: each source at the one of its name, others at the mean.",
)
@click.option(
    "--backbone",
    metavar="NAME|PATH|ID",
    shell_complete=complete_backbones,
    help="Train for this one, not the file's.",
)
@click.option(
    "--prompt-layer",
    type=click.IntRange(min=0),
    metavar="LAYER",
    help="Encoder layer before which the prompts enter, not the file's.",
)
@click.option("--replace", is_flag=True, help="Replace source prompts of the same names.")
@device_options("REGISTRY_PRETRAIN")
@quiet_option
@json_option
def pretrain(bank: Path, quiet: bool, as_json: bool, **settings: Any) -> None:
    """Train the source prompts that BANK.yaml describes, all at once.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from crosspt_cli.report.progress import progress_display
    from crosspt_cli.report.render import bank_text
    from crosspt_cli.report.summary import bank_dict

    with progress_display(shows_progress(quiet, as_json)) as progress:
        progress("loading", 0, 0)
        from crosspt_cli.pretraining.pretrain import pretrain as train

        tell = (lambda sentence: None) if as_json or quiet else say
        trained = train(bank, settings.pop("data"), tell=tell, progress=progress, **settings)
    if as_json:
        emit_json(bank_dict(trained))
    else:
        emit(bank_text(trained))
