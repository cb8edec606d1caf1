"""Did sharing help? What source prompts are worth to the chosen prompt, on rows that had no say in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crosspt_cli.evidence.intervals import Estimate, points
from crosspt_cli.evidence.judge import correct_by_seed
from crosspt_cli.evidence.outcome import Sharing, SourceWorth, Verdict
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, TrialResult
from crosspt_cli.evidence.verdict import ALONE, mean_difference

ONE_SOURCE = "One source prompt is all that is in use."
ALSO_COUNTED = "The choice also counts how probable the right labels were made, and which candidate is simpler."
ON_SHORTENED = "The choice was made on texts read shortened, and this is of texts in full."


@dataclass(frozen=True)
class Without:
    """Trials as their prompts answer with a source, and without it: of each trial that mixed it in, in one order."""

    before: Sequence[TrialResult]
    after: Sequence[TrialResult]


def did_sharing_help(
    candidate: Candidate,
    readout: Readout,
    without: Mapping[str, Without],
    labels: np.ndarray,
    verdict: Verdict,
    distinct: float,
    shortened: bool = False,
) -> Sharing:
    """Return what sharing was worth to the chosen candidate.

    As a whole: its accuracy minus that of a private prompt alone. Source by source: how much accuracy is lost when
    one is taken out of the trained mixture. Where one source is all there is, only the first can be said.

    Args:
        candidate: the chosen one.
        readout: chosen with it.
        without: source → answers with and without it.
        labels: of all the task's rows, [rows] int64.
        verdict: of the study.
        distinct: share of the rows that speak for themselves; near-copies of others do not.
        shortened: whether the choice was made on texts that were read shortened.
    """
    if candidate.m == 0:
        return Sharing(None, {}, "")
    alone = verdict.methods.get(ALONE)
    against = None if alone is None else _turned(alone.difference)
    found = ((name, _worth(each, readout, labels, distinct)) for name, each in without.items())
    worth = dict(sorted(found, key=lambda each: -each[1].value))
    return Sharing(
        None if against is None else SourceWorth(against),
        {name: SourceWorth(each) for name, each in worth.items()},
        ONE_SOURCE if candidate.is_source and against is None else _sentence(against, worth, shortened),
    )


def _turned(difference: Estimate) -> Estimate:
    return Estimate(-difference.value, -difference.high, -difference.low)


def _worth(source: Without, readout: Readout, labels: np.ndarray, distinct: float) -> Estimate:
    """Return how much accuracy is lost without a source, on the folds that used it."""
    seen = np.unique(np.concatenate([trial.held_out for trial in source.before]))
    before, after = (correct_by_seed(trials, readout, labels) for trials in (source.before, source.after))
    return mean_difference((before - after)[seen], distinct)


def _sentence(against: Estimate | None, worth: Mapping[str, Estimate], shortened: bool = False) -> str:
    """Return what a person should know: the whole first, then what helps most, and what harms."""
    parts = [] if against is None else [_whole(against, shortened)]
    helps = [name for name, each in worth.items() if each.low > 0]
    if helps:
        parts.append(f"Of the sources {helps[0]} helps most: {_with_interval(worth[helps[0]])}.")
    harms = {name: each for name, each in worth.items() if each.high < 0}
    parts += [f"{name} harms: {_with_interval(each)} (negative transfer)." for name, each in harms.items()]
    if worth and len(parts) == (against is not None):
        parts.append("No single source makes a difference that these rows can show.")
    return " ".join(parts)


def _whole(against: Estimate, shortened: bool = False) -> str:
    """Return what sharing does to accuracy, and where that speaks against the choice, what else was looked at."""
    apart = f"{_with_interval(against)} over a private prompt alone"
    if against.low > 0:
        said = f"Sharing helps: {apart}."
    elif against.high < 0:
        said = f"Sharing costs right answers: {apart}."
    else:
        said = f"Whether sharing helps, these rows cannot tell: {apart}."
    also = f" {ON_SHORTENED}" if shortened else ""
    return f"{said} {ALSO_COUNTED}{also}" if against.value < 0 else said


def _with_interval(worth: Estimate) -> str:
    return f"{points(worth.value)} points (90 % interval {points(worth.low)} to {points(worth.high)})"
