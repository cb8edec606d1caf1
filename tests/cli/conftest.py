"""What the command line's tests start from: commands in this process and in fresh ones, and a small fitted task."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_process import environment

REVIEWS = "text,y\n" + "".join(f"it was {word} indeed,{label}\n" for word, label in [
    ("good", "pos"), ("bad", "neg"), ("lovely", "pos"), ("awful", "neg"),
    ("great", "pos"), ("poor", "neg"), ("fine", "pos"), ("sad", "neg"),
])  # fmt: skip
PAIRS = "premise,hypothesis,label\n" + "".join(
    f"a {word} sat,the {word} {end},{label}\n"
    for word in ("cat", "dog", "man")
    for end, label in (("rested", "entailment"), ("flew", "contradiction"))
)


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys, monkeypatch) -> Callable[..., Ran]:
    """Run a command in this process."""
    from crosspt_cli.cli.main import run

    def call(*words: object, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        capsys.readouterr()
        code = run([str(word) for word in words])
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture
def process() -> Callable[..., Ran]:
    """Run a command in a process of its own."""

    def process(*words: object, stdin: str = "", **changes: str) -> Ran:
        command = [sys.executable, "-m", "crosspt_cli.cli.main", *map(str, words)]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=environment(**changes), timeout=120
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return process


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Eight labelled rows of two classes."""
    path = tmp_path / "reviews.csv"
    path.write_text(REVIEWS)
    return path


@pytest.fixture(scope="session")
def fitted_home(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A personal registry with the tasks `reviews` (one text) and `pairs` (two), fitted once for all tests."""
    from crosspt_cli.onboarding.onboard import onboard
    from crosspt_cli.registry import Registry

    folder = tmp_path_factory.mktemp("fitted")
    for name, content, label in (("reviews", REVIEWS, "y"), ("pairs", PAIRS, "label")):
        (folder / f"{name}.csv").write_text(content)
        onboard(
            folder / f"{name}.csv", label, backbone=str(tiny_backbone), budget="quick", folds=2, lr_ratios=(1.0,),
            device="cpu", dtype="fp32", registry=Registry.open(folder / "home"),
        )  # fmt: skip
    return folder / "home"


@pytest.fixture
def fitted(fitted_home: Path, home: Path) -> Path:
    """The test's own copy of the registry with two fitted tasks."""
    shutil.copytree(fitted_home, home)
    return home
