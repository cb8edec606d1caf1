"""What a study finds: every trial with its held-out predictions, the choice, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crosspt_cli.evidence.forecast import LearningCurve
from crosspt_cli.evidence.intervals import MARGIN
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, State, TrialResult

Outcome = Literal["as good", "worse", "cannot tell"]


@dataclass(frozen=True)
class Score:
    """Held-out results over all folds.

    Attributes:
        correct: per row, the fraction of seeds that got it right, [rows].
        per_fold: accuracy on each fold.
        nats: mean held-out log-likelihood of the true class, NaN where only the answers are compared.
    """

    correct: np.ndarray
    per_fold: tuple[float, ...]
    nats: float

    @property
    def mean(self) -> float:
        """Accuracy over all rows, 0 to 1."""
        return float(self.correct.mean())

    @property
    def se(self) -> float:
        """Standard error of `mean` over rows."""
        return float(self.correct.std(ddof=1) / np.sqrt(len(self.correct)))


@dataclass(frozen=True)
class CandidateResult:
    """A candidate at its best number of steps and with its best readout.

    `words_share`: how much of what sets its held-out classes apart comes from label words, 0 to 1; the rest comes from
    prototypes · `utility` [rows]: held-out log-likelihood plus 1 where right, and the row's part of what speaks for the
    readout beforehand; what candidates are compared on.
    """

    candidate: Candidate
    state: State
    steps: int
    readout: Readout
    score: Score
    words_share: float
    utility: np.ndarray


def failed_candidate(candidate: Candidate, rows: int, steps: int) -> CandidateResult:
    """Return the result of a candidate that was never scored with numbers throughout: it has none."""
    nothing = np.full(rows, np.nan)
    score = Score(nothing, (), math.nan)
    return CandidateResult(candidate, "failed", steps, Readout(0.0), score, math.nan, nothing)


@dataclass(frozen=True)
class SourceRank:
    """How useful a source is to this task before any training: its loss in nats on the task's rows."""

    name: str
    loss: float


@dataclass(frozen=True)
class Corrected:
    """What to expect of the chosen candidate: `mean` accuracy, and its 90 % interval `low` to `high`.

    Three steps lead there from the held-out accuracy:

    Attributes:
        out_of_bag: of prompts that a fold's rows trained, without the luck of the choice.
        all_rows: that, moved to what all rows should train.
        mean: that, moved towards what tasks usually reach, the farther the fewer rows it stands on.
        rows_worth: how many rows, measured by themselves, would leave `all_rows` as uncertain as it is.
    """

    mean: float
    low: float
    high: float
    out_of_bag: float
    all_rows: float
    rows_worth: float


@dataclass(frozen=True)
class Comparison:
    """A simpler method on the same rows: its score, and its accuracy minus the chosen candidate's, row by row.

    `low` to `high` is the 90 % interval of `difference`, the upper end raised by the luck of the choice; all three are
    fractions.
    """

    score: Score
    difference: float
    low: float
    high: float

    @property
    def outcome(self) -> Outcome:
        """As good where the interval lies above -`MARGIN`, worse where it lies below 0; else the rows cannot tell."""
        if self.low > -MARGIN:
            return "as good"
        return "worse" if self.high < 0 else "cannot tell"


@dataclass(frozen=True)
class Suspect:
    """A row that is probably labelled wrongly: its number, both classes, and their held-out probabilities."""

    row: int
    given: int
    likely: int
    given_share: float
    likely_share: float


@dataclass(frozen=True)
class Verdict:
    """Whether something simpler would do.

    Attributes:
        methods: name → comparison, the simplest first.
        simpler: the simplest method that is as good; None where none is known to be.
        sentence: that for a person.
    """

    methods: dict[str, Comparison]
    simpler: str | None
    sentence: str


@dataclass(frozen=True)
class SourceWorth:
    """How much held-out accuracy something adds, a fraction, and its 90 % interval `low` to `high`."""

    name: str
    points: float
    low: float
    high: float


@dataclass(frozen=True)
class Sharing:
    """Whether sources helped.

    Attributes:
        against_alone: the chosen candidate over a private prompt alone; None without a source, or without one to
            compare with.
        sources: what each source is worth to the mixture, most first; those that no fold used are missing.
        sentence: that for a person; empty where no source is in use.
    """

    against_alone: SourceWorth | None
    sources: tuple[SourceWorth, ...]
    sentence: str


@dataclass(frozen=True)
class HeldOutAnswers:
    """What answers were worth on rows that their prompt was not trained on.

    Attributes:
        confidence: [rows] float32, after calibration.
        correct: [rows] float32, 1 where right and 0 where wrong.
        luck: how many of the rows are right only because the best of many was chosen on them; 0 or more.
    """

    confidence: np.ndarray
    correct: np.ndarray
    luck: float


@dataclass(frozen=True)
class Calibration:
    """The chosen candidate's probabilities, before and after its temperature was fitted.

    Of each row, what is said after calibration comes from a temperature that was fitted without its fold.

    Attributes:
        readout: the chosen one, with the temperature fitted on all held-out rows.
        before, after: mean confidence, 0 to 1.
        nats_before, nats_after: mean log-likelihood of the true class.
        answers: of every row, by the first seed.
        shares: [seeds, rows, C], held-out class probabilities at the temperature fitted on all of them.
    """

    readout: Readout
    before: float
    after: float
    nats_before: float
    nats_after: float
    answers: HeldOutAnswers
    shares: np.ndarray


@dataclass(frozen=True)
class StudyResult:
    """Everything a study found.

    Attributes:
        choice: index into `candidates`.
        reason: the choice in one sentence.
        candidates: in the order they were tried.
        trials: all of them.
        ranks: the sources, most useful first.
        baselines: name → score on the same folds.
        corrected: the chosen candidate's score without the luck of the choice.
        verdict: the chosen candidate beside simpler methods.
        sharing: what the sources were worth to it.
        calibration: what its probabilities are worth.
        curve: what more rows should bring.
        stopped_early: whether the time limit ended the search.
        curve_left_out: whether it left no time to train on fewer rows, though the budget has it.
        seconds: the search took.
        suspects: rows that are probably labelled wrongly, the surest first.
    """

    choice: int
    reason: str
    candidates: tuple[CandidateResult, ...]
    trials: tuple[TrialResult, ...]
    ranks: tuple[SourceRank, ...]
    baselines: dict[str, Score]
    corrected: Corrected
    verdict: Verdict
    sharing: Sharing
    calibration: Calibration
    curve: LearningCurve
    folds: int
    stopped_early: bool
    seconds: float
    suspects: tuple[Suspect, ...] = ()
    curve_left_out: bool = False

    @property
    def chosen(self) -> CandidateResult:
        """The candidate that was chosen."""
        return self.candidates[self.choice]

    def count(self, state: State) -> int:
        """Return how many trials ended in `state`."""
        return sum(trial.state == state for trial in self.trials)
