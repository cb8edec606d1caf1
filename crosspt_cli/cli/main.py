"""The `crosspt` command, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import _thread
import io
import os
import sys
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from crosspt_cli.cli.add_task import add_task
from crosspt_cli.cli.check import check
from crosspt_cli.cli.completion import complete_commands
from crosspt_cli.cli.groups import Group
from crosspt_cli.cli.methods import methods
from crosspt_cli.cli.options import JSON
from crosspt_cli.cli.output import emit, emit_json, say, stdout_errors
from crosspt_cli.cli.predict import predict
from crosspt_cli.cli.registry import registry
from crosspt_cli.cli.report import report
from crosspt_cli.cli.settings_file import read_defaults
from crosspt_cli.cli.suggest import suggest
from crosspt_cli.cli.templates import templates
from crosspt_cli.foundation.errors import Argument, CrossptError
from crosspt_cli.foundation.version import version
from crosspt_cli.foundation.words import with_nearest

INTERRUPTED = 130
SOON = 0.05  # seconds until a lost Ctrl-C is sent again
INTERRUPTED_SENTENCE = "interrupted; nothing saved was changed."


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        emit(f"crosspt {version()}")
        ctx.exit()


@click.group(
    cls=Group,
    context_settings={"auto_envvar_prefix": "CROSSPT", "help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-V", "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="The version."
)
@click.pass_context
def crosspt(ctx: click.Context) -> None:
    """Onboard text-classification tasks from a few dozen labelled rows.

    Start with 'crosspt add-task FILE.csv --label-col COLUMN', then 'crosspt predict --task NAME'.
    """
    ctx.default_map = read_defaults(crosspt, ctx)


@crosspt.command("help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1, shell_complete=complete_commands)
@click.pass_context
def show_help(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print the help of COMMAND.

    COMMAND may be several words, as in 'crosspt help registry list'.
    """
    parent = ctx.find_root()
    command: click.Command = crosspt
    for word in words:
        below = getattr(command, "commands", {})
        if word not in below:
            raise click.UsageError(f"{parent.command_path} has no command {with_nearest(word, below)}.", parent)
        command = below[word]
        parent = click.Context(command, info_name=word, parent=parent)
    emit(command.get_help(parent))


for command in (add_task, check, methods, predict, registry, report, suggest, templates):
    crosspt.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 ok, 1 failure, 2 usage, 3 data, 4 not found, 5 integrity, 6 budget, 130 interrupted.

    Args:
        arguments: the words after ``crosspt``; default those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _speak_utf8()
    keep_interrupts()
    code = run(words)
    if code == INTERRUPTED:
        # an impatient second Ctrl-C must not end in a traceback from the interpreter's own clearing up
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def run(words: list[str]) -> int:
    """Return the exit code of one command, after its answer or its error was printed."""
    shared: dict[str, Any] = {JSON: "--json" in words}  # a command line that cannot be parsed never sets it
    try:
        code = crosspt.main(words, prog_name="crosspt", standalone_mode=False, obj=shared)
        with stdout_errors():
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except CrossptError as error:
        return _fail(shared, error.kind, spoken_place(error), error.problem, error.typed, error.exit_code)
    except click.UsageError as error:
        return _fail(shared, "usage", *usage_sentence(error, words), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail(shared, "interrupted", "", INTERRUPTED_SENTENCE, "", INTERRUPTED)
    except BrokenPipeError:
        # nobody reads on; the interpreter would complain once more when it flushes stdout at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def spoken_place(error: CrossptError) -> str:
    """Return where an error is; an argument of a function is the option that the person typed."""
    if not isinstance(error.where, Argument):
        return error.where
    from crosspt_cli.onboarding.command import FLAGS

    flags = FLAGS | {"n": "-n", "header": "--no-header"}
    return flags.get(error.where, f"--{error.where.replace('_', '-')}")


def usage_sentence(error: click.UsageError, words: Sequence[str]) -> tuple[str, str, str]:
    """Return where, what and what to type for a command line, these `words`, that click refuses."""
    path = error.ctx.command_path if error.ctx else _command_of(words)
    hint = f"'{path} --help' shows how it is used."
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter) and error.param:
        return max(error.param.opts, key=len), error.message, hint
    return path, error.format_message().replace("\n", " "), hint


def _command_of(words: Sequence[str]) -> str:
    """Return the command that the words name, for click does not say where an option lacks its value."""
    path, command = ["crosspt"], crosspt
    for word in words:
        below = getattr(command, "commands", {})
        if word in below:
            path, command = [*path, word], below[word]
    return " ".join(path)


def _fail(shared: dict[str, Any], kind: str, where: str, problem: str, hint: str, code: int) -> int:
    """Tell an error: a sentence to stderr, or one JSON object to stdout."""
    if shared[JSON]:
        emit_json({"error": {"kind": kind, "where": where, "problem": problem, "hint": hint}})
        sys.stdout.flush()
        return code
    sentence = f"{where}: {problem}" if where else problem
    say(f"{sentence}\n{hint}" if hint else sentence)
    return code


def keep_interrupts() -> None:
    """Send a Ctrl-C again that came while Python could not raise it, in a destructor, and would have been lost.

    Importing torch and its like collects garbage for tenths of a second; a Ctrl-C then used to end in a message of
    Python's own, and the work went on.
    """
    usual = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:
            usual(unraisable)
            return
        # later, and from another thread: raised in here, it would be lost again
        again = threading.Timer(SOON, _thread.interrupt_main)
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def _speak_utf8() -> None:
    """Write UTF-8 into files and pipes whatever the locale; a terminal knows best what it can show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main()
