"""Prompt transfer: a private prompt that starts at the best source prompt and is then trained by itself.

Source: SPoT (Vu et al. 2022, arXiv 2110.07904).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn

from crosspt_cli.core.methods.method import EVERY, Group, Method, Start
from crosspt_cli.core.methods.mixture import private_start

EPSILON = 1e-8


class Transfer(Method):
    """One private prompt per trial that starts at its source, P = P_s (arXiv 2110.07904); nothing is mixed in the end.

    The paper picks the source whose prompt is most similar to one trained on the task; here it is the source that
    answers the rows best. Without sources it is prompt tuning.

    Args:
        private: [T, P, H] float32, where prompts start.
        rate: [T] float32, learning rate.
    """

    rate: Tensor

    def __init__(self, private: Tensor, rate: Tensor) -> None:
        super().__init__()
        self.private = nn.Parameter(private.clone())
        self.register_buffer("rate", rate)

    @classmethod
    def start(cls, given: Start) -> Self:
        """Return trials that start at their one source, or without it at tokens of their rows."""
        return cls(private_start(given), given.rate)

    def groups(self) -> tuple[Group, ...]:
        """Return the prompts."""
        return (Group(self.private, self.rate, EPSILON),)

    def prompts(self, trials: slice = EVERY) -> Tensor:
        """Return the prompts of some trials, [T, 1, P, H]."""
        return self.private[trials][:, None]

    def saved(self, trial: int) -> Mapping[str, Tensor]:
        """Return nothing: the prompt is all there is."""
        return {}
