"""Which candidate is chosen, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspt_cli.evidence.outcome import CandidateResult
from crosspt_cli.evidence.trial import Candidate

CLEARLY = 0.5
"""Standard errors of the row-by-row difference beyond which a candidate is clearly worse: decision 15."""


def choose(results: Sequence[CandidateResult], shortened: bool = False) -> tuple[int, str]:
    """Return the index of the simplest candidate that is not clearly worse than the best, and why.

    Clearly worse: the mean difference in held-out utility, row by row, exceeds half a standard error of that mean.

    Args:
        results: every candidate that was scored; at least one is not failed.
        shortened: whether they read long texts shortened, and therefore have another score on whole ones.
    """
    usable = [index for index, result in enumerate(results) if result.state != "failed"]
    utilities = np.stack([results[index].utility for index in usable])
    places = pick(utilities, [results[index].candidate for index in usable])
    best, choice = (usable[place] for place in places)
    rows = "held-out rows, read shortened," if shortened else "held-out rows"
    return choice, _reason(results, best, choice, len(usable), rows)


def pick(utilities: np.ndarray, candidates: Sequence[Candidate]) -> tuple[int, int]:
    """Return the place of the best candidate, and of the simplest that is not clearly worse.

    Args:
        utilities: [candidates, rows], held-out utility; a row may occur more than once.
        candidates: as many.
    """
    best = int(utilities.mean(1).argmax())
    behind = utilities[best] - utilities  # [candidates, rows]
    clearly_worse = behind.mean(1) > CLEARLY * behind.std(1, ddof=1) / np.sqrt(behind.shape[1])
    return best, min(np.flatnonzero(~clearly_worse).tolist(), key=lambda place: candidates[place].simplicity)


def _reason(results: Sequence[CandidateResult], best: int, choice: int, count: int, rows: str) -> str:
    """Return what was compared and what decided, so that no accuracy beside it seems to contradict the choice."""
    if count == 1:
        which = "could be scored" if len(results) > 1 else "was tried"
        return f"It is the only candidate that {which}."
    chosen, top = results[choice], results[best]
    compared = f"by how many {rows} it got right ({_right(chosen)}) and how sure it was of the right labels."
    if best == choice:
        return f"The best of {count} candidates, {compared}{_beside_the_rightest(results, chosen)}"
    and_surer = ", surer of the right labels" if top.score.mean < chosen.score.mean else ""
    return (
        f"The simplest of {count} candidates that is about as good as the best, {compared} The best, "
        f"{_named_beside(chosen, top)}, got {_right(top)}{and_surer}; the difference may be chance."
    )


def _beside_the_rightest(results: Sequence[CandidateResult], chosen: CandidateResult) -> str:
    """Return of a candidate that got more right than the chosen one why it is not chosen; empty if there is none."""
    rightest = max((each for each in results if each.state != "failed"), key=lambda each: each.score.mean)
    if rightest.score.mean <= chosen.score.mean:
        return ""
    return f" Of the others, {_named_beside(chosen, rightest)} got {_right(rightest)}, but was less sure."


def _named_beside(chosen: CandidateResult, other: CandidateResult) -> str:
    same = chosen.candidate.words == other.candidate.words
    return "the same with another learning rate" if same else other.candidate.words


def _right(result: CandidateResult) -> str:
    return f"{100 * result.score.mean:.1f} %"
