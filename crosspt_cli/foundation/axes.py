"""The axes every array in crosspt is described by; `docs/notation.md` explains them."""

from __future__ import annotations

AXES = {
    "T": "trials trained together",
    "S": "source prompts",
    "D": "encoder layers that have a prompt of their own",
    "P": "prompt tokens",
    "H": "model width",
    "B": "examples in a batch",
    "L": "input tokens",
    "C": "classes",
    "V": "label-word tokens",
}


def require_shape(name: str, shape: tuple[int, ...], axes: str, **sizes: int) -> None:
    """Raise unless `shape` has the named axes, in order, with the given sizes.

    Args:
        name: what the array is, for the message.
        shape: the array's shape.
        axes: letters of `AXES` separated by spaces, e.g. ``"T P H"``.
        sizes: the size an axis must have; an axis left out may have any.

    Raises:
        ValueError: the number of axes or a size differs.
    """
    letters = axes.split()
    wanted = [sizes.get(letter) for letter in letters]
    fits = len(shape) == len(letters) and all(w in (None, s) for w, s in zip(wanted, shape, strict=True))
    if not fits:
        words = ", ".join(
            letter if size is None else f"{letter}={size}" for letter, size in zip(letters, wanted, strict=True)
        )
        raise ValueError(f"{name} has shape {tuple(shape)}, but must be [{words}]")
