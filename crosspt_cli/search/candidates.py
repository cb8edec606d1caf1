"""What the search chooses among: how many sources, and how fast the private prompt learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ATTENTION_RATE = 0.2
"""Learning rate of the attention logits. The private prompt's is this times the ratio, for embeddings of mini's scale.

Source: CrossPT trains attention at 0.1–0.2 and the private prompt slower.
"""
SLOWEST_ALONE = 0.25
"""A private prompt on its own needs at least this ratio to leave its start within a few dozen steps."""

NAMED = 4  # sources; a list of eight is not read


@dataclass(frozen=True)
class Candidate:
    """One choice of hyperparameters.

    Args:
        sources: names of the M sources mixed in, most useful first.
        lr_ratio: private prompt's learning rate over the attention's; 0 trains attention only.
        attention_rate: learning rate of the attention logits.
    """

    sources: tuple[str, ...]
    lr_ratio: float
    attention_rate: float = ATTENTION_RATE

    @property
    def m(self) -> int:
        """M, how many sources are mixed in."""
        return len(self.sources)

    @property
    def lr(self) -> float:
        """The private prompt's learning rate, for embeddings of mini's scale."""
        return self.lr_ratio * self.attention_rate

    @property
    def is_source(self) -> bool:
        """Whether the prompt is its one source as it is: the private prompt stays a copy, so no share changes it."""
        return self.m == 1 and self.lr_ratio == 0

    @property
    def simplicity(self) -> tuple[float, ...]:
        """Smaller is simpler: attention only before a trained prompt, then fewer sources, then slower."""
        return (self.lr_ratio > 0, self.m, self.lr_ratio)

    @property
    def words(self) -> str:
        """What it is, without its learning rate, for people who know no letters."""
        if self.m == 0:
            return "a private prompt without source prompts"
        if self.is_source:
            return f"the source prompt {self.sources[0]}, untouched"
        names = ", ".join(self.sources[:NAMED]) + (f" and {self.m - NAMED} more" if self.m > NAMED else "")
        sources = f"{self.m} source prompts ({names})" if self.m > 1 else f"the source prompt {names}"
        return f"{sources} and a private prompt" if self.lr_ratio else f"{sources}, only their shares trained"

    def __str__(self) -> str:
        if self.m == 0:
            return f"M = 0 (private prompt only, lr {self.lr:g})"
        if self.is_source:
            return "M = 1, source untouched"
        return f"M = {self.m}, " + (f"ratio {self.lr_ratio:g}" if self.lr_ratio else "attention only")


def make_candidates(ranked: Sequence[str], ms: Sequence[int], ratios: Sequence[float]) -> tuple[Candidate, ...]:
    """Return every usable pair of M and ratio; an M beyond the sources there are is taken as all of them.

    M = 0 is always among them, and so is attention only where there is a source.

    Args:
        ranked: source names, most useful first.
        ms: numbers of sources to try.
        ratios: learning-rate ratios to try.
    """
    usable = sorted({min(m, len(ranked)) for m in (*ms, 0)})
    with_sources = sorted({*ratios, 0.0})
    alone = [ratio for ratio in with_sources if ratio >= SLOWEST_ALONE] or [1.0]
    pairs = [(m, ratio) for m in usable for ratio in (with_sources if m else alone)]
    return tuple(Candidate(tuple(ranked[:m]), ratio) for m, ratio in pairs)
