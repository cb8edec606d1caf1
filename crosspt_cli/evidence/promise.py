"""From which confidence on answers are right often enough, as far as held-out rows can promise it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosspt_cli.evidence.outcome import HeldOutAnswers
from crosspt_cli.foundation.errors import Argument, OptionError

LEVEL = 0.9
"""How often a promise that was made is to hold."""
MOST_ROWS = 100_000  # beyond which nobody is told to label


@dataclass(frozen=True)
class Promise:
    """Answers of at least `threshold` are right with at least `target`, in nine of ten onboardings.

    `rows` held-out rows stand behind it: `accepted` of them are as sure, and `right` of these are right.
    """

    target: float
    threshold: float
    rows: int
    accepted: int
    right: int


def find_promise(answers: HeldOutAnswers, target: float) -> Promise:
    """Return the lowest confidence from which on the accuracy can be promised.

    Hypotheses "the accuracy from this confidence on is below the target" are tested from the highest confidence down,
    each at 10 %, until one cannot be rejected: as their order does not depend on what is right, no more is paid for
    testing many. Each is an exact binomial test, so the last one rejected has a Clopper-Pearson bound of at least the
    target. Rows that are right by the luck of the choice count as wrong wherever they may be.

    Args:
        answers: held-out rows.
        target: the accuracy wanted of the answers that are given, between 0 and 1.

    Raises:
        OptionError: too few rows, or too few of them right; says about how many labelled rows it would take.

    Source:
        Angelopoulos et al. 2021, Learn then Test, arXiv 2110.01052: the fixed sequence. Clopper and Pearson 1934.
        Geifman and El-Yaniv 2017 for choosing a threshold on held-out rows; they test fewer, at a smaller level each.
    """
    if not 0 < target < 1:
        raise OptionError(Argument("target_accuracy"), f"is {target:g}, but must lie between 0 and 1.")
    ordered = np.sort(answers.confidence)[::-1]
    found = None
    tested = sizes_to_test(len(ordered), answers.luck, target)
    for size in tested:
        sure = answers.confidence >= ordered[size - 1]
        tried = Promise(
            target, float(ordered[size - 1]), len(ordered), int(sure.sum()), int(answers.correct[sure].sum())
        )
        if chance(tried.right - answers.luck, tried.accepted, target) > 1 - LEVEL:
            break
        found = tried
    if found is None:
        raise _refusal(answers, target, tried if tested else None)
    return found


def sizes_to_test(rows: int, luck: float, target: float) -> list[int]:
    """Return how many of the surest rows are tested together, one test after the other; at last all of them.

    Each is the smallest number that can be rejected with one more wrong answer than the one before.
    """
    sizes: list[int] = []
    for size in range(1, rows + 1):
        if chance(size - len(sizes) - luck, size, target) <= 1 - LEVEL:
            sizes.append(size)
    return sizes if not sizes or sizes[-1] == rows else [*sizes, rows]


def chance(right: float, rows: int, target: float) -> float:
    """Return the probability of at least so many right answers where each is right with `target`.

    Args:
        right: need not be whole; between whole numbers it is the incomplete beta function's value.
        rows: how many answers.
        target: between 0 and 1.
    """
    from scipy.special import betainc

    return float(betainc(right, rows - right + 1, target)) if right > 0 else 1.0


def fewest_rows(accuracy: float, luck: float, target: float) -> int | None:
    """Return how many rows can promise the target if they are right with `accuracy`; None beyond `MOST_ROWS`."""
    low, high = 0, 1
    while chance(accuracy * high - luck, high, target) > 1 - LEVEL:
        low, high = high, 2 * high
        if low > MOST_ROWS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = chance(accuracy * middle - luck, middle, target) <= 1 - LEVEL
        low, high = (low, middle) if enough else (middle, high)
    return high


def rows_needed(answers: HeldOutAnswers, target: float) -> int | None:
    """Return about how many labelled rows could promise the target, if more of them are like these; None if no number.

    However many of the surest rows are looked at, they are taken to be right as often as they are, less a little
    because they are few: half a right and half a wrong one are added (Jeffreys 1946).
    """
    right = np.cumsum(answers.correct[np.argsort(-answers.confidence, kind="stable")])
    rows = len(right)
    looked_at = np.unique(np.linspace(1, rows, 200).astype(int)).tolist()
    needed = {n: fewest_rows((right[n - 1] + 0.5) / (n + 1), answers.luck, target) for n in looked_at}
    totals = [of_them * rows / n for n, of_them in needed.items() if of_them]
    return int(np.ceil(min(totals))) if totals and min(totals) <= MOST_ROWS else None


def _refusal(answers: HeldOutAnswers, target: float, tried: Promise | None) -> OptionError:
    rows, needed = len(answers.correct), rows_needed(answers, target)
    if tried is None:
        least = fewest_rows(1.0, answers.luck, target) or f"more than {MOST_ROWS:,}"
        problem = f"{target:g} cannot be promised by {rows} held-out rows: it takes {least} even if all are right."
    else:
        problem = (
            f"{target:g} cannot be promised: of the {tried.accepted} surest of {rows} held-out rows "
            f"{tried.right} are right, which is too few."
        )
    if answers.luck >= 0.05:
        problem = f"{problem[:-1]} ({answers.luck:.1f} count as wrong, for the luck of having been chosen)."
    more = f"About {needed:,} labelled rows would do, if the others are like these" if needed else _NO_NUMBER
    hint, typed = (
        f"{more}; or choose a threshold yourself with {name}." for name in ("abstain_below", "--abstain-below")
    )
    return OptionError(Argument("target_accuracy"), problem, hint, typed)


_NO_NUMBER = "Ask for less: not even the surest answers are right often enough to say how many rows it would take"
