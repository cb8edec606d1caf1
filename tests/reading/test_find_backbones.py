"""A backbone is a name, a folder or a hub id; without a network each still ends in a sentence or a backbone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crosspt_cli.foundation.errors import IntegrityError, NotFound
from crosspt_cli.reading.backbones import find_backbone, open_backbone
from crosspt_cli.registry import fingerprint_folder

OFFLINE = """
from pathlib import Path
from crosspt_cli.foundation.errors import NotFound
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.registry import Registry
registry = Registry.open()
found = open_backbone("org/tiny", registry, "cpu", "fp32")
print(found.name, found.fingerprint, found.width)
try:
    open_backbone("org/absent", registry)
except NotFound as error:
    print(error)
"""


def test_a_folder_is_a_backbone(bare, tiny_backbone):
    """Whatever saved it."""
    found = open_backbone(str(tiny_backbone), bare, "cpu", "fp32")
    assert (found.name, found.width) == (str(tiny_backbone), 32)
    assert found.fingerprint == fingerprint_folder(tiny_backbone)


def test_the_default_is_the_environments_then_the_embedded_one(bare, monkeypatch):
    """CROSSPT_BACKBONE."""
    monkeypatch.setenv("CROSSPT_BACKBONE", "tiny")
    assert open_backbone(None, bare, "cpu", "fp32").name == "tiny"
    monkeypatch.delenv("CROSSPT_BACKBONE")
    assert open_backbone(None, bare, "cpu", "fp32").name == "mini"


def test_hub_ids_work_from_the_cache_and_are_refused_without_one(home, tmp_path, tiny_backbone):
    """In a process of its own that may not use the network: nothing waits, nothing is asked."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    model = tmp_path / "hf" / "hub" / "models--org--tiny"
    shutil.copytree(tiny_backbone, model / "snapshots" / commit)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(commit)
    environment = os.environ | {
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        environment.pop(name, None)
    done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"org/tiny {fingerprint_folder(tiny_backbone)} 32",
        "backbone 'org/absent': is not in the local cache and could not be downloaded.",
        "Check the id and the network, or pass --backbone with a local folder; 'mini' needs neither.",
    ]


@pytest.mark.parametrize("name", ["tinny", "./absent", "/absent/folder", "~/absent", "a/b/c"])
def test_a_name_that_is_nothing_is_refused_with_the_names_there_are(name, bare):
    """And without asking the hub for it."""
    with pytest.raises(NotFound) as caught:
        find_backbone(name, bare)
    assert str(caught.value) == (
        f"backbone {name!r}: is no backbone of the registry, no folder and no hub id.\nKnown: mini, mini-fast, tiny."
    )


def test_corrupt_weights_in_a_folder_are_refused(bare, tmp_path, tiny_backbone):
    """A download that broke off."""
    folder = shutil.copytree(tiny_backbone, tmp_path / "broken")
    raw = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(IntegrityError) as caught:
        open_backbone(str(folder), bare, "cpu", "fp32")
    assert caught.value.where == str(folder / "model.safetensors")
    assert caught.value.problem.startswith("cannot be read as weights (")
    assert caught.value.problem.endswith(").")
    assert caught.value.hint == (
        "Download or copy the folder again; 'crosspt registry verify' checks the ones that ship with crosspt."
    )


def test_corrupt_weights_in_the_registry_are_refused_by_their_digest(bare, home):
    """One flipped bit loads and computes."""
    file = home / "backbones" / "tiny" / "model.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    with pytest.raises(IntegrityError) as caught:
        open_backbone("tiny", bare, "cpu", "fp32")
    assert caught.value.where == str(file)
    assert "sha256" in str(caught.value)


def test_a_folder_without_weights_is_refused(bare, tmp_path, tiny_backbone):
    """Half a download."""
    folder = shutil.copytree(tiny_backbone, tmp_path / "half")
    (folder / "model.safetensors").unlink()
    with pytest.raises(IntegrityError) as caught:
        open_backbone(str(folder), bare, "cpu", "fp32")
    assert str(caught.value) == (
        f"{folder}: there is no weights file (model.safetensors, model.safetensors.index.json, pytorch_model.bin, "
        "pytorch_model.bin.index.json).\n"
        "A backbone is a folder that transformers' save_pretrained wrote, model and tokenizer both."
    )
