"""Rows that say almost the same: one in training and its like among the held-out rows flatter the score."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from crosspt_cli.data.checks import Example

SHINGLE = 3  # words
LIKE = Fraction(4, 5)  # of the shingles that either of two texts has, those that both have; exact, for the index is
WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,:]\d+)*")
SOME_NUMBER = "0"

Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class NearPair:
    """Two rows that say almost the same.

    Args:
        first, second: the lines they start on, in order.
        one_label: whether both have the same label.
    """

    first: int
    second: int
    one_label: bool


@dataclass(frozen=True)
class _Profile:
    """A row as it is compared: the shingles of each text, and all with the number of their text, rare ones first.

    `number` is its place among the rows.
    """

    number: int
    row: Example
    texts: tuple[Shingles, ...]
    rare_first: tuple[tuple[int, tuple[str, ...]], ...]


_Index = dict[tuple[int, tuple[str, ...]], dict[str | None, list[_Profile]]]


def words_of(text: str) -> tuple[str, ...]:
    """Return the words by which texts are compared: without case, punctuation and, in longer texts, numbers.

    A number counts as any other where there are three words beside it; in ``"5 stars"`` it is half of what is said.

    Example:
        >>> words_of("Order 4711 is LATE!"), words_of("5 stars")
        (('order', '0', 'is', 'late'), ('5', 'stars'))
    """
    found = WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    if sum(not word[0].isdigit() for word in found) < SHINGLE:
        return tuple(found)
    return tuple(SOME_NUMBER if word[0].isdigit() else word for word in found)


def shingles_of(text: str) -> Shingles:
    """Return every three words in a row; of a shorter text all its words, of one without words nothing."""
    words = words_of(text)
    if len(words) < SHINGLE:
        return frozenset([words] if words else [])
    return frozenset(words[start : start + SHINGLE] for start in range(len(words) - SHINGLE + 1))


def near_duplicates(rows: Sequence[Example]) -> tuple[NearPair, ...]:
    """Return the rows that nearly repeat another one, each beside one row that it repeats.

    Two rows are like each other when each of their texts is: at least 80 % of the shingles that either text has are
    in both (a Jaccard index of 0.8). Texts that differ in case, punctuation and numbers alone always are. A row is
    paired at most twice: with one row of its own label, and with one of another. Rows without a word never are.

    Args:
        rows: sound rows; equal ones have been left out.

    Returns:
        The pairs by line.

    Source:
        The index of Xiao et al., "Efficient similarity joins for near-duplicate detection" (2011): with rare shingles
        first and short rows first, two rows that are alike share one of the few shingles that are looked up.
    """
    index: _Index = {}
    pairs = []
    for profile in _profiles(rows):
        pairs += [
            NearPair(min(profile.row.line, other.row.line), max(profile.row.line, other.row.line), one_label)
            for one_label in (True, False)
            if (other := _first_like(profile, index, one_label))
        ]
        for shingle in _beginning(profile, 2 * LIKE / (1 + LIKE)):
            index.setdefault(shingle, defaultdict(list))[profile.row.label].append(profile)
    return tuple(sorted(pairs, key=lambda pair: (pair.first, pair.second)))


def near_groups(rows: Sequence[Example]) -> tuple[int, ...]:
    """Return each row's group: rows that are alike, see `near_duplicates`, have one, and so do the like of their like.

    Labels make no difference. Most rows are a group by themselves.

    Args:
        rows: of one file or several.

    Returns:
        [rows] the index of the group's first row.

    Example:
        >>> near_groups([Example((text,), "a", 2) for text in ("So it is late", "It works well", "so it is LATE!")])
        (0, 1, 0)
    """
    group = list(range(len(rows)))
    first: dict[tuple[Shingles, ...], _Profile] = {}  # rows of the same shingles are looked up once
    for profile in _profiles(rows):
        if any(profile.texts):
            _unite(group, profile.number, first.setdefault(profile.texts, profile).number)
    index: dict[tuple[int, tuple[str, ...]], list[_Profile]] = defaultdict(list)
    for profile in first.values():
        for other in _candidates(profile, index):
            apart = _root(group, profile.number) != _root(group, other.number)
            if apart and all(map(_are_like, profile.texts, other.texts)):
                _unite(group, profile.number, other.number)
        for shingle in _beginning(profile, 2 * LIKE / (1 + LIKE)):
            index[shingle].append(profile)
    return tuple(_root(group, number) for number in range(len(rows)))


def _candidates(profile: _Profile, index: Mapping[tuple[int, tuple[str, ...]], Sequence[_Profile]]) -> list[_Profile]:
    """Return the rows in an index that may be like a row, each once."""
    found = {other.number: other for shingle in _beginning(profile, LIKE) for other in index.get(shingle, ())}
    return list(found.values())


def _root(group: list[int], number: int) -> int:
    while group[number] != number:
        group[number] = number = group[group[number]]
    return number


def _unite(group: list[int], one: int, other: int) -> None:
    """Put two groups together under the earlier of their first rows."""
    first, second = sorted((_root(group, one), _root(group, other)))
    group[second] = first


def are_like(one: Sequence[Shingles], other: Sequence[Shingles]) -> bool:
    """Return whether two rows, each text as its shingles, say almost the same; rows without a word are like none."""
    return any(one) and all(map(_are_like, one, other))


def _profiles(rows: Sequence[Example]) -> list[_Profile]:
    """Return the rows with their shingles, those of few shingles first."""
    texts = [tuple(map(shingles_of, row.fields)) for row in rows]
    tagged = [[(number, shingle) for number, text in enumerate(row) for shingle in text] for row in texts]
    frequency = Counter(shingle for row in tagged for shingle in row)
    ordered = [tuple(sorted(row, key=lambda shingle: (frequency[shingle], shingle))) for row in tagged]
    return sorted(map(_Profile, count(), rows, texts, ordered), key=lambda profile: len(profile.rare_first))


def _first_like(profile: _Profile, index: _Index, one_label: bool) -> _Profile | None:
    seen = set()
    for shingle in _beginning(profile, LIKE):
        for label, others in index.get(shingle, {}).items():
            for other in others if (label == profile.row.label) == one_label else ():
                if other.number not in seen and all(map(_are_like, profile.texts, other.texts)):
                    return other
                seen.add(other.number)
    return None


def _beginning(profile: _Profile, least: Fraction) -> Sequence[tuple[int, tuple[str, ...]]]:
    """Return so many of the rarest shingles that a row with the share `least` of them all has one of these."""
    size = len(profile.rare_first)
    return profile.rare_first[: size - math.ceil(least * size) + 1]


def _are_like(one: Shingles, other: Shingles) -> bool:
    return len(one & other) >= LIKE * len(one | other)
