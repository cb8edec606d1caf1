"""What someone installs holds everything that crosspt needs, and nothing of ours that it does not."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ("registry/backbones", "registry/sources", "templates")
INSIDE = "crosspt_cli/_shipped/"


def build(kind: str, source: Path, target: Path) -> Path:
    """Return the sdist or wheel that pip would build of `source`, with the setuptools that is installed here."""
    target.mkdir()
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(target)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(target.iterdir())


def shipped_bytes() -> dict[str, bytes]:
    """Return what must be shipped: path below this checkout → bytes."""
    found = [path for folder in SHIPPED for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of this checkout, with the leftovers of a registry in use and of an earlier build."""
    folder = tmp_path_factory.mktemp("packaging") / "checkout"
    folder.mkdir()
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "constraints.txt", folder)
    for name in ("crosspt_cli", "registry", "templates", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for stray in ("registry/locks/tasks/a.lock", "registry/pretrain/b.safetensors", "templates/.c.yaml.swp"):
        (folder / stray).parent.mkdir(parents=True, exist_ok=True)
        (folder / stray).write_text("not to be shipped")
    return folder


@pytest.fixture(scope="module")
def sdist(checkout: Path) -> Path:
    """Return the unpacked source distribution."""
    archive = build("sdist", checkout, checkout.parent / "sdist")
    with tarfile.open(archive) as packed:
        packed.extractall(checkout.parent, filter="data")
    return checkout.parent / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(sdist: Path, checkout: Path) -> dict[str, bytes]:
    """Return name → bytes of the wheel built from the source distribution, where a package index builds it from."""
    stale = sdist / "build" / "lib" / INSIDE / "templates" / "stale.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("of an earlier build")
    with zipfile.ZipFile(build("wheel", sdist, checkout.parent / "wheel")) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_wheel_carries_the_shipped_registry_and_templates_byte_for_byte(wheel):
    """Without them 'crosspt add-task' has no backbone; with other bytes their digests are refused."""
    found = {name.removeprefix(INSIDE): value for name, value in wheel.items() if name.startswith(INSIDE)}
    assert found == shipped_bytes()


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(wheel):
    """Tests, benchmarks and an earlier build's leftovers are not installed on anyone's machine."""
    python = {path.relative_to(ROOT).as_posix() for path in (ROOT / "crosspt_cli").rglob("*.py")}
    rest = {name for name in wheel if not name.startswith(INSIDE) and ".dist-info/" not in name}
    page = {path.relative_to(ROOT).as_posix() for path in (ROOT / "crosspt_cli/report/templates").iterdir()}
    assert len(page) == 4  # of which a report's page is made
    assert rest == python | page | {"crosspt_cli/py.typed"}  # by which type checkers know that it is typed
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel)


def test_the_source_distribution_carries_what_the_wheel_is_built_from(sdist):
    """Who builds from source has no checkout to take the backbone from."""
    files = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    assert {*shipped_bytes(), "constraints.txt", "examples/reviews.csv", "LICENSE", "setup.py"} <= files
    assert [name for name in files if name.startswith(("registry/locks", "registry/pretrain"))] == []
    assert [name for name in files if name.endswith(".swp")] == []


def test_every_requirement_has_an_exact_version_in_the_constraints():
    """A release of someone else's must not break an install that worked yesterday."""
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    for line in [*project["dependencies"], *extras]:
        requirement = Requirement(line)
        if requirement.name == "crosspt":  # one extra brings another
            continue
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line


def test_the_lowest_constraints_are_the_lower_bounds():
    """A bound that nothing tests is a guess; torch alone may be newer, for there is no small build of its lowest."""
    import tomllib

    from packaging.requirements import Requirement
    from packaging.version import Version

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    for requirement in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["hub"]]):
        least = next(Version(each.version) for each in requirement.specifier if each.operator == ">=")
        assert pinned[requirement.name] in requirement.specifier, requirement
        if requirement.name != "torch":
            assert Version(pinned[requirement.name]) == least, requirement
