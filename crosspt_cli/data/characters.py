"""Characters of which only a half is there: no encoding can write them, and no tokenizer can read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crosspt_cli.foundation.errors import DataError

SURROGATE = re.compile("[\ud800-\udfff]")


def check_characters(texts: Iterable[str], where: str) -> None:
    r"""Return if every character is whole.

    JSON's ``"\ud83d"`` without its second half is such a one, and a byte of a command line that is not UTF-8.

    Raises:
        DataError: one is not.
    """
    for text in texts:
        if found := SURROGATE.search(text):
            problem = f"has half a character (\\u{ord(found[0]):04x}), which no encoding can write."
            raise DataError(where, problem, "Write the whole character, or leave it out.")
