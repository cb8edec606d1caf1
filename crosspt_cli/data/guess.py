"""Which encoding bytes are in that are not UTF-8, guessed among those that tables come in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

ENCODINGS = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "mac_roman": "Mac Roman",
    "cp932": "Shift JIS",
    "gb18030": "GB 18030",
    "cp949": "Korean",
    "big5": "Big5",
    "euc_jp": "EUC-JP",
    "koi8_r": "KOI8-R",
    "iso8859_2": "ISO 8859-2",
    "cp866": "DOS Cyrillic",
    "cp850": "DOS Latin",
    "iso8859_5": "ISO 8859-5",
    "mac_cyrillic": "Mac Cyrillic",
}
"""Codec → its name, the commoner first: it is taken among those that fit equally well."""
HIGH_BYTES = bytes(range(128, 256))
AS_GOOD = 0.02  # scores that differ by less say nothing
MESSIEST = 0.3  # of what is a text at all
LANGUAGE = 0.2  # how much a known language's letters count against disorder
HIGH = re.compile(r"(?P<before>.?)(?P<it>[^\x00-\x7f])(?=(?P<after>.?))", re.DOTALL)
IN_WORDS = "’‘·‐‑‒–—―"
FIRST_SYLLABLE = "\u1100"  # from here on are scripts that stand beside Latin letters without a space


def guess_encodings(sample: bytes) -> tuple[str, ...]:
    """Return the encodings that the bytes may be in, the likeliest first; the same for the same bytes.

    Args:
        sample: lines that have other bytes than ASCII; the more of them, the surer the guess.

    Example:
        >>> guess_encodings("Телефон сломался через два дня".encode("cp1251"))[0]
        'cp1251'
    """
    from charset_normalizer import from_bytes  # inside: only who has such a file waits for it

    found = from_bytes(
        sample, cp_isolation=list(ENCODINGS), threshold=MESSIEST, preemptive_behaviour=False, enable_fallback=False
    )
    scores = {codec: _disorder(match) for match in found for codec in match.could_be_from_charset if codec in ENCODINGS}
    # few bytes tell little: then the commoner encoding is the better guess
    high = len(sample) - len(sample.translate(None, HIGH_BYTES))
    little = AS_GOOD + 1 / max(1, high) ** 2
    least = min(scores.values(), default=0.0) + little
    order = list(ENCODINGS)
    return tuple(sorted(scores, key=lambda codec: (max(scores[codec], least), order.index(codec))))


def _disorder(match: CharsetMatch) -> float:
    """Return how unlike a text the bytes look so; what the library overlooks is what does not stand within a word."""
    found = list(HIGH.finditer(str(match)))
    odd = sum(_is_odd(each["before"], each["it"], each["after"]) for each in found)
    return match.chaos + odd / max(1, len(found)) - LANGUAGE * match.coherence


def _is_odd(before: str, it: str, after: str) -> bool:
    """Whether a character cannot stand there: a sign between letters, a foreign letter in a Latin word, a capital."""
    if not before.isalpha() or it in IN_WORDS:
        return False
    if not it.isalpha():
        return after.isalpha()
    if before.isascii() and not unicodedata.name(it, "").startswith("LATIN"):
        return it < FIRST_SYLLABLE or (after.isascii() and after.isalpha())
    return before.islower() and it.isupper()


def high_lines(lines: Iterable[bytes], most: int) -> bytes:
    """Return the lines that have other bytes than ASCII, up to about `most` bytes of them."""
    kept, size = [], 0
    for line in lines:
        if not line.isascii():
            kept.append(line)
            size += len(line)
        if size >= most:
            break
    return b"".join(kept)
