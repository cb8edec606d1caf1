"""Which candidate is chosen, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspt_cli.search.outcome import CandidateResult


def choose(results: Sequence[CandidateResult]) -> tuple[int, str]:
    """Return the index of the simplest candidate that is not clearly worse than the best, and why.

    Clearly worse: the mean difference in held-out utility, row by row, exceeds one standard error of that mean.

    Args:
        results: every candidate that was scored; at least one is not failed.
    """
    usable = [index for index, result in enumerate(results) if result.state != "failed"]
    best = max(usable, key=lambda index: results[index].utility.mean())
    as_good = [index for index in usable if not _clearly_worse(results[index].utility, results[best].utility)]
    choice = min(as_good, key=lambda index: results[index].candidate.simplicity)
    return choice, _reason(results, best, choice, len(usable))


def _clearly_worse(utility: np.ndarray, best: np.ndarray) -> bool:
    difference = best - utility
    return difference.mean() > difference.std(ddof=1) / np.sqrt(len(difference))


def _reason(results: Sequence[CandidateResult], best: int, choice: int, count: int) -> str:
    chosen, top = results[choice], results[best]
    if best == choice:
        return f"{chosen.candidate} had the best held-out score of {count} candidates."
    gap = top.utility.mean() - chosen.utility.mean()
    return (
        f"{chosen.candidate} is the simplest of {count} candidates within one standard error of the best, "
        f"{top.candidate} (held-out accuracy {chosen.score.mean:.1%} against {top.score.mean:.1%}, "
        f"{gap:.2f} apart in accuracy plus log-likelihood)."
    )
