"""What crosspt tells people to type is accepted when they type it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.cli.main import crosspt
from crosspt_cli.foundation.errors import NotFound
from crosspt_cli.foundation.pairs import advised, read_list, read_pairs, write_pairs
from crosspt_cli.onboarding.command import onboarding_command, replacing, with_file
from crosspt_cli.onboarding.settings import Settings

ROOT = Path(__file__).parents[2]
BLOCK = r"^```\w*\n(.*?)^```"
FLAG = re.compile(r"(?<![\w(-])--[a-z][a-z-]*(?![\w:-])")  # but no property of a style sheet
LABELS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(lambda t: t == t.strip())
PAIRS = st.dictionaries(LABELS, LABELS, min_size=1)


def parsed(words: list[str]) -> click.Context:
    """Return the context of the command that the words after ``crosspt`` would run.

    Raises:
        click.UsageError: they would be refused.
    """
    command, ctx = crosspt, click.Context(crosspt, info_name="crosspt")
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        name, *words = words
        command = command.commands[name]
        if not isinstance(command, click.Group):
            return command.make_context(name, words, parent=ctx, obj={})
        ctx = click.Context(command, info_name=name, parent=ctx)
    if words and not words[0].startswith("-"):
        raise click.UsageError(f"no command {words[0]!r}")
    return command.make_context("crosspt", words, obj={})


@given(st.lists(LABELS, min_size=1))
def test_any_labels_come_back_from_a_list(labels):
    """A comma in a label is no end of it."""
    escaped = (re.sub(r"[,=\\]", r"\\\g<0>", label) for label in labels)
    assert read_list(",".join(escaped)) == labels


@given(PAIRS)
def test_any_mapping_comes_back_from_the_option_as_a_shell_reads_it(pairs):
    """Labels have commas, equals signs, backslashes and quotes of both kinds."""
    flag, value = shlex.split(advised("--label-map", pairs))
    assert flag == "--label-map" and dict(read_pairs(value)) == pairs
    ctx = parsed(shlex.split("check a.csv --label-col y " + advised("--label-words", pairs)))
    assert ctx.params["label_words"] == pairs


def test_a_backslash_that_escapes_nothing_is_itself():
    r"""``C:\temp=files`` meant what it says before there were escapes, and still does."""
    assert read_pairs(r"C:\temp=files,a\\b=c") == [("C:\\temp", "files"), ("a\\b", "c")]
    assert write_pairs({"C:\\temp": "files"}) == r"C:\\temp=files"


NUMBERS = st.floats(0.0001, 10, allow_nan=False)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "text_cols": st.lists(LABELS, min_size=1, max_size=3, unique=True).map(tuple),
        "unlabelled": st.lists(LABELS, min_size=1, max_size=3).map(tuple),
        "ignore_unlabelled": st.just(True),
        "name": st.sampled_from(["a", "-b", "it's"]),
        "label_map": PAIRS,
        "label_words": PAIRS,
        "max_seconds": st.floats(0.1, 1e7),
        "folds": st.integers(2, 10),
        "ms": st.lists(st.integers(0, 10**9), min_size=1, max_size=4).map(tuple),
        "lr_ratios": st.lists(NUMBERS, min_size=1, max_size=4).map(tuple),
        "drop_rare": st.just(True),
        "replace": st.just(True),
        "device": st.just("cpu"),
        "seed": st.integers(0, 10**12),
    },
)


@given(st.lists(LABELS, min_size=1, max_size=3), LABELS, CHOICES)
def test_the_recorded_command_gives_the_same_settings_again(files, label_col, choices):
    """It is what a person pastes to make the task again, whatever its labels, columns and files are called."""
    settings = replace(Settings(), **choices)
    program, *words = shlex.split(onboarding_command(files, label_col, settings))
    params = parsed(words).params
    assert program == "crosspt" and params["label_col"] == label_col
    assert [str(Path(file)) for file in params["files"]] == [str(Path(file)) for file in files]
    assert {name: params["max_time" if name == "max_seconds" else name] for name in choices} == choices


def test_a_command_with_another_file_is_accepted_too():
    """`suggest` advises it when rows were labelled."""
    command = onboarding_command(["a.csv"], "y", replace(Settings(), label_map={"a, b": "c=d"}))
    params = parsed(shlex.split(with_file(command, "b c.csv", "a"))[1:]).params
    assert params["files"] == ("a.csv", "b c.csv") and params["replace"] and params["label_map"] == {"a, b": "c=d"}
    assert replacing(replacing(command, "a"), "a") == replacing(command, "a")


def names(command: click.Command, words: tuple[str, ...] = ()) -> set[str]:
    """Return the commands by the words after ``crosspt``, e.g. ``"registry list"``."""
    below = getattr(command, "commands", {}).items()
    return {" ".join(words)}.union(*(names(each, (*words, name)) for name, each in below))


NAMES = names(crosspt)


def texts(module: Path) -> Iterator[str]:
    """Yield every string of a module that is shown to people, a name in the place of what is filled in."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def code() -> list[tuple[str, str]]:
    """Return (module, text) for every text of the package."""
    modules = sorted((ROOT / "crosspt_cli").rglob("*.py"))
    return [(path.relative_to(ROOT).as_posix(), text) for path in modules for text in texts(path)]


def flags(command: click.Command) -> set[str]:
    """Return the options of a command and of all below it."""
    own = {name for param in command.params if isinstance(param, click.Option) for name in param.opts}
    return own.union(*map(flags, getattr(command, "commands", {}).values()))


def test_every_option_that_a_text_names_exists():
    """An option that was renamed, or that only its author knows, is advice for nobody."""
    known = flags(crosspt) | {"--help", "--x"}  # the last is one whose name is filled in
    named = {(where, flag) for where, text in code() for flag in FLAG.findall(text)}
    assert sorted((where, flag) for where, flag in named if flag not in known) == []


def commands(text: str) -> list[str]:
    """Return the commands in quotes or backticks."""
    return re.findall(r"['`](crosspt [^'`\n]*)['`]", text)


def refused(command: str) -> str:
    """Return why the command would be refused as it stands; empty if it would not, or is but a name."""
    try:
        _, *words = shlex.split(command)
        if " ".join(words) not in NAMES:
            parsed(words)
    except click.UsageError as error:
        return error.format_message()
    except (click.exceptions.Exit, NotFound):
        pass  # --help and --version; and here is no task that could be the only one
    return ""


def test_every_command_that_a_text_advises_is_accepted():
    """Hints end in a command; a person types it and must not meet a second error."""
    advice = sorted({(where, command) for where, text in code() for command in commands(text)})
    assert len(advice) > 15
    assert [(where, command, why) for where, command in advice if (why := refused(command))] == []


def pages() -> list[Path]:
    """Return the pages that tell people what to type."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_the_pages_is_accepted(page):
    """Copied from a page, it works."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(BLOCK, text, re.DOTALL | re.MULTILINE)
    typed = [re.sub(r"^\$ ", "", line) for block in blocks for line in block.splitlines()]
    whole = [command for line in typed for command in re.findall(r"^crosspt [a-z][^|>#]*", line)]
    named = commands(re.sub(BLOCK, "", text, flags=re.DOTALL | re.MULTILINE))
    assert [(command, why) for command in whole if (why := refused(command))] == []
    assert [(command, why) for command in named if (why := refused(command)) and "Missing" not in why] == []
