"""A backbone's tokenizer without the backbone: what can be told of texts and label words before torch is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.reading.backbones import default_backbone, find_backbone
from crosspt_cli.registry import Registry
from crosspt_cli.tasks import Tokenize
from crosspt_cli.tasks.plain_text import as_plain_text

UNKNOWN, END, PIECE = "<unk>", "</s>", "▁"  # every T5 and mT5 calls them so


@dataclass(frozen=True)
class Tokenizer:
    """What turns text into the backbone's token ids.

    Args:
        tokenize: text → token ids, no special tokens.
        pieces: token ids → the pieces of text they stand for.
        unknown: id of the unknown token, if there is one.
        end: id of the end-of-sequence token.
        piece: id of the mark before a word, which some tokenizers put before unknown words too, if there is one.
        backbone: whose tokenizer it is.
    """

    tokenize: Tokenize
    pieces: Callable[[Sequence[int]], list[str]]
    unknown: int | None
    end: int
    piece: int | None = None
    backbone: str = ""


def piece_of(tokenizer: Any) -> int | None:
    """Return a Hugging Face tokenizer's id of the mark before a word, if it has such a token."""
    found = tokenizer.convert_tokens_to_ids(PIECE)
    return None if found == tokenizer.unk_token_id else found


def open_tokenizer(name: str | None, registry: Registry) -> Tokenizer:
    """Return the tokenizer of a backbone, found as `open_backbone` finds it, without loading any weights.

    Raises:
        NotFound: there is no such backbone.
        IntegrityError: its files are damaged or missing.
    """
    name = name or default_backbone()
    folder = find_backbone(name, registry)[0]
    file = folder / "tokenizer.json"
    found = _from_json(file) if file.is_file() else _from_transformers(folder)
    return replace(found, backbone=name)


def _from_json(file: Path) -> Tokenizer:
    import tokenizers

    try:
        found = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        hint = "Download or copy the folder again; 'crosspt registry verify' checks the ones that ship with crosspt."
        raise IntegrityError(str(file), "is damaged: it holds no tokenizer.", hint) from error
    found.no_truncation()  # some folders were saved with the lengths of somebody's training
    found.no_padding()
    return Tokenizer(
        tokenize=lambda text: found.encode(as_plain_text(text), add_special_tokens=False).ids,
        pieces=lambda ids: [cast(str, found.id_to_token(token)) for token in ids],  # every id is one of its own
        unknown=found.token_to_id(UNKNOWN),
        end=cast(int, found.token_to_id(END)),  # every T5 has it
        piece=found.token_to_id(PIECE),
    )


def _from_transformers(folder: Path) -> Tokenizer:
    """Return the tokenizer of a folder that has only `spiece.model`; its reader needs torch and takes seconds."""
    from crosspt_cli.core.backbone import load_tokenizer

    found = load_tokenizer(folder)
    return Tokenizer(
        tokenize=lambda text: found.encode(as_plain_text(text), add_special_tokens=False),
        pieces=lambda ids: found.convert_ids_to_tokens(list(ids)),
        unknown=found.unk_token_id,
        end=found.eos_token_id,
        piece=piece_of(found),
    )
