"""What the shell offers after a Tab: names of tasks, sources, templates and backbones, and columns of the file typed.

Nothing heavy is imported, nothing is written, and nothing is said when there is nothing to offer.
"""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Iterable, Sequence

import click
from click.shell_completion import CompletionItem

from crosspt_cli.foundation.errors import CrossptError
from crosspt_cli.foundation.paths import shipped

HEAD = 1 << 18  # bytes of a file that are read for its header; whole files may be large
FILES = ("files", "file", "source", "csv")
"""What commands call the argument with the file whose columns are meant."""

Items = list[CompletionItem]


def complete_tasks(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return the tasks."""
    return _starting(_names("task"), incomplete)


def complete_entries(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return everything in the registry, tasks first; source prompts as ``BACKBONE/NAME``."""
    return _starting([name for kind in ("task", "backbone", "source") for name in _names(kind)], incomplete)


def complete_own_entries(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return everything in the personal registry: what can be removed."""
    own = [name for kind in ("task", "backbone", "source") for name in _names(kind, "personal")]
    return _starting(own, incomplete)


def complete_backbones(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return the backbones of the registry; folders where none begins so."""
    return _starting(_names("backbone"), incomplete) or [CompletionItem(incomplete, type="dir")]


def complete_templates(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return the shipped templates; files where none begins so."""
    names = sorted(path.stem for path in shipped("templates").glob("*.yaml"))
    return _starting(names, incomplete) or complete_files(ctx, param, incomplete)


def complete_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Leave it to the shell, which knows files best."""
    return [CompletionItem(incomplete, type="file")]


def complete_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return the columns of the first file on the command line so far that can be read."""
    named = next((ctx.params[name] for name in FILES if ctx.params.get(name)), ())
    # while the option that is completed still lacks its value, the parser leaves arguments where they were
    files = [named] if isinstance(named, str) else [*named, *ctx.args]
    columns = next((found for file in files if (found := header(file))), ())
    return _starting(columns, incomplete)


def complete_commands(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Return the commands below the words typed so far."""
    command = ctx.find_root().command
    for word in ctx.params.get("words") or ():
        command = getattr(command, "commands", {}).get(word, command)
    return _starting(getattr(command, "commands", {}), incomplete)


def header(file: str) -> tuple[str, ...]:
    """Return the columns of a file; none where it is no file, or none that can be read."""
    from crosspt_cli.data.encoding import PARQUET, open_binary, open_text
    from crosspt_cli.data.source import open_source, text_source

    if not os.path.isfile(file):  # a pipe would wait, and what it holds is for the command
        return ()
    try:
        with open_binary(file) as binary:
            head = binary.read(HEAD)
            if head.startswith(PARQUET):
                return open_source(file).columns
        # a last line that was cut might end within a character
        whole = head.rpartition(b"\n")[0] if len(head) == HEAD else head
        return text_source(open_text(io.BytesIO(whole), file), file, lambda: None, 1).columns
    except (CrossptError, OSError):
        return ()


def _names(kind: str, layer: str = "") -> Sequence[str]:
    from crosspt_cli.registry import Registry, titles

    try:
        return titles(Registry.open(), kind, layer)
    except CrossptError:
        return ()


def _starting(names: Iterable[str], incomplete: str) -> Items:
    # bash puts what it is given on the command line as it stands, where a space would divide it
    bash = os.environ.get("_CROSSPT_COMPLETE", "").startswith("bash")
    found = [name.strip() for name in names if name.strip().startswith(incomplete)]
    return [CompletionItem(shlex.quote(name) if bash else name) for name in found]
