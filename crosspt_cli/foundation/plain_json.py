"""JSON that every reader can read: a number that JSON has no word for is null, never NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any) -> Any:
    """Return plain values in which every number JSON cannot write is None."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_json(value: Any, indent: int | None = None) -> str:
    """Return plain values as JSON text.

    Args:
        value: where a number may be missing, `finite` was asked first.
        indent: spaces of each level; None writes one line.

    Raises:
        ValueError: a number is not finite. It was to be computed and could not: such a result must not be kept.
    """
    return json.dumps(value, indent=indent, allow_nan=False)
