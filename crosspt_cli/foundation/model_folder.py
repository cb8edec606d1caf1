"""Which files of a Hugging Face folder hold a model's weights and its tokenizer, and what its JSON files say."""

from __future__ import annotations

import json
from pathlib import Path

from crosspt_cli.foundation.errors import IntegrityError

CONFIG = "config.json"
TOKENIZER_JSON, SENTENCEPIECE = "tokenizer.json", "spiece.model"
COMPLETE = "A backbone is a folder that transformers' save_pretrained wrote, model and tokenizer both."
RELOAD = "Download or copy the folder again; 'crosspt registry verify' checks the ones that ship with crosspt."
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")


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
        raise IntegrityError(str(first), "this is not an index of weight files.", COMPLETE) from error
    missing = [name for name in shards if Path(name).name != name or not (path / name).is_file()]
    if missing:
        raise IntegrityError(
            str(path), f"{len(missing)} of {len(shards)} weight files are missing: {missing[0]}.", COMPLETE
        )
    return tuple(path / name for name in shards)


def tokenizer_file(path: Path) -> Path:
    """Return the file that holds a folder's tokenizer; of two, `tokenizer.json`.

    Raises:
        IntegrityError: there is none.
    """
    return _first_of(path, (TOKENIZER_JSON, SENTENCEPIECE), "tokenizer")


def read_json(path: Path) -> dict:
    """Return the object a JSON file holds.

    Raises:
        IntegrityError: it is missing, unreadable, or no object.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise IntegrityError(str(path.parent), f"there is no {path.name}.", COMPLETE) from error
    except (ValueError, RecursionError) as error:
        raise IntegrityError(str(path), "this is not readable as JSON.", COMPLETE) from error
    if not isinstance(value, dict):
        raise IntegrityError(str(path), "this must be a JSON object.", COMPLETE)
    return value


def _first_of(path: Path, names: tuple[str, ...], what: str) -> Path:
    for name in names:
        if (path / name).is_file():
            return path / name
    raise IntegrityError(str(path), f"there is no {what} file ({', '.join(names)}).", COMPLETE)
