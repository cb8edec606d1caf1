"""Killed processes, two at once, full and read-only disks: nothing that was saved is lost."""

import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosspt_cli.foundation.errors import OptionError, StorageError
from crosspt_cli.registry import Registry, verify
from crosspt_cli.registry.locks import entry_lock

WRITER = """
import sys, numpy as np
from pathlib import Path
from crosspt_cli.registry import Registry
registry, name, first, count = Registry.open(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
for version in range(first, first + count):
    arrays = {"prompt": np.full((20, 64), version)}
    registry.save_task(name, {"version": version}, arrays, {"study.json": str(version) * 500}, True)
    print(version, flush=True)
"""


def start(code: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def whole_version(registry: Registry, name: str = "reviews") -> int:
    """Return the version of a task, after asserting that all its parts are of that one."""
    task = registry.load_task(name)
    version = task.document["version"]
    assert (task.arrays["prompt"] == version).all()
    assert task.files["study.json"] == str(version).encode() * 500
    return version


def test_a_process_killed_at_any_moment_leaves_an_intact_task(home):
    """The promise of the registry: the old version or the new one, whole."""
    registry, chance, last = Registry.open(home), random.Random(0), 0
    for attempt in range(12):
        writer = start(WRITER, home, "reviews", last + 1, 100_000)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        told = writer.communicate()[0].split()
        saved = max([last, *map(int, told)])
        if saved or registry.tasks():
            last = whole_version(registry)
            assert last in (saved, saved + 1), f"kill {attempt}"
    assert last > 5
    assert [finding for finding in verify(registry) if finding.bad] == []
    save_once = start(WRITER, home, "reviews", last + 1, 1)
    assert save_once.wait() == 0
    assert verify(registry) == ()


def test_a_reader_never_sees_half_a_task(home):
    """Predicting goes on while the task is onboarded anew."""
    registry, writer = Registry.open(home), start(WRITER, home, "reviews", 1, 60)
    assert [writer.stdout.readline() for _ in range(2)] == ["ready\n", "1\n"]
    seen = []
    while writer.poll() is None:
        seen.append(whole_version(registry))
        assert [entry.problem for entry in registry.tasks()] == [""]
    assert seen == sorted(seen)
    assert whole_version(registry) == 60


def test_two_processes_at_once_lose_nothing(home):
    """Same name or other names: every save that was told of is there."""
    names = ["reviews", "reviews", "tickets"]
    writers = [start(WRITER, home, name, 1 + 1000 * number, 15) for number, name in enumerate(names)]
    for writer in writers:
        assert writer.communicate()[1] == ""
    registry = Registry.open(home)
    assert whole_version(registry) in (15, 1015)
    assert whole_version(registry, "tickets") == 2015
    assert verify(registry) == ()


def test_a_lock_held_by_another_process_is_named(home, registry, save):
    """Who waits should know for whom."""
    code = (
        "import sys, time; from pathlib import Path; from crosspt_cli.registry import Registry\n"
        "with Registry.open(Path(sys.argv[1])).reserve_task('reviews', False):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    other = start(code, home)
    try:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(StorageError) as caught,
            entry_lock(registry.layers[0].lock("task", ("reviews",)), "the task 'reviews'", 0.1),
        ):
            pass
        assert caught.value.problem.startswith(f"the task 'reviews' is in use by process {other.pid}, since ")
        assert caught.value.problem.endswith("; 0.1 s were waited.")
        save(name="tickets")
        with pytest.raises(StorageError), registry.reserve_task("reviews", replace=True):
            pass
    finally:
        other.kill()
        other.communicate()
    save()
    assert registry.load_task("reviews").document["version"] == 1


def test_a_reserved_name_is_saved_under_from_within(registry, save):
    """The lock is taken twice by one process."""
    with registry.reserve_task("reviews", replace=False):
        save()
        assert registry.load_task("reviews").document["version"] == 1
    with pytest.raises(OptionError, match="exists already"), registry.reserve_task("reviews", replace=False):
        pass
    save(2, replace=True)


def test_an_interrupt_while_writing_changes_nothing(registry, save, home):
    """Ctrl-C is an exception like any other, at any line."""
    save()

    def fill(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.add_backbone("tiny", fill, about="", licence="")
    assert list((home / "backbones").iterdir()) == []
    assert verify(registry) == ()


def test_what_is_half_written_of_another_task_is_left_alone(registry, save, home):
    """A task may be called "a.new-b": writing or removing "a" must not take the folder of its unfinished save."""
    folder = home / "tasks" / ".a.new-b.new-0123abcd"
    folder.mkdir(parents=True)
    save(name="a")
    save(2, name="a", replace=True)
    registry.remove("task", "a")
    assert folder.is_dir()
    save(name="a.new-b")
    assert not folder.exists()  # its own writer sweeps it up


def entries(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted((home / "sources").rglob("*")) if path.is_file()}


@pytest.mark.parametrize("fails_at", range(4))
def test_several_source_prompts_are_saved_whole_or_not_at_all(fails_at, registry, manifest, values, home, monkeypatch):
    """Half a bank is worse than none. Each of the four renames fails in turn; one prompt exists, one is new."""
    registry.add_source(values, manifest)
    before, rename, done = entries(home), os.rename, []

    def failing(old, new):
        done.append(new)
        if len(done) == fails_at + 1:
            raise OSError(28, "No space left on device")
        rename(old, new)

    other = dataclasses.replace(manifest, name="sst2")
    monkeypatch.setattr(os, "rename", failing)
    if fails_at == 3:  # two for the prompt that exists, one for the new one, and no more
        registry.add_sources([(values + 1, manifest), (values + 1, other)], replace=True)
        assert len(done) == 3
    else:
        with pytest.raises(StorageError, match="nothing saved before was changed"):
            registry.add_sources([(values + 1, manifest), (values + 1, other)], replace=True)
        monkeypatch.undo()
        assert entries(home) == before
    assert verify(registry) == ()


def test_reserved_source_prompts_are_kept_from_other_processes(home, registry, manifest, values):
    """A bank trains for hours; its names must not be taken meanwhile."""
    code = (
        "import sys, time; from pathlib import Path; from crosspt_cli.registry import Registry\n"
        "with Registry.open(Path(sys.argv[1])).reserve_sources(['sst2', 'qqp'], 'tiny', False):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    other = start(code, home)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StorageError) as caught, registry.reserve_sources(["cola", "qqp"], "tiny", True):
            pass
        assert caught.value.problem.startswith(f"the source prompt 'tiny/qqp' is in use by process {other.pid}, since ")
    finally:
        other.kill()
        other.communicate()
    with registry.reserve_sources(["cola", "qqp"], "tiny", False):
        registry.add_source(values, manifest)
    with (
        pytest.raises(OptionError, match="'tiny/qqp' exists already"),
        registry.reserve_sources(["cola", "qqp"], "tiny", False),
    ):
        pass


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 300 kB, or skip."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def big_save(registry: Registry, replace: bool) -> None:
    registry.save_task("reviews", {"version": 9}, {}, {"study.json": "x" * 400_000}, replace)


def test_a_full_disk_changes_nothing(small_disk):
    """The old task stays, nothing half-written remains, and removing still works."""
    registry = Registry.open(small_disk / "home")
    registry.save_task("reviews", {"version": 1}, {}, {}, False)
    with pytest.raises(StorageError) as caught:
        big_save(registry, replace=True)
    assert str(caught.value) == (
        f"{small_disk}/home/tasks/reviews: cannot be written (No space left on device); "
        "nothing saved before was changed.\n"
        "Free some space, or point CROSSPT_HOME at a disk that has room."
    )
    assert registry.load_task("reviews").document == {"version": 1}
    assert verify(registry) == ()
    with pytest.raises(StorageError, match="No space left on device"):
        registry.ensure_writable()
    (small_disk / "fill").write_bytes(bytes(max(0, shutil.disk_usage(small_disk).free - 8192)))
    registry.remove("task", "reviews")
    assert registry.tasks() == ()


def test_a_file_size_limit_changes_nothing(home):
    """The same failure where no disk can be mounted: quotas and ulimits."""
    pytest.importorskip("resource")
    code = (
        "import resource, sys; from pathlib import Path; from crosspt_cli.registry import Registry\n"
        "registry = Registry.open(Path(sys.argv[1]))\n"
        "registry.save_task('reviews', {'version': 1}, {}, {}, False)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n    registry.save_task('reviews', {'version': 9}, {}, {'study.json': 'x' * 400_000}, True)\n"
        "except OSError as error:\n    print(type(error).__name__, error.problem)"
    )
    out = start(code, home).communicate()
    assert out == ("StorageError cannot be written (File too large); nothing saved before was changed.\n", "")
    assert Registry.open(home).load_task("reviews").document == {"version": 1}
    assert verify(Registry.open(home)) == ()


def test_a_read_only_registry_is_read_and_not_written(small_disk):
    """Shared registries are often mounted so."""
    registry = Registry.open(small_disk / "home")
    registry.save_task("reviews", {"version": 1}, {}, {}, False)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    attempts = [
        registry.ensure_writable,
        lambda: registry.save_task("other", {}, {}, {}, False),
        lambda: big_save(registry, replace=True),
        lambda: registry.remove("task", "reviews"),
    ]
    for attempt in attempts:
        with pytest.raises(StorageError, match=r"cannot be written \(Read-only file system\)"):
            attempt()
    assert registry.load_task("reviews").document == {"version": 1}
    assert verify(registry) == ()


def test_a_home_that_is_a_file_is_told_of(home, registry, save):
    """CROSSPT_HOME=notes.txt."""
    home.write_text("mine")
    for attempt in (registry.ensure_writable, save):
        with pytest.raises(StorageError, match=r"cannot be written"):
            attempt()
    with pytest.raises(StorageError, match=r"cannot be read \(Not a directory\)"):
        registry.tasks()
    assert home.read_text() == "mine"
