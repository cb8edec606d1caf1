"""The fingerprint tells apart what is different, and only that."""

import json
import shutil
from pathlib import Path

import pytest
from registry_samples import write_backbone

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.paths import shipped
from crosspt_cli.registry import backbone_width, describe_backbone, fingerprint_folder, parse_backbone


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "small"
    path.mkdir()
    write_backbone(path)
    return path


def test_what_the_libraries_rewrite_does_not_count(folder):
    """A folder loaded and saved again by another transformers is the same backbone."""
    before = fingerprint_folder(folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"transformers_version": "6", "_name_or_path": "/x", "torch_dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(dict(reversed(config.items())), indent=4))
    (folder / "generation_config.json").write_text("{}")
    (folder / "README.md").write_text("hello")
    assert fingerprint_folder(folder) == before


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_weights_configuration_and_tokenizer_count(folder, name):
    """A prompt over another tokenizer or other weights means something else."""
    (folder / "tokenizer_config.json").write_text('{"pad_token": "<pad>"}')
    before = fingerprint_folder(folder)
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw.replace(b"{", b'{"added": 1, ', 1) if name.endswith("json") else raw[:-1] + b"!")
    assert fingerprint_folder(folder) != before


def test_sharded_and_pickled_weights_are_hashed_as_files(folder):
    """Large and old checkpoints have a fingerprint too; nothing is unpickled for it."""
    single = fingerprint_folder(folder)
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    index = {"weight_map": {"x": "a.safetensors", "y": "a.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    sharded = fingerprint_folder(folder)
    (folder / "model.safetensors.index.json").unlink()
    (folder / "a.safetensors").rename(folder / "pytorch_model.bin")
    assert len({single, sharded, fingerprint_folder(folder)}) == 3


def test_links_of_the_hub_cache_are_followed(folder, tmp_path):
    """The hub's cache consists of links."""
    linked = tmp_path / "snapshot"
    linked.mkdir()
    for path in folder.iterdir():
        (linked / path.name).symlink_to(path)
    assert fingerprint_folder(linked) == fingerprint_folder(folder)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("model.safetensors", "there is no weights file (model.safetensors, model.safetensors.index.json, "),
        ("config.json", "there is no config.json."),
        ("tokenizer.json", "there is no tokenizer file (tokenizer.json, spiece.model)."),
    ],
)
def test_an_incomplete_folder_is_refused(folder, name, problem):
    """Half a backbone must be told of before anything is trained on it."""
    (folder / name).unlink()
    with pytest.raises(IntegrityError) as caught:
        fingerprint_folder(folder)
    assert caught.value.where == str(folder)
    assert caught.value.problem.startswith(problem)


def test_a_missing_shard_is_refused(folder):
    """An interrupted download of a large checkpoint looks like this."""
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"x": "a.safetensors", "y": "../b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(IntegrityError, match="2 of 2 weight files are missing"):
        fingerprint_folder(folder)


def test_a_model_that_is_no_t5_has_no_width(folder):
    """BERT and its like have no `d_model`."""
    (folder / "config.json").write_text('{"hidden_size": 768}')
    with pytest.raises(IntegrityError, match="there is no 'd_model', so this is not a T5"):
        backbone_width(folder)


def test_a_backbone_copied_by_hand_gets_its_manifest(folder, home, registry):
    """The documented way to add one without a program."""
    target = home / "backbones" / "small"
    shutil.copytree(folder, target)
    written = describe_backbone(target, about="Mine.", licence="MIT")
    assert registry.intact_backbone("small").manifest == written


def test_the_shipped_backbone_is_what_its_manifest_says():
    """Every shipped prompt is keyed by this fingerprint."""
    folder = shipped("registry") / "backbones" / "mini"
    manifest = parse_backbone(folder / "manifest.yaml", (folder / "manifest.yaml").read_bytes())
    assert (manifest.name, manifest.width, manifest.fingerprint) == ("mini", 416, fingerprint_folder(folder))
