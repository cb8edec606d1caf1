"""Whatever happens to the files, loading refuses them and verifying names them."""

import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import save as safetensors_bytes
from safetensors.numpy import save_file

from crosspt_cli.foundation.errors import IntegrityError, NotFound
from crosspt_cli.foundation.files import previous, sha256
from crosspt_cli.registry import verify
from crosspt_cli.registry.arrays import parse_arrays, read_header


@pytest.fixture
def task(save, home):
    """The folder of a saved task."""
    save()
    return home / "tasks" / "reviews"


@pytest.fixture
def source(registry, manifest, values):
    """The folder of a saved source prompt."""
    return registry.add_source(values, manifest).path


def problems(registry, name=None):
    return [finding.problem for finding in verify(registry, name)]


def foreign(source, arrays):
    """Replace a prompt by another safetensors file, and its digest with it."""
    path, manifest = source / "prompt.safetensors", source / "manifest.yaml"
    before = sha256(path)
    save_file(arrays, path)
    manifest.write_text(manifest.read_text().replace(before, sha256(path)))


def test_an_intact_registry_has_no_findings(registry, task, source):
    """The shipped layer is checked with it."""
    assert verify(registry) == ()


@pytest.mark.parametrize("name", ["task.safetensors", "study.json"])
def test_a_flipped_byte_is_found(registry, task, name):
    """Disks and copies do this in silence."""
    raw = bytearray((task / name).read_bytes())
    raw[-1] ^= 1
    (task / name).write_bytes(raw)
    with pytest.raises(IntegrityError) as caught:
        registry.load_task("reviews")
    assert caught.value.where == str(task / name)
    assert caught.value.problem.startswith("its sha256 is ")
    assert problems(registry, "reviews") == [caught.value.problem]


@pytest.mark.parametrize("keep", [0, 4, 8, 50, -1])
def test_a_truncated_safetensors_file_is_found(registry, source, tiny, keep):
    """An interrupted copy."""
    path = source / "prompt.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(IntegrityError):
        registry.load_source("qqp", tiny)
    with pytest.raises(IntegrityError):
        read_header(path)
    assert len(problems(registry, "qqp")) == 1


def test_every_damaged_file_is_named(registry, task):
    """One run of verify should be enough."""
    (task / "study.json").unlink()
    (task / "task.safetensors").write_bytes(b"x")
    (task / "notes.txt").write_text("mine")
    found = problems(registry, "reviews")
    assert len(found) == 3
    assert "the manifest does not name this file." in found
    assert "the file study.json is missing." in found


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"prompt": np.ones((3, 4), np.float16)}, "array 'prompt' is F16, and crosspt keeps F32 only."),
        ({"soft": np.ones((3, 4), np.float32)}, "holds ['soft'], and must hold 'prompt' only."),
        ({"prompt": np.ones((4, 3), np.float32)}, "the prompt is [4, 3], and the manifest says [3, 4]."),
        ({"prompt": np.full((3, 4), np.nan, np.float32)}, "12 of 12 values of 'prompt' are not finite."),
    ],
)
def test_a_foreign_prompt_is_refused(registry, source, tiny, arrays, problem):
    """Prompts from other programs have other names, types and shapes."""
    foreign(source, arrays)
    with pytest.raises(IntegrityError) as caught:
        registry.load_source("qqp", tiny)
    assert (caught.value.where, caught.value.problem) == (str(source / "prompt.safetensors"), problem)
    assert problems(registry, "tiny/qqp") == [problem]


def test_a_bf16_array_is_refused_by_its_header(tmp_path):
    """numpy has no bf16 and would fail somewhere else."""
    header = json.dumps({"prompt": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    raw = len(header).to_bytes(8, "little") + header + bytes(4)
    with pytest.raises(IntegrityError, match="array 'prompt' is BF16, and crosspt keeps F32 only"):
        parse_arrays(tmp_path, raw)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F32", "shape": [1]},
        [],
    ],
)
def test_a_header_that_does_not_fit_its_values_is_refused(tmp_path, entry):
    """A header is a claim; the bytes decide."""
    header = json.dumps({"prompt": entry}).encode()
    with pytest.raises(IntegrityError, match="the header of this safetensors file is damaged"):
        parse_arrays(tmp_path, len(header).to_bytes(8, "little") + header + bytes(4))


def test_values_after_the_last_array_are_refused(tmp_path):
    """Two files run together."""
    raw = safetensors_bytes({"prompt": np.ones(3, np.float32)}) + b"tail"
    with pytest.raises(IntegrityError, match="has 16 bytes of values, and its header says 12"):
        parse_arrays(tmp_path, raw)


