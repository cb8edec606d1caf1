r"""``old=new,old=new`` on a command line: labels may themselves hold what divides them, after a backslash.

``\,`` ``\=`` and ``\\`` stand for the character alone; any other backslash is itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PIECE = re.compile(r"\\[,=\\]|.", re.DOTALL)
_ESCAPED = re.compile(r"\\([,=\\])")
_SPECIAL = re.compile(r"[,=\\]")


def read_list(text: str) -> list[str]:
    """Return what commas divide, without the spaces around; blank items stay blank."""
    return [_plain(part) for part in _divided(text, ",")]


def write_pairs(pairs: Mapping[str, str]) -> str:
    r"""Return a mapping as one value of an option, as `read_pairs` reads it.

    Example:
        >>> print(write_pairs({"MONEY, CARDS": "money", "2FA=on": "log-in"}))
        MONEY\, CARDS=money,2FA\=on=log-in
    """
    escaped = ((_SPECIAL.sub(r"\\\g<0>", old), _SPECIAL.sub(r"\\\g<0>", new)) for old, new in pairs.items())
    return ",".join(f"{old}={new}" for old, new in escaped)


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs in their order, without the spaces around; what is missing or blank is "".

    The first equals sign divides a pair; a later one is part of what comes after.
    """
    pairs = []
    for part in _divided(text, ","):
        old, *new = _divided(part, "=")
        pairs.append((_plain(old), _plain("=".join(new))))
    return pairs


def advised(flag: str, pairs: Mapping[str, str]) -> str:
    """Return an option with its value, to be pasted into a shell.

    Example:
        >>> advised("--label-map", {"Neg": "neg", "it's": "its"})
        '--label-map \\'Neg=neg,it\\'"\\'"\\'s=its\\''
    """
    # quoted also where the shell would not need it: the reader sees where the value ends
    return f"{flag} '" + write_pairs(pairs).replace("'", "'\"'\"'") + "'"


def _divided(text: str, mark: str) -> list[str]:
    """Return the parts between unescaped marks, still escaped."""
    parts: list[list[str]] = [[]]
    for piece in _PIECE.findall(text):
        if piece == mark:
            parts.append([])
        else:
            parts[-1].append(piece)
    return ["".join(part) for part in parts]


def _plain(part: str) -> str:
    return _ESCAPED.sub(r"\1", part).strip()
