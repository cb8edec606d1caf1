"""What a person in Python means by one value where several may stand."""

from __future__ import annotations

from collections.abc import Iterable


def as_names(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single one is itself, and not its letters.

    Example:
        >>> as_names("text"), as_names(["a", "b"])
        (('text',), ('a', 'b'))
    """
    return (names,) if isinstance(names, str) else tuple(names)
