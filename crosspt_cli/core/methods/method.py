"""What a method is: a trial's own parameters, and how they become the prompt that its rows get.

A method is one module here, one line in the table of `crosspt_cli/core/methods/__init__.py`, and its words in
`crosspt_cli/foundation/methods.py`. Everything else, from the training step to the saved task, knows methods by this
interface and those words alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts

EVERY = slice(None)


@dataclass(frozen=True)
class Start:
    """What T trials of one method may start from.

    Attributes:
        backbone: the frozen T5.
        texts: the task's rows, read up to the layer before which prompts enter.
        rows: for each trial the rows that it is trained on, [n] int64.
        random: for each trial a generator of its own.
        sources: [S, P, H] float32, the frozen source prompts; S may be 0.
        mixed: for each trial the places of the sources that it may use.
        rate: [T] float32, learning rate of what is the trial's own, for values of the scale of what a prompt stands
            beside.
        attention_rate: [T] float32, learning rate of the attention over sources.
        source_rate: [T] float32, learning rate of sources that are trained along: the attention's, for values of the
            scale of what a prompt stands beside.
        steps: at most so many are trained.
    """

    backbone: Backbone
    texts: EncodedTexts
    rows: Sequence[np.ndarray]
    random: Sequence[np.random.Generator]
    sources: Tensor
    mixed: Sequence[Sequence[int]]
    rate: Tensor
    attention_rate: Tensor
    source_rate: Tensor
    steps: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def tokens(self) -> int:
        """P, how many tokens a prompt has."""
        return self.sources.shape[1]


@dataclass(frozen=True)
class Group:
    """Parameters that are trained alike: `values` [T, ..], learning `rates` [T] or [T, D], and Adam's `epsilon`."""

    values: nn.Parameter
    rates: Tensor
    epsilon: float


@dataclass(frozen=True)
class Mixed:
    """What a prompt is mixed from: `sources` [M] places, `private` [P, H], `shares` [M+1] with its own last.

    `learned` [M, P, H]: what stands in the sources' stead; None where they are mixed as they are.
    """

    sources: tuple[int, ...]
    private: Tensor
    shares: Tensor
    learned: Tensor | None = None

    def without(self, place: int, values: Tensor, private_is_copy: bool) -> Tensor:
        """Return the target prompt [P, H] with one source taken out and its share divided among the rest.

        Args:
            place: of the source among all sources; one of `sources`.
            values: all source prompts [S, P, H].
            private_is_copy: the private prompt is the sources' mean, and loses the source as well.
        """
        kept = [number for number, source in enumerate(self.sources) if source != place]
        mixed = values[list(self.sources)] if self.learned is None else self.learned
        others = mixed[kept]
        private = others.mean(0) if private_is_copy else self.private
        shares = self.shares[[*kept, len(self.sources)]]
        return torch.einsum("m,mph->ph", shares / shares.sum(), torch.cat([others, private[None]]))


class Method(nn.Module, ABC):
    """T trials of one method side by side; no number of one ever enters another.

    Every parameter and buffer has the trial as its first axis, but those named in `shared`.
    """

    shared: ClassVar[tuple[str, ...]] = ()
    """Buffers that all trials have in common, such as the sources."""

    @classmethod
    @abstractmethod
    def start(cls, given: Start) -> Self:
        """Return trials before their first step."""

    @abstractmethod
    def groups(self) -> tuple[Group, ...]:
        """Return all parameters, each in one group."""

    @abstractmethod
    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the prompts that rows get, [T, D, P, H] float32: one for each of D layers from the entry on."""

    def training_prompts(self, step: int) -> Tensor:
        """Return the prompts that rows get in one step of training, counted from 0, [T, D, P, H] float32.

        They are those of `prompts`, but of a method that samples; what it draws is each trial's own.
        """
        return self.prompts()

    @abstractmethod
    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return what is kept with a task beside its folded prompt, by the name of the array."""

    def mixed(self, trial: int) -> Mixed | None:
        """Return what a trial's prompt is mixed from as it stands now; None of a method that mixes no sources."""
        return None

    def __len__(self) -> int:
        (first, *_) = self.groups()
        return len(first.values)

    def keep(self, trials: Tensor) -> Self:
        """Return the trials [K] int64 only, as they stand now."""
        kept = type(self).__new__(type(self))
        nn.Module.__init__(kept)
        for name, values in self.named_parameters():
            kept.register_parameter(name, nn.Parameter(values.detach()[trials].clone()))
        for name, buffer in self.named_buffers():
            kept.register_buffer(name, buffer if name in self.shared else buffer[trials])
        return kept

    @torch.no_grad()
    def folded(self, trial: int) -> Tensor:
        """Return the prompt that a trial's rows get as it stands now, [P, H] float32, or [D, P, H] for D layers."""
        prompt = self.prompts(slice(trial, trial + 1))[0]
        return (prompt[0] if len(prompt) == 1 else prompt).detach()
