"""Results as plain values that JSON can hold, and back: one way for every dataclass.

A dataclass is written as an object of its fields. Where its record is another, a tuple `RECORD` in it says which
attributes are written, in which order, under which keys and with how many digits. What is not written must have a
default, or be an array that is kept elsewhere: that one comes back empty.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

DIGITS = 4
T = TypeVar("T")


@dataclass(frozen=True)
class Key:
    """How an attribute is written.

    Attributes:
        name: of the attribute; one that is no field is written and not read.
        at: its key, where that is another; with a dot, a key of the object before the dot.
        digits: of its numbers; None writes them as they are.
        inline: its keys stand among those of the object that it belongs to.
    """

    name: str
    at: str = ""
    digits: int | None = DIGITS
    inline: bool = False

    @property
    def path(self) -> list[str]:
        """The keys that lead to it."""
        return (self.at or self.name).split(".")


@runtime_checkable
class Spread(Protocol):
    """A value that takes several keys of the object that it belongs to."""

    def to_keys(self, key: str) -> dict[str, Any]:
        """Return what is written, by key; the attribute's own is given."""
        ...

    @classmethod
    def from_keys(cls, key: str, record: Mapping[str, Any]) -> Spread:
        """Return the value that an object holds; KeyError if it holds none."""
        ...


def plain(value: Any, digits: int | None = DIGITS) -> Any:
    """Return a value as JSON's: numbers rounded, and dictionaries whose keys are no text as lists of pairs.

    Args:
        value: dataclasses, arrays, tuples, dictionaries, paths, and what is plain already.
        digits: of its numbers, where no `Key` says otherwise; None leaves them as they are.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_object(value)
    if isinstance(value, Mapping):
        items = [(key, plain(item, digits)) for key, item in value.items()]
        return dict(items) if all(isinstance(key, str) for key, _ in items) else [list(item) for item in items]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), digits)
    if isinstance(value, (list, tuple)):
        return [plain(item, digits) for item in value]
    if isinstance(value, float):
        return float(value) if digits is None else round(float(value), digits)
    return str(value) if isinstance(value, Path) else value


def keys_of(kind: type) -> tuple[Key, ...]:
    """Return what is written of a dataclass."""
    names = getattr(kind, "RECORD", None) or [field.name for field in fields(kind)]
    return tuple(Key(each) if isinstance(each, str) else each for each in names)


def _plain_object(value: Any) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key in keys_of(type(value)):
        found = getattr(value, key.name)
        *outer, last = key.path
        place = record
        for name in outer:
            place = place.setdefault(name, {})
        if isinstance(found, Spread):
            place |= plain(found.to_keys(last), key.digits)
        elif key.inline:
            place |= plain(found)
        else:
            place[last] = plain(found, key.digits)
    return record


def read(kind: type[T], record: Any, where: str) -> T:
    """Return the dataclass that plain values were made of, as far as they were written.

    Args:
        kind: of the value; its type hints say what each key holds.
        record: from `plain`, perhaps by way of JSON. A number that JSON has no word for is null there, and NaN here.
        where: the record is from, for errors.

    Raises:
        ValueError: a key is missing, or holds something else; the error names it.
    """
    return typing.cast(T, _value(kind, record, where))


def _value(kind: Any, value: Any, where: str) -> Any:
    """Return plain values as the type that a hint names."""
    if isinstance(kind, type) and is_dataclass(kind):
        return _object(kind, value, where)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):  # only "or None" stands in results
        return None if value is None else _value(inner[0], value, where)
    if origin is typing.Literal:
        return value if value in inner else _refuse(where, value, f"one of {', '.join(map(repr, inner))}")
    if origin is tuple:
        return _items(inner, _of(list, value, where, "a list"), where)
    if origin is dict:
        items = list(value.items() if isinstance(value, Mapping) else _of(list, value, where, "an object"))
        return {key: _value(inner[1], item, f"{where}.{key}") for key, item in items}
    if kind is np.ndarray:
        return np.array(_of(list, value, where, "a list"))
    if kind is float:
        return float("nan") if value is None else float(_number(value, where))
    if kind is Path:
        return Path(_of(str, value, where, "text"))
    return _of(kind, value, where, {str: "text", bool: "true or false", int: "a whole number"}[kind])


def _items(kinds: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    return tuple(_value(kinds[0], value, f"{where}[{number}]") for number, value in enumerate(values))


def _object(kind: type, record: Any, where: str) -> Any:
    record = _of(Mapping, record, where, "an object")
    hints, written = typing.get_type_hints(kind), {key.name: key for key in keys_of(kind)}
    values = {}
    for field in fields(kind):
        hint = hints[field.name]
        if field.name in written:
            values[field.name] = _attribute(hint, written[field.name], record, where)
        elif hint is np.ndarray and field.default is MISSING and field.default_factory is MISSING:
            values[field.name] = np.empty(0)
    return kind(**values)


def _attribute(kind: Any, key: Key, record: Mapping[str, Any], where: str) -> Any:
    """Return what an object holds under a key."""
    *outer, last = key.path
    for name in outer:
        where = f"{where}.{name}"
        record = _of(Mapping, record.get(name), where, "an object")
    if isinstance(kind, type) and hasattr(kind, "from_keys"):
        try:
            return kind.from_keys(last, record)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{where}.{last} is no number with its interval") from error
    if key.inline:
        return _value(kind, record, where)
    if last not in record:
        raise ValueError(f"{where}.{last} is missing")
    return _value(kind, record[last], f"{where}.{last}")


def _of(kind: Any, value: Any, where: str, named: str) -> Any:
    """Return the value if it is one of a kind; true is no number."""
    sound = isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
    return value if sound else _refuse(where, value, named)


def _number(value: Any, where: str) -> float:
    return (
        value if isinstance(value, (int, float)) and not isinstance(value, bool) else _refuse(where, value, "a number")
    )


def _refuse(where: str, value: Any, wanted: str) -> Any:
    raise ValueError(f"{where} is {value!r}, but must be {wanted}")
