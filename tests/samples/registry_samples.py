"""The smallest backbone there can be, and the size of its prompts."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

P, H = 3, 4


def write_backbone(folder: Path, width: int = H, seed: int = 0) -> None:
    """Write the files of the smallest folder that has all a backbone needs."""
    values = np.random.default_rng(seed).normal(size=(5, width)).astype(np.float16)
    save_file({"shared.weight": values}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "t5", "d_model": width, "transformers_version": "5"}))
    (folder / "tokenizer.json").write_text('{"model": {}}')
