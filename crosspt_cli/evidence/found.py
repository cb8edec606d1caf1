"""What a search hands over to be judged: answers on held-out rows, of all that was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crosspt_cli.evidence.judge import Judged, result_of
from crosspt_cli.evidence.outcome import CandidateResult, Score
from crosspt_cli.evidence.sharing import Without
from crosspt_cli.evidence.trial import Fold, TrialResult
from crosspt_cli.evidence.with_pool import Weighed


@dataclass(frozen=True)
class Reread:
    """Everything a candidate could have been kept as where its texts were read `short`, and where `in_full`."""

    short: tuple[Judged, ...]
    in_full: tuple[Judged, ...]


@dataclass(frozen=True)
class Found:
    """Everything that is known of held-out rows when a search ends.

    Attributes:
        labels: [rows] int64.
        classes: their names.
        vectors: [rows, H] float32, the frozen encoder's, without a prompt.
        folds: of the study.
        results: every candidate at its best; the chosen one, and the best without sources, on rows in full.
        kept: candidate → its trials at the steps at which it was best, in the same way.
        judged: candidate → everything it could have been kept as: at all steps at which it was scored, with all
            readouts and temperatures; on rows as candidates read them.
        choice, reason: the chosen candidate, and why, from `choose`.
        baselines: name → score.
        best_source: the class that the best source of each row's fold answers, untouched, [rows]; None without any.
        without: source of the chosen candidate → answers with and without it.
        weighed: the chosen candidate with rows without labels weighed in; None where there are none.
        fewer: rows of a fold's training part, and whether each row is right where the chosen candidate was trained on
            so few, [rows]; the fewest first.
        seed: of the study.
        distinct: share of the rows that speak for themselves; near-copies of others do not.
        reread: the chosen candidate where it read texts shortened, and in full; None where nothing was shortened.
    """

    labels: np.ndarray
    classes: tuple[str, ...]
    vectors: np.ndarray
    folds: Sequence[Fold]
    results: tuple[CandidateResult, ...]
    kept: Mapping[int, Sequence[TrialResult]]
    judged: Mapping[int, Sequence[Judged]]
    choice: int
    reason: str
    baselines: dict[str, Score]
    best_source: np.ndarray | None
    without: Mapping[str, Without]
    fewer: Sequence[tuple[float, np.ndarray]]
    seed: int
    distinct: float = 1.0
    weighed: Weighed | None = None
    reread: Reread | None = None

    @property
    def chosen(self) -> CandidateResult:
        """The candidate that was chosen, with the rows without labels where they count."""
        chosen = self.results[self.choice]
        if self.weighed is None:
            return chosen
        return result_of(chosen.candidate, chosen.state, chosen.steps, self.weighed.judged, self.trials, self.folds)

    @property
    def trials(self) -> Sequence[TrialResult]:
        """The chosen candidate's trials, as their held-out rows are answered in the end."""
        return self.kept[self.choice] if self.weighed is None else self.weighed.trials

    @property
    def changed(self) -> tuple[Sequence[Judged], Sequence[Judged]] | None:
        """What the chosen candidate could have been kept as when it was chosen, and now; None where that is the same.

        It answers otherwise once it reads texts in full, and where rows without labels are weighed in.
        """
        if self.weighed is None:
            return None if self.reread is None else (self.reread.short, self.reread.in_full)
        before = self.weighed.without if self.reread is None else self.reread.short
        return before, (*self.weighed.without, *self.weighed.within)

    @property
    def rows_of_a_fold(self) -> float:
        """On how many rows the folds train, on average."""
        return mean_rows(self.folds)


def mean_rows(folds: Sequence[Fold]) -> float:
    """Return on how many rows folds train, on average."""
    return float(np.mean([len(fold.train) for fold in folds]))
