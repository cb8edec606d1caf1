"""What stands at the front door can be read in an editor, and takes a single value where several may stand."""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import fields
from importlib import metadata
from pathlib import Path

import pytest

import crosspt_cli
from crosspt_cli.cli import main
from crosspt_cli.foundation.errors import Argument, CrossptError, OptionError

FUNCTIONS = [name for name in crosspt_cli.__all__ if inspect.isfunction(getattr(crosspt_cli, name))]


def test_editors_see_every_public_name():
    """Names that come on first use are invisible to them unless they are imported for type checkers too."""
    tree = ast.parse(Path(crosspt_cli.__file__).read_text())
    (shown,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in shown.body if isinstance(node, ast.ImportFrom)]
    imported = {name.name: node.module for node in imports for name in node.names}
    assert imported == crosspt_cli._HOMES
    assert sorted([*imported, "__version__"]) == crosspt_cli.__all__
    assert set(crosspt_cli.__all__) <= set(dir(crosspt_cli))
    assert Path(crosspt_cli.__file__).with_name("py.typed").is_file()


def test_the_package_and_the_command_tell_the_same_version(capsys):
    """A report of a fault names one of them, and nobody should have to ask which."""
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"crosspt {crosspt_cli.__version__}\n"
    assert crosspt_cli.__version__ == metadata.version("crosspt")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_are_typed_and_hide_no_argument(name):
    """`help(onboard)` used to end in **settings."""
    signature = inspect.signature(getattr(crosspt_cli, name))
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.kind is not inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("name", ["onboard", "plan_onboarding"])
def test_onboarding_takes_every_setting_with_its_default(name):
    """A setting that is not passed on would be ignored without a word."""
    from crosspt_cli.onboarding.settings import Settings

    parameters = inspect.signature(getattr(crosspt_cli, name)).parameters
    assert {each.name: parameters[each.name].default for each in fields(Settings)} == {
        each.name: each.default for each in fields(Settings)
    }


@pytest.mark.parametrize("name", ["onboard", "plan_onboarding"])
def test_every_argument_of_an_onboarding_reaches_its_settings(name, monkeypatch, tmp_path):
    """Two lists of names are easily out of step."""
    from crosspt_cli.onboarding.settings import Settings

    seen = {}

    def stop(**settings: object) -> None:
        seen.update(settings)
        raise CrossptError("stopped", "here")

    monkeypatch.setattr(sys.modules[getattr(crosspt_cli, name).__module__], "Settings", stop)
    given = {
        each.name: (each.name,) if each.name in ("text_cols", "unlabelled") else each.name for each in fields(Settings)
    }
    with pytest.raises(CrossptError, match="stopped"):
        getattr(crosspt_cli, name)(tmp_path / "rows.csv", "y", **given)
    assert seen == given


def test_a_single_column_is_one_name(tmp_path, home):
    """Its letters are no columns."""
    path = tmp_path / "rows.csv"
    path.write_text("said,y\n" + "it was good indeed,a\nit was bad indeed,b\nall was well,a\nall was lost,b\n")
    assert crosspt_cli.read_csv(path, "y", "said").text_columns == ("said",)
    assert crosspt_cli.check_file(path, "y", text_cols="said").text_columns == ("said",)


def test_errors_in_python_speak_of_arguments():
    """Nobody who calls a function knows its flag."""
    from crosspt_cli.onboarding.settings import Settings

    with pytest.raises(OptionError) as caught:
        Settings(max_seconds=0).check()
    assert str(caught.value) == "max_seconds: must be more than nothing.\nPass for example 600."
    assert isinstance(caught.value.where, Argument)
    assert caught.value.typed == "Pass for example --max-time 10m."
