"""Successive halving: who goes on after a rung, and who has nothing left to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crosspt_cli.evidence.outcome import CandidateResult


@dataclass(frozen=True)
class Halved:
    """Candidates after a rung, by number: those that go on, and those that were beaten; the others are complete."""

    going_on: tuple[int, ...]
    pruned: tuple[int, ...]


def halve(results: Mapping[int, CandidateResult], steps: int, keep: int) -> Halved:
    """Return which candidates go on after having been scored at `steps`.

    Attention over a few sources settles within the first rung: such candidates are complete after it. Of those that
    train a private prompt the `keep` best go on, and of these only the ones that are at their best now: held-out rows
    say that more steps would not help the others. The best without sources always goes on, because it is what the
    choice is compared with, and because a prompt that starts from nothing may fall before it rises.

    Args:
        results: number → candidate in training, at its best so far.
        steps: taken so far.
        keep: how many may go on.

    Source:
        Jamieson and Talwalkar 2016 for halving; stopping on held-out rows is early stopping, Prechelt 1998.
    """
    trained = [n for n, result in results.items() if result.candidate.lr_ratio > 0 and result.state != "failed"]
    ranked = sorted(trained, key=lambda n: -results[n].utility.mean())
    kept = ranked[:keep]
    alone = [n for n in ranked if results[n].candidate.is_alone][:1]
    if alone and alone[0] not in kept:
        kept = kept[: keep - 1] + alone
    going_on = [n for n in kept if results[n].steps == steps or n in alone]
    return Halved(tuple(going_on), tuple(n for n in ranked if n not in kept))
