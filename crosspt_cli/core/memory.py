"""How many tokens one pass may hold: measured on the device, and halved when it was too many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from crosspt_cli.core.devices import restart_peak
from crosspt_cli.foundation.errors import OutOfMemory

PROBE_TOKENS = 4_000  # of the first pass that is measured: enough that what is taken once hardly counts
MOST_TOKENS = 200_000  # with the widest T5s a tensor of more has over 2^31 numbers, which not every kernel can count
USED = 0.8  # of the free memory: rows of later passes are longer or shorter, and memory has gaps


class Meter(Protocol):
    """Reads a device's memory, in bytes."""

    def begin(self) -> None:
        """Take note of what is held now."""

    def taken(self) -> int:
        """Return what was held at most since `begin`, beyond what was held then."""

    def free(self) -> int:
        """Return what a pass could have now."""


class CudaMeter:
    """The memory of a CUDA device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.before = 0

    def begin(self) -> None:
        """Take note of what is held now."""
        restart_peak(self.device)
        self.before = torch.cuda.memory_allocated(self.device)

    def taken(self) -> int:
        """Return what was held at most since `begin`, beyond what was held then."""
        return torch.cuda.max_memory_allocated(self.device) - self.before

    def free(self) -> int:
        """Return what the driver has free, once torch has given back what it keeps for later."""
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(self.device)[0]


@dataclass
class _Limit:
    """Of passes of one kind, in tokens.

    `fit`: as measured · `measured`: the largest pass that was · `ceiling`: half of the last that failed.
    """

    fit: int
    measured: int = 0
    ceiling: int = MOST_TOKENS


class Room:
    """What passes over one backbone have found out about the memory of its device.

    The first pass is the probe: it holds `PROBE_TOKENS`, its peak per token is measured, and the following ones hold
    as many tokens as the free memory is good for. A pass of twice the tokens is measured again. Passes with and
    without gradients are measured each by themselves.

    Args:
        meter: of the device's memory; without one, passes are as large as their callers want them.
    """

    def __init__(self, meter: Meter | None = None) -> None:
        self.meter = meter
        start = PROBE_TOKENS if meter else MOST_TOKENS
        self.limits = {with_gradients: _Limit(start) for with_gradients in (True, False)}

    def tokens(self) -> int:
        """Return how many tokens a pass may hold, with gradients or without, whichever is switched on now."""
        limit = self.limits[torch.is_grad_enabled()]
        return min(limit.fit, limit.ceiling)

    def run(
        self, count: int, held: Callable[[int, int], int], most: int, work: Callable[[slice], None], item: str
    ) -> None:
        """Have `work` done on slices of 0 to `count`, in their order; together they cover it once.

        A slice that there was no memory for is done again in parts of at most half its tokens, and later passes are
        no larger than those. What was done before it stays done.

        Args:
            count: how many items there are: trials, or rows.
            held: (first, end) → the tokens that a pass over these items holds; grows with `end`.
            most: tokens that a pass should not exceed, however much memory there is; one item it always has.
            work: does the pass over a slice; must leave nothing behind when it raises.
            item: what a single item is called in an error, with its article.

        Raises:
            OutOfMemory: there is no memory for a single item.
        """
        first = 0
        while first < count:
            bound, end = min(most, self.tokens()), first + 1
            while end < count and held(first, end + 1) <= bound:
                end += 1
            tokens = held(first, end)
            if self._done(work, slice(first, end), tokens):
                first = end
            elif end == first + 1:
                raise self._too_large(item, tokens)

    def _done(self, work: Callable[[slice], None], part: slice, tokens: int) -> bool:
        """Do one pass and learn from it; return False if there was no memory for it."""
        limit = self.limits[torch.is_grad_enabled()]
        meter = self.meter if tokens >= 2 * limit.measured else None
        if meter:
            meter.begin()
        try:
            work(part)
        except torch.OutOfMemoryError:
            limit.ceiling = max(1, tokens // 2)
            return False
        if meter:
            limit.measured = tokens
            limit.fit = min(MOST_TOKENS, int(USED * meter.free() * tokens / max(1, meter.taken())))
        return True

    def _too_large(self, item: str, tokens: int) -> OutOfMemory:
        free = f"into the {self.meter.free() / 1e6:,.0f} MB that are free" if self.meter else "into the memory"
        return OutOfMemory("memory", f"{item} of {tokens:,} tokens does not fit {free} on the device.", SMALLER)


SMALLER = (
    "Pass --dtype bf16 where it is fp32, a smaller --backbone or --device cpu, end other programs that hold memory of "
    "the device, or shorten the longest texts."
)


def room_on(device: torch.device) -> Room:
    """Return the room on a device: measured on a GPU, the callers' on a CPU."""
    return Room(CudaMeter(device) if device.type == "cuda" else None)
