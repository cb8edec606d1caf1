"""Defaults from a YAML file: what wins over what, and what is said of a bad file."""

from __future__ import annotations

import pytest


@pytest.fixture
def settings(home):
    """Write the settings file of the personal registry."""

    def write(text: str):
        home.mkdir(exist_ok=True)
        (home / "config.yaml").write_text(text)
        return home / "config.yaml"

    return write


def test_the_file_is_the_default_the_environment_wins_over_it_and_the_flag_over_both(
    call, settings, reviews, monkeypatch
):
    """The order people know from every other tool."""
    settings("add-task:\n  label-col: from-file\n")
    assert "no column 'from-file'" in call("add-task", reviews, "--dry-run").err
    monkeypatch.setenv("CROSSPT_ADD_TASK_LABEL_COL", "from-environment")
    assert "no column 'from-environment'" in call("add-task", reviews, "--dry-run").err
    assert "no column 'from-flag'" in call("add-task", reviews, "--dry-run", "--label-col", "from-flag").err


def test_aliases_lists_and_yes_are_understood(call, settings, tmp_path):
    """The file takes what the flags take."""
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b,y\nx,y,1\n")
    settings("add-task:\n  target: y\n  text-col: [a, nope]\n  dry-run: yes\nregistry:\n  pretrain:\n    device: cpu\n")
    assert call("add-task", rows).err.startswith(f"{rows}: no column 'nope'; it has columns 'a', 'b' and 'y'.")


def test_label_maps_and_words_are_mappings_in_the_file(call, settings, tmp_path):
    """YAML has a way of writing them that needs no backslash."""
    (tmp_path / "f.csv").write_text("text,y\none thing,a\ntwo things,a\nthree,b c\nfour,b c\n")
    settings("check:\n  label-map:\n    a: sport, games\n  label-words:\n    sport, games: sport\n    b c: b=c\n")
    found = call("check", tmp_path / "f.csv", "--label-col", "y").out
    assert "sport, games → sport" in found and "b c → b=c" in found
    settings("check:\n  label-map: {a: [b]}\n")
    assert "line 2: 'a' must be one value." in call("check", tmp_path / "f.csv").err


def test_another_file_can_be_named(call, settings, tmp_path, reviews, monkeypatch):
    """A project keeps its own settings beside its data."""
    settings("add-task:\n  label-col: first\n")
    other = tmp_path / "other.yaml"
    other.write_text("add-task:\n  label-col: second\n")
    monkeypatch.setenv("CROSSPT_CONFIG", str(other))
    assert "no column 'second'" in call("add-task", reviews, "--dry-run").err


def test_a_named_file_that_is_not_there_is_an_error(call, home, monkeypatch):
    """Settings that are silently not read are worse than none."""
    monkeypatch.setenv("CROSSPT_CONFIG", "/no/such.yaml")
    done = call("registry", "list")
    assert (done.code, done.err) == (
        4,
        "/no/such.yaml: there is no such settings file.\nCorrect CROSSPT_CONFIG, or unset it.\n",
    )


HINT = "Mend the file, or point CROSSPT_CONFIG at another; docs/cli.md shows one.\n"
BAD = {
    "an unknown command": (
        "add-taks:\n  budget: quick\n",
        "{path} line 1: crosspt has no command 'add-taks'; the nearest is 'add-task'.\n",
    ),
    "an unknown option": (
        "add-task:\n  budgets: quick\n",
        "{path} line 2: crosspt add-task has no option 'budgets'; the nearest is 'budget'.\n",
    ),
    "a bad value": (
        "add-task:\n  folds: many\n",
        "{path} line 2: 'folds': 'many' is not a valid integer range.\n",
    ),
    "an option twice": (
        "add-task:\n  folds: 2\n  folds: 3\n",
        "{path} line 3: crosspt add-task has the option 'folds' twice.\n",
    ),
    "a list where one value goes": (
        "add-task:\n  folds: [2, 3]\n",
        "{path} line 2: 'folds' must be one value.\n",
    ),
    "no mapping": (
        "- add-task\n",
        "{path} line 1: crosspt must be 'key: value' lines.\n",
    ),
    "no YAML": (
        "add-task: [\n",
        "{path} line 2: this is not YAML: expected the node content, but found '<stream end>'.\n",
    ),
    "two problems": (
        "add-task:\n  folds: 1\nregistry:\n  pretrain:\n    devices: cpu\n",
        "{path}: 2 problems.\n"
        "  line 2: 'folds': 1 is not in the range x>=2.\n"
        "  line 5: crosspt registry pretrain has no option 'devices'; the nearest is 'device'.\n",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_told_by_line(call, settings, case):
    """All problems at once, each with its line."""
    text, message = BAD[case]
    path = settings(text)
    done = call("registry", "list")
    assert (done.code, done.out, done.err) == (2, "", message.format(path=path) + HINT)


def test_an_empty_file_changes_nothing(call, settings):
    """Commenting everything out is a way of keeping settings for later."""
    settings("# add-task:\n")
    assert call("registry", "path").code == 0
