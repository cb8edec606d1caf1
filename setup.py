"""Copies `registry/` and `templates/` into the package when a wheel is built; everything else is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ("registry/backbones", "registry/sources", "templates")  # the registry's locks and checkpoints stay here


def shipped_files() -> list[Path]:
    """Return the files that ship with the package, relative to this folder; names with a leading dot are none."""
    found = sorted(path for folder in SHIPPED for path in (ROOT / folder).rglob("*") if path.is_file())
    relative = [path.relative_to(ROOT) for path in found]
    return [path for path in relative if not any(part.startswith(".") for part in path.parts)]


class BuildWithShipped(build_py):
    """Puts the shipped files where `foundation/paths.py` looks for them: `crosspt_cli/_shipped/`.

    An editable install needs none of this: there they are found beside the package.
    """

    def run(self) -> None:
        """Build the package, then copy the shipped files into it."""
        super().run()
        if self.editable_mode:
            return
        inside = Path(self.build_lib, "crosspt_cli", "_shipped")
        shutil.rmtree(inside, ignore_errors=True)  # an earlier build may have left what ships no more
        for path in shipped_files():
            (inside / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, inside / path)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return every file of the built package, for whoever lists what was installed."""
        inside = Path(self.build_lib, "crosspt_cli", "_shipped")
        copied = [] if self.editable_mode else [str(inside / path) for path in shipped_files()]
        return [*super().get_outputs(include_bytecode), *copied]


setup(cmdclass={"build_py": BuildWithShipped})