def test_a_task_from_the_future_is_refused(registry, task):
    """Its arrays may mean something else."""
    path = task / "task.yaml"
    path.write_text(path.read_text().replace("format_version: 1", "format_version: 3"))
    with pytest.raises(IntegrityError) as caught:
        registry.load_task("reviews")
    assert str(caught.value) == (
        f"{path}: was written by a newer crosspt (format 3; this one reads 2).\npip install -U crosspt"
    )


def test_a_symlink_in_an_entry_is_refused(registry, task, tmp_path):
    """A link may point anywhere, and breaks when copied."""
    (task / "study.json").rename(tmp_path / "study.json")
    (task / "study.json").symlink_to(tmp_path / "study.json")
    with pytest.raises(IntegrityError) as caught:
        registry.load_task("reviews")
    assert (caught.value.where, caught.value.problem) == (
        str(task / "study.json"),
        "this is a symlink, and none is followed.",
    )
    assert problems(registry, "reviews") == [caught.value.problem]


def test_an_entry_that_is_a_symlink_is_refused(registry, task, tmp_path):
    """The whole folder as much as a file in it."""
    shutil.move(task, tmp_path / "reviews")
    task.symlink_to(tmp_path / "reviews")
    with pytest.raises(IntegrityError, match="this is a symlink"):
        registry.load_task("reviews")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no named pipes")
def test_a_pipe_in_place_of_a_file_is_refused(registry, task):
    """Opening one would wait forever."""
    (task / "study.json").unlink()
    os.mkfifo(task / "study.json")
    with pytest.raises(IntegrityError, match="this is no regular file"):
        registry.load_task("reviews")
    assert problems(registry, "reviews") == ["this is no regular file, and nothing else is read."]


def test_a_folder_without_a_manifest_is_found(registry, home):
    """Something was put there by hand, half."""
    (home / "tasks" / "empty").mkdir(parents=True)
    assert problems(registry, "empty") == ["the file task.yaml is missing."]


def test_a_folder_under_another_name_is_found(registry, source):
    """A renamed prompt keeps its old name in the manifest."""
    shutil.copytree(source, source.parent / "renamed")
    assert problems(registry, "renamed") == ["the manifest is that of 'qqp', and the folder is called 'renamed'."]


def test_a_changed_backbone_is_found(registry, tiny, home):
    """Its digests and its fingerprint both guard it."""
    folder = home / "backbones" / "tiny"
    path = folder / "config.json"
    before = sha256(path)
    path.write_text(path.read_text().replace("t5", "mt5"))
    with pytest.raises(IntegrityError, match=r"its sha256 is .* the file was changed or damaged"):
        registry.intact_backbone("tiny")
    manifest = folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace(before, sha256(path)))
    assert "prompts made for it would not fit" in problems(registry, "tiny")[0]


def test_what_lies_between_the_entries_is_found(registry, task, home):
    """Strays are bad, what a killed write left is not."""
    (home / "tasks" / "notes.txt").write_text("mine")
    (home / "tasks" / ".reviews.new-0123").mkdir()
    (home / "tasks" / ".reviews.old").mkdir()
    (home / "tasks" / ".DS_Store").write_text("")
    found = [(finding.bad, finding.where, finding.problem) for finding in verify(registry)]
    left = "a write in progress, or one that was killed, left this; no reader looks at it."
    assert found == [
        (False, str(home / "tasks" / ".reviews.new-0123"), left),
        (False, str(home / "tasks" / ".reviews.old"), left),
        (True, str(home / "tasks" / "notes.txt"), "this is no entry of the registry."),
    ]


def test_an_entry_set_aside_by_a_killed_write_is_still_there(registry, save, task):
    """Between its two renames a replacement has the old folder under a hidden name."""
    task.rename(previous(task))
    assert registry.load_task("reviews").document["version"] == 1
    assert [entry.name for entry in registry.tasks()] == ["reviews"]
    assert [(finding.bad, finding.problem) for finding in verify(registry)] == [
        (False, "a write was killed in its last step; this holds 'reviews' and is read in its place.")
    ]
    save(2, replace=True)
    assert verify(registry) == ()
    assert registry.load_task("reviews").document["version"] == 2


def test_an_entry_set_aside_can_be_removed(registry, task):
    """Or the name could never be freed."""
    task.rename(previous(task))
    registry.remove("task", "reviews")
    assert registry.tasks() == ()
    assert list(task.parent.iterdir()) == []


def test_verifying_an_unknown_name_says_so(registry, task):
    """No findings would read as all well."""
    with pytest.raises(NotFound, match="no entry named 'reviws'; the nearest is 'reviews'"):
        verify(registry, "reviws")
