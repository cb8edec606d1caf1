"""Float32 arrays in safetensors files, with nothing taken on trust."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.registry.documents import MEND

if TYPE_CHECKING:
    import numpy as np

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000  # the format's own limit
_FLOAT32 = "F32"


def dump_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the arrays as one safetensors file, in float32.

    Raises:
        ValueError: a value is not finite; such a result must not be kept.
    """
    import numpy as np
    from safetensors.numpy import save

    plain = {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in arrays.items()}
    for name, values in plain.items():
        if not np.isfinite(values).all():
            raise ValueError(f"array {name!r} has values that are not finite")
    return save(plain)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file, each float32 and finite.

    Raises:
        IntegrityError: it is truncated, no safetensors file, of another type, or has values that are not finite.
    """
    return parse_arrays(path, path.read_bytes())


def parse_arrays(where: Path, raw: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file, each float32, finite, and a copy of its own.

    Raises:
        IntegrityError: it is truncated, no safetensors file, of another type, or has values that are not finite.
    """
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    header = parse_header(where, raw[: _LENGTH_BYTES + _LARGEST_HEADER], len(raw))
    for name, (kind, _) in header.items():
        if kind != _FLOAT32:
            raise IntegrityError(str(where), f"array {name!r} is {kind}, and crosspt keeps {_FLOAT32} only.", MEND)
    try:
        arrays = {name: np.array(values) for name, values in load(raw).items()}
    except SafetensorError as error:
        raise IntegrityError(str(where), f"this is not a usable safetensors file ({error}).", MEND) from error
    for name, values in arrays.items():
        bad = int(values.size - np.isfinite(values).sum())
        if bad:
            raise IntegrityError(str(where), f"{bad} of {values.size} values of {name!r} are not finite.", MEND)
    return arrays


def read_header(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return type and shape per array of a safetensors file, without reading the arrays.

    Raises:
        IntegrityError: the header is no safetensors header, or the file is shorter or longer than it says.
    """
    with path.open("rb") as handle:
        head = handle.read(_LENGTH_BYTES)
        head += handle.read(min(int.from_bytes(head, "little"), _LARGEST_HEADER))
        size = handle.seek(0, 2)
    return parse_header(path, head, size)


def parse_header(where: Path, head: bytes, size: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return type and shape per array from the first bytes of a safetensors file of `size` bytes.

    Raises:
        IntegrityError: the header is no safetensors header, or does not describe a file of that size.
    """
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    if len(head) < _LENGTH_BYTES or length > min(size - _LENGTH_BYTES, _LARGEST_HEADER):
        raise IntegrityError(str(where), "this is not a safetensors file, or only a piece of one.", MEND)
    try:
        entries = json.loads(head[_LENGTH_BYTES : _LENGTH_BYTES + length])
        entries.pop("__metadata__", None)
        header = {name: (str(item["dtype"]), tuple(map(int, item["shape"]))) for name, item in entries.items()}
        spans = [(*map(int, item["data_offsets"]), header[name]) for name, item in entries.items()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IntegrityError(str(where), "the header of this safetensors file is damaged.", MEND) from error
    _check_spans(where, spans, size - _LENGTH_BYTES - length)
    return header


def _check_spans(where: Path, spans: list, size: int) -> None:
    """Refuse arrays that do not lie end to end, do not fit their shape, or do not fill the file exactly."""
    reached = 0
    for start, end, (kind, shape) in sorted(spans, key=lambda span: span[:2]):
        bits = int("".join(filter(str.isdigit, kind.partition("_")[0])) or 8)  # F8_E4M3 has 8, BOOL too
        if start != reached or (end - start) * 8 != math.prod(shape) * bits:
            raise IntegrityError(str(where), "the header of this safetensors file is damaged.", MEND)
        reached = end
    if reached != size:
        problem = f"this safetensors file has {size:,} bytes of values, and its header says {reached:,}."
        raise IntegrityError(str(where), problem, MEND)
