"""The rooms and the one direction between them, held against every import there is."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crosspt_cli"
LINE = (
    "foundation",
    "data",
    "tasks",
    "evidence",
    "core",
    "search",
    "reading",
    "checking",
    "onboarding",
    "pretraining",
    "answering",
    "report",
    "cli",
)
MAY_IMPORT = {room: set(LINE[: place + 1]) for place, room in enumerate(LINE)}
MAY_IMPORT["registry"] = {"foundation", "registry"}
for later in LINE[LINE.index("reading") :]:
    MAY_IMPORT[later].add("registry")
MAY_IMPORT["evidence"] = {"foundation", "evidence"}
MAY_IMPORT["core"].discard("evidence")
ONLY_IN = {
    "torch": {"core", "search", "onboarding", "pretraining", "answering"},
    "transformers": {"core"},
    "tokenizers": {"core"},
    "huggingface_hub": {"reading", "data"},
    "sklearn": {"evidence", "search"},
    "scipy": {"evidence"},
    "click": {"cli"},
    "rich": {"report", "cli"},
    "jinja2": {"report"},
    "datasets": {"data"},
    "pandas": {"data"},
    "pyarrow": {"data"},
    "filelock": {"registry"},
    "safetensors": {"registry", "core"},
}
HEAVY = ("torch", "transformers", "sklearn", "scipy", "datasets", "pandas", "pyarrow")
FORBIDDEN = ("pickle", "joblib", "dill", "shelve")
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)


def room(path: Path) -> str:
    """Return the room a file is in; empty for the package's own `__init__`."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path, only_module_level: bool = False) -> set[str]:
    """Return the full names of everything a file imports, at whatever depth."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if only_module_level else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the room they come from"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("crosspt_cli.")}


@pytest.mark.parametrize(
    "path", [path for path in FILES if room(path)], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_room_imports_only_rooms_before_it(path):
    """One direction: what is imported can be understood and tested without what imports it."""
    wrong = rooms_imported(path) - MAY_IMPORT[room(path)]
    assert not wrong, f"{room(path)} must not import {sorted(wrong)}"


def test_every_folder_of_the_package_is_a_room():
    """A new room has to be given its place in the line."""
    folders = {
        path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name not in ("__pycache__", "_shipped")
    }
    assert folders == set(MAY_IMPORT)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_its_rooms_only(library):
    """One place knows click, one knows rich; tensors stay away from data, tasks and registry."""
    users = {room(path) for path in FILES if any(name.split(".")[0] == library for name in imports(path))}
    assert users <= ONLY_IN[library]


@pytest.mark.parametrize("library", FORBIDDEN)
def test_nothing_is_pickled(library):
    """A registry is copied from machine to machine; loading it must never run code."""
    assert [path for path in FILES if any(name.split(".")[0] == library for name in imports(path))] == []


@pytest.mark.parametrize("name", ["foundation", "data", "tasks", "registry", "report", "cli"])
def test_light_rooms_import_heavy_libraries_inside_functions_only(name):
    """`crosspt --help` and `crosspt registry list` answer at once."""
    found = {
        f"{path.name}: {imported}"
        for path in FILES
        if room(path) == name
        for imported in imports(path, only_module_level=True)
        if imported.split(".")[0] in HEAVY
    }
    assert found == set()


def loaded_by(code: str) -> set[str]:
    """Return which heavy libraries and rooms are loaded in a fresh process after `code`."""
    watched = (*HEAVY, "numpy", "click", "rich", *(f"crosspt_cli.{room}" for room in MAY_IMPORT))
    show = f"import sys; print(*[name for name in {watched!r} if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    """Every program that imports it pays only for what it uses."""
    assert loaded_by("import crosspt_cli") == {"crosspt_cli.foundation"}


def test_errors_and_the_registry_load_nothing_heavy():
    """Listing and catching are cheap."""
    loaded = loaded_by("from crosspt_cli import CrossptError, Registry, open_registry; open_registry().tasks()")
    assert loaded == {"crosspt_cli.foundation", "crosspt_cli.registry"}


def test_every_public_name_is_what_it_is_where_it_lives():
    """The names of the README exist, and no other module has to be known."""
    import crosspt_cli

    for name in ("onboard", "predict", "open_registry", "read_csv", "load_fitted", "pretrain", "Registry", "Predictor"):
        assert name in crosspt_cli.__all__
    for name in crosspt_cli._HOMES:
        found = getattr(crosspt_cli, name)
        home = sys.modules[crosspt_cli._HOMES[name]]
        assert getattr(home, name) is found
        assert found.__doc__


def test_a_name_that_does_not_exist_is_an_attribute_error():
    """`hasattr` and `from crosspt_cli import …` rely on it."""
    import crosspt_cli

    with pytest.raises(AttributeError, match="module 'crosspt_cli' has no attribute 'onbaord'"):
        _ = crosspt_cli.onbaord
