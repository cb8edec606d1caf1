"""Small real parts: a T5 made on the spot, and a registry of its own for every test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# on shapes this small more threads only wait for each other; torch reads this when it is first imported
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHIPPED = Path(__file__).parent.parent / "registry" / "backbones" / "mini"


@pytest.fixture(scope="session")
def mini() -> Path:
    """Return the folder of the embedded backbone."""
    return SHIPPED


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a random T5 of width 32 and the embedded backbone's tokenizer."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    folder = tmp_path_factory.mktemp("backbones") / "tiny"
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=20480, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_decoder_layers=2, num_heads=4,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(SHIPPED / name, folder / name)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty personal registry that everything in this test uses."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CROSSPT_HOME", str(folder))
    return folder
