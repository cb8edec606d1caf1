"""Which candidate is chosen, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspt_cli.search.candidates import Candidate
from crosspt_cli.search.outcome import CandidateResult

CLEARLY = 0.5
"""Standard errors of the row-by-row difference beyond which a candidate is clearly worse: decision 15."""


def choose(results: Sequence[CandidateResult]) -> tuple[int, str]:
    """Return the index of the simplest candidate that is not clearly worse than the best, and why.

    Clearly worse: the mean difference in held-out utility, row by row, exceeds half a standard error of that mean.

    Args:
        results: every candidate that was scored; at least one is not failed.
    """
    usable = [index for index, result in enumerate(results) if result.state != "failed"]
    utilities = np.stack([results[index].utility for index in usable])
    places = pick(utilities, [results[index].candidate for index in usable])
    best, choice = (usable[place] for place in places)
    return choice, _reason(results, best, choice, len(usable))


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


def _reason(results: Sequence[CandidateResult], best: int, choice: int, count: int) -> str:
    chosen, top = results[choice], results[best]
    if best == choice:
        return f"{chosen.candidate} had the best held-out score of {count} candidates."
    gap = top.utility.mean() - chosen.utility.mean()
    return (
        f"{chosen.candidate} is the simplest of {count} candidates within half a standard error of the best, "
        f"{top.candidate} (held-out accuracy {chosen.score.mean:.1%} against {top.score.mean:.1%}, "
        f"utility {gap:.2f} apart)."
    )
