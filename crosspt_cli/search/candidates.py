"""What the search chooses among: how many sources, and how fast the private prompt learns."""

from __future__ import annotations

from collections.abc import Sequence

from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.methods import MIXTURE, about

SLOWEST_ALONE = 0.25
"""A private prompt on its own needs at least this ratio to leave its start within a few dozen steps."""


def make_candidates(
    ranked: Sequence[str], ms: Sequence[int], ratios: Sequence[float], method: str = MIXTURE
) -> tuple[Candidate, ...]:
    """Return every usable pair of M and ratio; an M beyond the sources there are is taken as all of them.

    M = 0 is always among them, and so is attention only where there is a source.

    Args:
        ranked: source names, most useful first.
        ms: numbers of sources to try.
        ratios: learning-rate ratios to try.
        method: what is trained; `ranked` has no more sources than it may use. Where only attention is trained, its
            candidates are those of `still`.
    """
    usable = sorted({min(m, len(ranked)) for m in (*ms, 0)})
    with_sources = sorted({*ratios, 0.0})
    alone = [ratio for ratio in with_sources if ratio >= SLOWEST_ALONE] or [1.0]
    pairs = [(m, ratio) for m in usable for ratio in (with_sources if m else alone)]
    still = about(method).still
    return tuple(Candidate(tuple(ranked[:m]), ratio, method=method if ratio else still) for m, ratio in pairs)
