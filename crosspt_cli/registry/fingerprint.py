"""Which backbone a folder holds: a digest of everything that changes what its numbers mean."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.files import sha256

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
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_TOKENIZERS = ("tokenizer.json", "spiece.model")
_COMPLETE = "A backbone is a folder that transformers' save_pretrained wrote, model and tokenizer both."


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
    pieces["config.json"] = _canonical(path / "config.json", _VOLATILE_CONFIG)
    tokenizer = _first_of(path, _TOKENIZERS, "tokenizer")
    pieces[tokenizer.name] = sha256(tokenizer)
    if (path / "tokenizer_config.json").is_file():
        pieces["tokenizer_config.json"] = _canonical(path / "tokenizer_config.json", _VOLATILE_TOKENIZER)
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(pieces.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def weight_files(path: Path) -> tuple[Path, ...]:
    """Return the files that hold a folder's weights: one, or the shards its index names.

    Raises:
        IntegrityError: there are none, or a shard is missing.
    """
    first = _first_of(path, _WEIGHTS, "weights")
    if first.suffix != ".json":
        return (first,)
    try:
        shards = sorted(set(read_json(first)["weight_map"].values()))
    except (KeyError, AttributeError, TypeError) as error:
        raise IntegrityError(str(first), "this is not an index of weight files.", _COMPLETE) from error
    missing = [name for name in shards if Path(name).name != name or not (path / name).is_file()]
    if missing:
        raise IntegrityError(
            str(path), f"{len(missing)} of {len(shards)} weight files are missing: {missing[0]}.", _COMPLETE
        )
    return tuple(path / name for name in shards)


def backbone_width(path: Path) -> int:
    """Return H, the width of the input embeddings, from a folder's `config.json`.

    Raises:
        IntegrityError: the configuration is missing, unreadable, or not of the T5 family.
    """
    width = read_json(path / "config.json").get("d_model")
    if not isinstance(width, int) or width < 1:
        raise IntegrityError(str(path / "config.json"), "there is no 'd_model', so this is not a T5.", _COMPLETE)
    return width


def read_json(path: Path) -> dict:
    """Return the object a JSON file holds.

    Raises:
        IntegrityError: it is missing, unreadable, or no object.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise IntegrityError(str(path.parent), f"there is no {path.name}.", _COMPLETE) from error
    except (ValueError, RecursionError) as error:
        raise IntegrityError(str(path), "this is not readable as JSON.", _COMPLETE) from error
    if not isinstance(value, dict):
        raise IntegrityError(str(path), "this must be a JSON object.", _COMPLETE)
    return value


def _canonical(path: Path, volatile: frozenset[str]) -> str:
    kept = {key: value for key, value in read_json(path).items() if key not in volatile}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _first_of(path: Path, names: tuple[str, ...], what: str) -> Path:
    for name in names:
        if (path / name).is_file():
            return path / name
    raise IntegrityError(str(path), f"there is no {what} file ({', '.join(names)}).", _COMPLETE)
