"""What each method of training prompts is: its name, its words, and what it asks of a search.

Plain data, so that commands can name the methods without importing what trains them (`core/methods`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crosspt_cli.foundation.errors import Argument, OptionError

MIXTURE = "mixture"  # the CrossPT mixture; without sources it is plain prompt tuning
ANY = 10**6
"""Sources: as many as there are."""


@dataclass(frozen=True)
class Sizes:
    """What the number of trained parameters depends on: P, H, M, and D, the layers from the entry on."""

    tokens: int
    width: int
    sources: int
    layers: int

    @property
    def prompt(self) -> int:
        """Numbers in one prompt."""
        return self.tokens * self.width


MINI = Sizes(tokens=20, width=416, sources=3, layers=4)
"""Prompts of the embedded backbone, and the M that is usual."""


@dataclass(frozen=True)
class About:
    """What is to be known of a method without training it.

    Attributes:
        trained: what a trial trains.
        source: where it is from.
        parameters: how many numbers a trial trains.
        alone: what a candidate without source prompts is called.
        beside: what one with source prompts is called, with `{sources}` where they are named.
        most_sources: how many a trial may use.
        is_mixed: whether sources have shares in the prompt; else the prompt only starts from one.
        still: the method of candidates of ratio 0, of which only attention is trained: nothing of their own moves, so
            whatever it is made of, they are mixtures.
    """

    trained: str
    source: str
    parameters: Callable[[Sizes], int]
    alone: str
    beside: str = ""
    most_sources: int = 0
    is_mixed: bool = False
    still: str = MIXTURE


ALONE = "a private prompt without source prompts"
RANK = 10  # of a decomposed prompt; what the paper of decomposed prompt tuning uses
BOTTLENECK = 128  # width of the network of a residual prompt


def _factors(of: Sizes) -> int:
    rank = min(RANK, of.tokens)
    return of.tokens * rank + rank * of.width


def _attention(of: Sizes) -> int:
    return of.sources + 1


METHODS: Mapping[str, About] = {
    MIXTURE: About(
        trained="a private prompt, and attention over it and frozen source prompts",
        source="CrossPT, arXiv 2509.14253",
        parameters=lambda of: of.prompt + _attention(of),
        alone=ALONE,
        beside="{sources} and a private prompt",
        most_sources=ANY,
        is_mixed=True,
    ),
    "layers": About(
        trained="a private prompt for each encoder layer from the entry on",
        source="after arXiv 2101.00190 and 2110.07602",
        parameters=lambda of: of.layers * of.prompt,
        alone="a private prompt for each encoder layer",
    ),
    "decomposed": About(
        trained=f"two factors of rank {RANK} whose product is the private prompt",
        source="DPT, arXiv 2310.10094",
        parameters=_factors,
        alone="a private prompt of low rank",
    ),
    "mixture-decomposed": About(
        trained=f"as mixture, the private prompt as a product of two factors of rank {RANK}",
        source="CrossPT with the prompt of DPT",
        parameters=lambda of: _factors(of) + _attention(of),
        alone="a private prompt of low rank without source prompts",
        beside="{sources} and a private prompt of low rank",
        most_sources=ANY,
        is_mixed=True,
    ),
    "residual": About(
        trained=f"a private prompt, and a network of width {BOTTLENECK} whose output is added to it",
        source="arXiv 2305.03937",
        parameters=lambda of: of.prompt + 2 * of.width * BOTTLENECK + 2 * of.width,
        alone="a private prompt with a network's output added",
    ),
    "encoded": About(
        trained="as mixture, the private prompt behind a linear layer",
        source="CrossPT, its prompt encoder",
        parameters=lambda of: of.prompt + of.width**2 + _attention(of),
        alone="a private prompt behind a linear layer, without source prompts",
        beside="{sources} and a private prompt behind a linear layer",
        most_sources=ANY,
        is_mixed=True,
    ),
    "learned-sources": About(
        trained="as mixture, and copies of the source prompts",
        source="CrossPT, its sources that learn along",
        parameters=lambda of: (of.sources + 1) * of.prompt + _attention(of),
        alone=ALONE,
        beside="{sources}, trained along, and a private prompt",
        most_sources=ANY,
        is_mixed=True,
    ),
    "multiplied": About(
        trained="two vectors whose products scale the best source prompt",
        source="MPT, arXiv 2303.02861",
        parameters=lambda of: of.tokens + of.width + (0 if of.sources else of.prompt),
        alone="a private prompt with trained scales, without source prompts",
        beside="{sources}, frozen, with trained scales",
        most_sources=1,
    ),
    "router": About(
        trained="as mixture, with shares that are sampled meanwhile",
        source="CrossPT, its code's router",
        parameters=lambda of: of.prompt + _attention(of),
        alone=ALONE,
        beside="{sources} and a private prompt, their shares sampled while training",
        most_sources=ANY,
        is_mixed=True,
        still="router",
    ),
    "transfer": About(
        trained="a private prompt that starts at the best source prompt",
        source="SPoT, arXiv 2110.07904",
        parameters=lambda of: of.prompt,
        alone=ALONE,
        beside="a private prompt that started at {sources}",
        most_sources=1,
    ),
}
"""Name → method; the first is what a budget tries where no other is asked for."""


def about(name: str) -> About:
    """Return what is known of a method; of one that only a later version has, its name."""
    said = f"prompts of the method {name}"
    return METHODS.get(name) or About(trained="", source="", parameters=lambda of: 0, alone=said, beside=said)


def find_method(name: str) -> About:
    """Return the method of that name.

    Raises:
        OptionError: there is none.
    """
    if name not in METHODS:
        raise OptionError(Argument("method"), f"is {name!r}, but must be one of {', '.join(METHODS)}.")
    return METHODS[name]
