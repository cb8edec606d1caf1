"""Everything that is trained: the trials of one population, method by method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from crosspt_cli.core.methods import Method


@dataclass(frozen=True)
class Part:
    """The trials of one method, and their `places` [t] int64 among all T."""

    method: Method
    places: Tensor

    def among(self, trials: Tensor) -> tuple[Tensor, Tensor]:
        """Return where among `trials` [K] int64 this part's stand, and which numbers they have in it, both [k]."""
        where, numbers = (trials[:, None] == self.places).nonzero(as_tuple=True)
        return where, numbers


class TrialBank:
    """T trials side by side, of one method or of several.

    Args:
        parts: whose places are 0 to T - 1, each once.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        places = torch.cat([part.places for part in parts])
        if sorted(places.tolist()) != list(range(len(places))):
            raise ValueError(f"the places of {len(places)} trials are {places.tolist()}")

    @classmethod
    def of(cls, method: Method) -> TrialBank:
        """Return the trials of one method."""
        (first, *_) = method.groups()
        return cls((Part(method, torch.arange(len(method), device=first.values.device)),))

    def __len__(self) -> int:
        return sum(len(part.places) for part in self.parts)

    def __iter__(self) -> Iterator[tuple[Method, int]]:
        """Yield every trial in its place: its method, and which of the method's trials it is."""
        found = [(part.method, number, place) for part in self.parts for number, place in _numbered(part)]
        yield from ((method, number) for method, number, _ in sorted(found, key=lambda each: each[2]))

    def keep(self, trials: Tensor) -> TrialBank:
        """Return a bank of the trials [K] int64 only, in that order, as they stand now."""
        kept = []
        for part in self.parts:
            places, numbers = part.among(trials)
            if len(places):
                kept.append(Part(part.method.keep(numbers), places))
        return TrialBank(kept)


def _numbered(part: Part) -> Iterator[tuple[int, int]]:
    yield from enumerate(part.places.tolist())
