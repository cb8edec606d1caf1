"""The word pieces worth keeping of the teacher's vocabulary, as a T5 tokenizer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

PAD, END, UNKNOWN = 0, 1, 2
SPECIAL = ("<pad>", "</s>", "<unk>")
SENTINELS = 32


def count_pieces(teacher: Tokenizer, texts: Iterable[str]) -> Counter[int]:
    """Return how often each of the teacher's word pieces occurs in `texts`."""
    counts: Counter[int] = Counter()
    teacher.no_truncation()
    teacher.no_padding()
    for encoding in teacher.encode_batch_fast(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    return counts


def choose_pieces(teacher: Tokenizer, counts: Counter[int], size: int) -> list[int]:
    """Return the teacher's ids of the pieces to keep, most frequent first.

    Single characters come before everything else, so that every word of characters that occur can be spelled.

    Args:
        teacher: the teacher's tokenizer.
        counts: of its pieces in the training texts.
        size: of the vocabulary to make, special tokens and sentinels included.
    """
    letters = {letter for number in counts for letter in teacher.id_to_token(number).removeprefix("##")}
    spelled = [number for piece, number in teacher.get_vocab().items() if piece.removeprefix("##") in letters]
    ranked = [number for number, _ in counts.most_common() if not teacher.id_to_token(number).startswith("[")]
    kept = list(dict.fromkeys([*sorted(spelled, key=lambda n: -counts[n]), *ranked]))
    kept = kept[: size - len(SPECIAL) - SENTINELS]
    return sorted(kept, key=lambda number: -counts[number])


def pieces_of(tokenizer, teacher: Tokenizer) -> list[int]:
    """Return the teacher's ids of the pieces that an earlier `make_tokenizer` kept, in that vocabulary's order.

    Raises:
        ValueError: a piece is not one of the teacher's.
    """
    pieces = tokenizer.convert_ids_to_tokens(list(range(len(SPECIAL), len(tokenizer) - SENTINELS)))
    ids = [teacher.token_to_id(piece) for piece in pieces]
    if None in ids:
        raise ValueError(f"{pieces[ids.index(None)]!r} is no word piece of the teacher")
    return ids


def make_tokenizer(teacher: Tokenizer, kept: list[int]) -> dict:
    """Return the `tokenizer.json` of a T5: the kept pieces between three special tokens and the sentinels."""
    pieces = [*SPECIAL, *(teacher.id_to_token(number) for number in kept)]
    pieces += [sentinel(number) for number in reversed(range(SENTINELS))]
    document = json.loads(teacher.to_str())
    document["model"]["vocab"] = {piece: number for number, piece in enumerate(pieces)}
    document["model"]["unk_token"] = SPECIAL[UNKNOWN]
    special = [*range(len(SPECIAL)), *range(len(pieces) - SENTINELS, len(pieces))]
    document["added_tokens"] = [_added(number, pieces[number]) for number in special]
    end = {"SpecialToken": {"id": SPECIAL[END], "type_id": 0}}
    first, second = ({"Sequence": {"id": letter, "type_id": 0}} for letter in "AB")
    document["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [first, end],
        "pair": [first, end, second, end],
        "special_tokens": {SPECIAL[END]: {"id": SPECIAL[END], "ids": [END], "tokens": [SPECIAL[END]]}},
    }
    return document


def save_tokenizer(document: dict, folder: Path) -> None:
    """Write a tokenizer that `AutoTokenizer.from_pretrained` loads."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(document)),
        pad_token=SPECIAL[PAD],
        eos_token=SPECIAL[END],
        unk_token=SPECIAL[UNKNOWN],
        extra_special_tokens=[sentinel(number) for number in range(SENTINELS)],
        model_max_length=512,
    )
    tokenizer.save_pretrained(folder)


def sentinel(number: int) -> str:
    """Return the mark of the `number`th span that was taken out of a text."""
    return f"<extra_id_{number}>"


def teacher_ids(teacher: Tokenizer, kept: list[int]) -> np.ndarray:
    """Return the teacher's id for every entry of the new vocabulary, [V] int64, so that both read the same tokens."""
    unknown, padding = (teacher.token_to_id(piece) for piece in ("[UNK]", "[PAD]"))
    return np.array([padding, _mark(teacher, "</s>", "[SEP]"), unknown, *kept, *([unknown] * SENTINELS)], np.int64)


def first_id(teacher: Tokenizer) -> int:
    """Return the teacher's id that begins every text: `<s>` where it has one (MPNet), else `[CLS]` (BERT)."""
    return _mark(teacher, "<s>", "[CLS]")


def _mark(teacher: Tokenizer, *pieces: str) -> int:
    """Return the id of the first of these pieces that the teacher has."""
    return next(number for piece in pieces if (number := teacher.token_to_id(piece)) is not None)


def _added(number: int, piece: str) -> dict:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": piece, **flags, "special": True}
