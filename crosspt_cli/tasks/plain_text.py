"""Texts that spell a special token stay texts."""

from __future__ import annotations

import re

SPECIAL = re.compile(r"<(?=(pad|/s|unk|extra_id_\d+)>)")
"""Where a special token begins; every T5 and mT5 calls them so."""


def as_plain_text(text: str) -> str:
    """Return the text with a space in every special token, so that its characters are read and not its meaning.

    A tokenizer's own option for this is not enough: some find the token once more among the pieces of text.

    Example:
        >>> as_plain_text("a </s> b"), as_plain_text("a < b")
        ('a < /s> b', 'a < b')
    """
    return SPECIAL.sub("< ", text)
