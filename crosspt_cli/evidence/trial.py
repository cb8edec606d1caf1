"""What is tried, and what one trial of it answered on rows that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from crosspt_cli.foundation.methods import MIXTURE, about
from crosspt_cli.foundation.records import Key
from crosspt_cli.foundation.words import listed

ATTENTION_RATE = 0.2
"""Learning rate of the attention logits. The private prompt's is this times the ratio, for embeddings of mini's scale.

Source: CrossPT trains attention at 0.1–0.2 and the private prompt slower.
"""
NAMED = 4  # sources; a list of eight is not read

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Candidate:
    """One choice of hyperparameters.

    Args:
        sources: names of the M sources mixed in, most useful first.
        lr_ratio: private prompt's learning rate over the attention's; 0 trains attention only.
        attention_rate: learning rate of the attention logits.
        method: what is trained, a name of `foundation.methods.METHODS`.
    """

    RECORD: ClassVar = ("method", "m", "sources", Key("lr_ratio", digits=None), Key("lr", digits=None))

    sources: tuple[str, ...]
    lr_ratio: float
    attention_rate: float = ATTENTION_RATE
    method: str = MIXTURE

    @property
    def m(self) -> int:
        """M, how many sources are used."""
        return len(self.sources)

    @property
    def lr(self) -> float:
        """The private prompt's learning rate, for embeddings of mini's scale."""
        return self.lr_ratio * self.attention_rate

    @property
    def shared(self) -> tuple[str, ...]:
        """The sources that have a share in its prompt; none of a method that only starts from one."""
        return self.sources if self.has_shares else ()

    @property
    def has_shares(self) -> bool:
        """Whether its prompt is made of shares, be it of the private prompt alone; else there is no attention."""
        return self.is_source or about(self.method).is_mixed

    @property
    def is_source(self) -> bool:
        """Whether the prompt is its one source as it is: the private prompt stays a copy, so no share changes it."""
        return self.m == 1 and self.lr_ratio == 0

    @property
    def is_alone(self) -> bool:
        """Whether it is a private prompt by itself, of a method that could use sources: what sharing is held against.

        Of the mixture that is plain prompt tuning.
        """
        return self.m == 0 and about(self.method).most_sources > 0

    @property
    def is_mixed(self) -> bool:
        """Whether its prompts are mixed anew in training; one that is its source has nothing to mix."""
        return bool(self.shared) and not self.is_source

    @property
    def simplicity(self) -> tuple[float, ...]:
        """Smaller is simpler: attention only before a trained prompt, then fewer sources, then slower."""
        return (self.lr_ratio > 0, self.method != MIXTURE, self.m, self.lr_ratio)

    @property
    def words(self) -> str:
        """What it is, without its learning rate, for people who know no letters."""
        if self.m == 0:
            return about(self.method).alone
        if self.is_source:
            return f"the source prompt {self.sources[0]}, untouched"
        names = listed(self.sources, NAMED)
        sources = f"{self.m} source prompts ({names})" if self.m > 1 else f"the source prompt {names}"
        said = about(self.method).beside.format(sources=sources)
        return said if self.lr_ratio else f"{sources}, only their shares trained"

    def __str__(self) -> str:
        if self.is_source:
            return "M = 1, source untouched"
        if self.method != MIXTURE:
            return f"{self.method}, M = {self.m}, " + (f"lr {self.lr:g}" if self.lr_ratio else "attention only")
        if self.is_alone:
            return f"M = 0 (private prompt only, lr {self.lr:g})"
        return f"M = {self.m}, " + (f"ratio {self.lr_ratio:g}" if self.lr_ratio else "attention only")


@dataclass(frozen=True)
class Fold:
    """Row indices to train on and to score on, both [n] int64, sorted and disjoint."""

    train: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class TrialResult:
    """One candidate on one fold with one seed, as it stood when last scored.

    `held_out` [h] row indices · `nats` [h, C] label words' log-likelihoods · `similarity` [h, C] to prototypes of its
    training rows · `bias` [C] · `shares` [M+1], the private prompt's last · `loss` nats on its last batch.
    """

    RECORD: ClassVar = ("candidate", "fold", "seed", "state", "steps", "loss", "shares")

    candidate: int
    fold: int
    seed: int
    state: State
    steps: int
    loss: float
    held_out: np.ndarray
    nats: np.ndarray
    similarity: np.ndarray
    bias: np.ndarray
    shares: np.ndarray
