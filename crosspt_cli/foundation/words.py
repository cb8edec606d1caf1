"""Counts, lists, names and near spellings, as sentences have them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence

SHOWN = 5  # how many lines, labels or columns of a long list a message shows
NAME_SHOWN = 80  # characters of a name, which may be a whole text by mistake


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with what it counts; `many` where that takes more than an s.

    Example:
        >>> counted(1, "row"), counted(1200, "row"), counted(2, "row is", "rows are")
        ('1 row', '1,200 rows', '2 rows are')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def joined(items: Iterable[object], shown: int | None = SHOWN) -> str:
    """Return a list as English, cut after `shown` items; None shows all.

    Example:
        >>> joined([3, 7, 9]), joined(range(1, 8))
        ('3, 7 and 9', '1, 2, 3, 4, 5 and 2 more')
    """
    words = [str(item) for item in items]
    if shown is not None and len(words) > shown:
        words = [*words[:shown], f"{len(words) - shown:,} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def listed(items: Sequence[str], shown: int) -> str:
    """Return a list as a table's cell has it, cut after `shown` items.

    Example:
        >>> listed(["a", "b"], 2), listed(["a", "b", "c"], 2)
        ('a, b', 'a, b and 1 more')
    """
    more = len(items) - shown
    return ", ".join(items[:shown]) + (f" and {more:,} more" if more > 0 else "")


def cut(text: str, most: int) -> str:
    """Return a text, or its first `most` characters and a mark that there are more."""
    return text if len(text) <= most else f"{text[:most]}…"


def quote(name: str) -> str:
    """Return a name in quotes, its end left out where it is a whole text."""
    return f"'{name[:NAME_SHOWN]}'"


def quoted(names: Iterable[str], shown: int = SHOWN) -> str:
    """Return names in quotes as an English list, cut after `shown` items."""
    return joined(map(quote, names), shown)


def named(what: str, names: Collection[str], shown: int = SHOWN) -> str:
    """Return names with what they are names of.

    Example:
        >>> named("column", ["a"]), named("column", ["a", "b"])
        ("column 'a'", "columns 'a' and 'b'")
    """
    return f"{what if len(names) == 1 else what + 's'} {quoted(names, shown)}"


def places(lines: Collection[int], unit: str = "line") -> str:
    """Return ``"line 3"`` or ``"lines 3, 7 and 9"``."""
    return f"{unit if len(lines) == 1 else unit + 's'} {joined(lines)}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is spelt most like `word`, or None when none is."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return close[0] if close else None


def with_nearest(word: str, known: Iterable[str], of: str = "") -> str:
    """Return an unknown word in quotes, and the nearest known one where there is one.

    Args:
        word: as it was typed.
        known: what it may be.
        of: what is said between the two, e.g. ``" for mini"``.

    Example:
        >>> with_nearest("reviws", ["reviews"]), with_nearest("x", ["reviews"])
        ("'reviws'; the nearest is 'reviews'", "'x'")
    """
    near = nearest(word, known)
    return f"{word!r}{of}; the nearest is {near!r}" if near else f"{word!r}{of}"


def problems_text(found: Sequence[tuple[str, str]]) -> str:
    """Return several problems as one: how many there are, and on a line each, where and what."""
    return f"{len(found)} problems." + "".join(f"\n  {where}: {problem}" for where, problem in found)
