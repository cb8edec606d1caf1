"""Labels that look the same, labels that are spellings of one another, and cells that hold several labels."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

# cannot be seen: soft hyphen, zero-width space, direction marks, word joiner, byte order mark
UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
JOINERS = "\u200c\u200d"  # part of how some languages and emoji are written, but not at an end
SEPARATORS = (";", "|", ",")
SURE_SEPARATORS = (";", "|")  # a comma is part of many a label's name
IN_SEVERAL = 2  # labels in which each part stands, where parts are no classes themselves
FEWEST_SEVERAL = 3
ENDS = " .,:;!?'\"`"


def plain_label(cell: str) -> str:
    """Return a label as it is seen: no characters without width, one kind of space, composed letters; case stays.

    Example:
        >>> plain_label(" not\\u00a0 spam\\u200b"), plain_label("cafe\\u0301")
        ('not spam', 'café')
    """
    seen = " ".join(UNSEEN.sub("", unicodedata.normalize("NFC", cell)).split())
    return seen.strip(JOINERS).strip()


def similar_groups(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return the labels that are probably spellings of one another, the one to keep first.

    These differ in case, in how a number is written, in spaces, dashes and the like, or in marks at an end. The one to
    keep has the most rows; of equals the shortest, and then the one with the most small letters.

    Args:
        counts: label → rows.

    Example:
        >>> similar_groups({"1": 5, "1.0": 2, "0": 4, "Late": 1, "late": 1})
        [('1', '1.0'), ('late', 'Late')]
    """
    groups: dict[object, list[str]] = defaultdict(list)
    for label in counts:
        groups[_skeleton(label)].append(label)
    best = {label: (-counts[label], len(label), [-ord(letter) for letter in label]) for label in counts}
    return [tuple(sorted(group, key=best.__getitem__)) for group in groups.values() if len(group) > 1]


def _skeleton(label: str) -> object:
    """Return what spellings of one label share."""
    folded = unicodedata.normalize("NFKC", label).replace("\ufe0f", "").casefold()
    try:
        number = Decimal(folded)
        return number if number.is_finite() else folded
    except InvalidOperation:
        pass
    words = re.sub(r"[\s_\-\u2010-\u2015/]+", " ", folded).strip(ENDS)
    return words or folded


def how_they_differ(groups: Iterable[tuple[str, ...]]) -> str:
    """Return in what the labels of each group differ, as far as it is the same for all."""
    labels = [(first, other) for first, *others in groups for other in others]
    if all(one.casefold() == other.casefold() for one, other in labels):
        return "only in case"
    if all(_is_number(one) and _is_number(other) for one, other in labels):
        return "only in how a number is written"
    return "only in case, spaces, dashes or marks"


def _is_number(label: str) -> bool:
    return isinstance(_skeleton(label), Decimal)


def several_labels(counts: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Return the labels that look like several in one cell, each with its parts.

    A label is one when it is divided by ``;``, ``|`` or ``,``, or is a list, and every part is a class too; where the
    parts are no classes, when at least three labels are divided by ``;`` or ``|`` and each part stands in two of them.

    Args:
        counts: label → rows.

    Example:
        >>> several_labels({"a": 3, "b": 3, "a;b": 2, "Money, cards": 2})
        {'a;b': ('a', 'b')}
    """
    known = {label.casefold() for label in counts}
    found = {}
    for separator in SEPARATORS:
        divided = {label: parts for label in counts if len(parts := _parts(label, separator)) > 1}
        often = Counter(part for parts in divided.values() for part in set(parts))
        mixed = separator in SURE_SEPARATORS and len(divided) >= FEWEST_SEVERAL
        for label, parts in divided.items():
            if all(part in known or (mixed and often[part] >= IN_SEVERAL) for part in parts):
                found[label] = parts
    return found


def _parts(label: str, separator: str) -> tuple[str, ...]:
    """Return the labels in a cell, in lower case; the brackets and quotes of a list are no part of them."""
    inner = label[1:-1] if label[:1] + label[-1:] in ("[]", "{}", "()") else label
    parts = (part.strip(" \"'").casefold() for part in inner.split(separator))
    return tuple(dict.fromkeys(part for part in parts if part))
