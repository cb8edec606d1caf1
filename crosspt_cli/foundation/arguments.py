"""What a person in Python means by one value where several may stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crosspt_cli.foundation.errors import Argument, OptionError


def as_names(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single one is itself, and not its letters.

    Example:
        >>> as_names("text"), as_names(["a", "b"])
        (('text',), ('a', 'b'))
    """
    return (names,) if isinstance(names, str) else tuple(names)


def check_text(name: str, value: object) -> None:
    """Raise unless an argument is a string.

    Raises:
        OptionError: it is something else; names the argument.
    """
    if not isinstance(value, str):
        raise OptionError(Argument(name), f"is of type {type(value).__name__}, but must be a string.")


def check_mapping(name: str, value: object) -> None:
    """Raise unless an argument is a mapping of strings to strings, or None.

    Raises:
        OptionError: it is something else, such as a string, whose letters are not meant; names the argument.
    """
    if value is None or (
        isinstance(value, Mapping) and all(isinstance(each, str) for pair in value.items() for each in pair)
    ):
        return
    problem = "must be a dict of strings to strings."
    raise OptionError(Argument(name), problem, "Pass for example {'old': 'new'}.")
