"""Which backbone a folder holds: a digest of everything that changes what its numbers mean."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.files import sha256
from crosspt_cli.foundation.model_folder import COMPLETE, CONFIG, read_json, tokenizer_file, weight_files

# what the libraries rewrite on every save without changing the model
_VOLATILE_CONFIG = frozenset({"_name_or_path", "transformers_version", "dtype", "torch_dtype"})
_VOLATILE_TOKENIZER = frozenset(
    {
        "name_or_path",
        "transformers_version",
        "tokenizer_file",
        "special_tokens_map_file",
        "is_local",
        "local_files_only",
    }
)


def fingerprint_folder(path: Path) -> str:
    """Return the hex digest of a Hugging Face folder's weights, configuration and tokenizer.

    It reads every byte of the weights: 50 MB take a twentieth of a second, 1 GB a second or more on a warm disk.
    Two folders with equal weights in other files (re-sharded, converted to another format or precision) differ.
    Of the tokenizer files the first present of `tokenizer.json` and `spiece.model` counts, because a download may or
    may not bring the other; `generation_config.json` does not count, because nothing is generated.

    Args:
        path: the folder. Links are followed, because the hub's cache consists of them.

    Raises:
        IntegrityError: weights, configuration or tokenizer are missing or unreadable.
    """
    pieces = {file.name: sha256(file) for file in weight_files(path)}
    pieces[CONFIG] = _canonical(path / CONFIG, _VOLATILE_CONFIG)
    tokenizer = tokenizer_file(path)
    pieces[tokenizer.name] = sha256(tokenizer)
    if (path / "tokenizer_config.json").is_file():
        pieces["tokenizer_config.json"] = _canonical(path / "tokenizer_config.json", _VOLATILE_TOKENIZER)
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(pieces.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def backbone_width(path: Path) -> int:
    """Return H, the width of the input embeddings, from a folder's `config.json`.

    Raises:
        IntegrityError: the configuration is missing, unreadable, or not of the T5 family.
    """
    width = read_json(path / CONFIG).get("d_model")
    if not isinstance(width, int) or width < 1:
        raise IntegrityError(str(path / CONFIG), "there is no 'd_model', so this is not a T5.", COMPLETE)
    return width


def _canonical(path: Path, volatile: frozenset[str]) -> str:
    kept = {key: value for key, value in read_json(path).items() if key not in volatile}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
