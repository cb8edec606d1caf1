"""Do rows without labels count? Held-out rows may veto what is likely to help."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crosspt_cli.evidence.intervals import Estimate, points
from crosspt_cli.evidence.judge import Judged, best_readout, correct_by_seed, judge_readouts
from crosspt_cli.evidence.outcome import PoolWorth
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import TrialResult
from crosspt_cli.evidence.verdict import mean_difference

MASS = 1.0
"""All unlabelled rows together weigh as much as the labelled ones."""
LIKELY = 0.95
"""How probable it is, before a row is seen, that they help.

Source: docs/decisions/0025-rows-without-labels-count-unless-held-out-rows-object.md.
"""
MANY_UNUSUAL = 0.5  # share of the unlabelled rows beyond which a person should look at what they are


@dataclass(frozen=True)
class Weighed:
    """A chosen candidate with rows without labels weighed in, or not.

    Attributes:
        mass: how much they weigh together, in units of the labelled rows; 0 where they were left out.
        trials: the candidate's, as its held-out rows are answered now.
        judged: the readout that goes with them.
        without, within: everything it could have been kept as without these rows, and with them.
        worth: accuracy with them minus without, on held-out rows.
    """

    mass: float
    trials: Sequence[TrialResult]
    judged: Judged
    without: tuple[Judged, ...]
    within: tuple[Judged, ...]
    worth: Estimate


def weigh_pool(
    trials: Sequence[TrialResult],
    pooled: Sequence[TrialResult],
    readouts: Sequence[Readout],
    labels: np.ndarray,
    distinct: float,
) -> Weighed:
    """Return whether rows without labels count, and what that is worth on held-out rows.

    Held-out rows are too few to say how much such rows should weigh. They can say that these ones harm: then the
    likelihood of the right labels falls by more than the odds for them.

    Args:
        trials: the chosen candidate's, over all folds and seeds.
        pooled: the same trials, similar to prototypes that have seen the unlabelled rows.
        readouts: what to choose among.
        labels: of all labelled rows, [rows] int64.
        distinct: share of the rows that speak for themselves; near-copies of others do not.
    """
    without = _likely(judge_readouts(trials, readouts, labels), 1 - LIKELY)
    within = _likely(judge_readouts(pooled, readouts, labels), LIKELY)
    best = best_readout(without), best_readout(within)
    right = [correct_by_seed(each, judged.readout, labels) for each, judged in zip((trials, pooled), best, strict=True)]
    worth = mean_difference(right[1] - right[0], distinct)
    if best[0].utility.sum() > best[1].utility.sum() or not best[1].readout.weight:  # label words know no prototypes
        return Weighed(0.0, trials, best[0], without, within, worth)
    return Weighed(MASS, pooled, best[1], without, within, worth)


def _likely(judged: Sequence[Judged], probability: float) -> tuple[Judged, ...]:
    return tuple(replace(each, log_prior=each.log_prior + math.log(probability)) for each in judged)


def pool_worth(weighed: Weighed | None, usable: int, unusual: int, possible: int) -> PoolWorth:
    """Return what is to be said of rows without labels.

    Args:
        weighed: whether they count; None where none of them was usable, or no answer is read from prototypes.
        usable: rows that prototypes may see.
        unusual: rows that were left out because they are unlike the labelled ones.
        possible: rows of which those are a sample.
    """
    sample = f" of {possible:,}" if usable + unusual < possible else ""
    odd = ""
    if unusual:
        share = f"{unusual:,} of {usable + unusual:,} are unlike the labelled rows and do not count"
        ask = "; are they of the same kind?" if unusual > MANY_UNUSUAL * (usable + unusual) else "."
        odd = f" {share[0].upper()}{share[1:]}{ask}"
    rows = f"{usable:,}{sample} {'row without a label' if possible == 1 else 'rows without labels'}"
    one, nothing = usable == 1, Estimate(0.0, 0.0, 0.0)
    if not usable:
        return PoolWorth(usable, unusual, possible, 0.0, nothing, f"No row without a label counts.{odd}")
    if weighed is None or not weighed.judged.readout.weight:
        said = f"{'changes' if one else 'change'} nothing: answers are read from label words alone"
        return PoolWorth(usable, unusual, possible, 0.0, nothing, f"{rows} {said}.{odd}")
    ends = f"90 % interval {points(weighed.worth.low)} to {points(weighed.worth.high)}"
    gain = f"{points(weighed.worth.value)} points of held-out rows right ({ends})"
    count, were = ("counts", "was") if one else ("count", "were")
    said = f"{count}:" if weighed.mass else f"{were} left out; with them it would be"
    return PoolWorth(
        usable, unusual, possible, weighed.mass, weighed.worth,
        f"{rows} {said} {gain}.{odd}",
    )  # fmt: skip
