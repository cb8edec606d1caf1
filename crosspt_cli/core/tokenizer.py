"""A backbone's tokenizer, read from its folder; where that has a `tokenizer.json`, without torch and transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.model_folder import RELOAD, SENTENCEPIECE, TOKENIZER_JSON
from crosspt_cli.foundation.optional import require_hub_extra
from crosspt_cli.tasks import Tokenize
from crosspt_cli.tasks.plain_text import as_plain_text

UNKNOWN, END, PIECE = "<unk>", "</s>", "▁"  # every T5 and mT5 calls them so


@dataclass(frozen=True)
class Tokenizer:
    """What turns text into the backbone's token ids.

    Args:
        tokenize: text → token ids, however many; no end token, and none of a special token.
        pieces: token ids → the pieces of text they stand for.
        unknown: id of the unknown token, if there is one.
        end: id of the end-of-sequence token.
        piece: id of the mark before a word, which some tokenizers put before unknown words too, if there is one.
        backbone: what the person calls the one whose tokenizer it is.
    """

    tokenize: Tokenize
    pieces: Callable[[Sequence[int]], list[str]]
    unknown: int | None
    end: int
    piece: int | None
    backbone: str


def read_tokenizer(folder: Path, backbone: str) -> Tokenizer:
    """Return the tokenizer in a Hugging Face folder, without asking any network.

    Args:
        folder: of the backbone.
        backbone: what the person calls it.

    Raises:
        NotInstalled: it is an older one without `tokenizer.json`, and what reads those is missing.
        IntegrityError: its files are damaged or missing.
    """
    file = folder / TOKENIZER_JSON
    return _from_json(file, backbone) if file.is_file() else _from_sentencepiece(folder, backbone)


def _from_json(file: Path, backbone: str) -> Tokenizer:
    import tokenizers

    try:
        found = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise IntegrityError(str(file), "is damaged: it holds no tokenizer.", RELOAD) from error
    found.no_truncation()  # some folders were saved with the lengths of somebody's training
    found.no_padding()
    return Tokenizer(
        tokenize=lambda text: found.encode(as_plain_text(text), add_special_tokens=False).ids,
        pieces=lambda ids: [cast(str, found.id_to_token(token)) for token in ids],  # every id is one of its own
        unknown=found.token_to_id(UNKNOWN),
        end=cast(int, found.token_to_id(END)),  # every T5 has it
        piece=found.token_to_id(PIECE),
        backbone=backbone,
    )


def _from_sentencepiece(folder: Path, backbone: str) -> Tokenizer:
    """Return the tokenizer of a folder that has only `spiece.model`.

    Only transformers turns such a model into a tokenizer with T5's special tokens; importing it takes seconds.
    """
    if (folder / SENTENCEPIECE).is_file():
        require_hub_extra(str(folder), "a tokenizer without tokenizer.json", "sentencepiece", "google.protobuf")
    import transformers

    transformers.utils.logging.set_verbosity_error()
    try:
        # its annotations are wrong about what comes back for a list
        found: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the library raises anything; all of it means that the files are bad
        problem = f"its tokenizer cannot be loaded ({type(error).__name__})."
        raise IntegrityError(str(folder), problem, RELOAD) from error
    piece = found.convert_tokens_to_ids(PIECE)
    return Tokenizer(
        tokenize=lambda text: found(as_plain_text(text), add_special_tokens=False, verbose=False)["input_ids"],
        pieces=lambda ids: found.convert_ids_to_tokens(list(ids)),
        unknown=found.unk_token_id,
        end=found.eos_token_id,
        piece=None if piece == found.unk_token_id else piece,
        backbone=backbone,
    )
