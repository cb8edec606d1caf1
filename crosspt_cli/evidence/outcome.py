"""What a study finds: every trial with its held-out predictions, the choice, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from crosspt_cli.evidence.forecast import LearningCurve
from crosspt_cli.evidence.intervals import MARGIN, Estimate
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, State, TrialResult
from crosspt_cli.foundation.records import Key

Outcome = Literal["as good", "worse", "cannot tell"]


@dataclass(frozen=True)
class Score:
    """Held-out results over all folds.

    Attributes:
        mean: accuracy over all rows, 0 to 1; NaN of a candidate that failed, and so is `se`.
        se: standard error of `mean` over rows.
        per_fold: accuracy on each fold.
        log_likelihood: mean held-out one of the true class, in nats; NaN where only the answers are compared.
        correct: per row, the fraction of seeds that got it right, [rows].
    """

    RECORD: ClassVar = ("mean", "se", "per_fold", "log_likelihood")

    mean: float
    se: float
    per_fold: tuple[float, ...]
    log_likelihood: float
    correct: np.ndarray


def score_of(correct: np.ndarray, per_fold: tuple[float, ...], log_likelihood: float) -> Score:
    """Return the score of rows that were right so often, [rows]; see `Score`."""
    se = float(correct.std(ddof=1) / np.sqrt(len(correct)))
    return Score(float(correct.mean()), se, per_fold, log_likelihood, correct)


@dataclass(frozen=True)
class CandidateResult:
    """A candidate at its best number of steps and with its best readout.

    `words_share`: how much of what sets its held-out classes apart comes from label words, 0 to 1; the rest comes from
    prototypes · `utility` [rows]: held-out log-likelihood plus 1 where right, and the row's part of what speaks for the
    readout beforehand; what candidates are compared on.
    """

    RECORD: ClassVar = (
        Key("candidate", inline=True),
        "state",
        "steps",
        "readout",
        Key("words_share", "readout.words_share", digits=3),
        Key("score", inline=True),
        Key("mean_utility", "utility"),
    )

    candidate: Candidate
    state: State
    steps: int
    readout: Readout
    score: Score
    words_share: float
    utility: np.ndarray

    @property
    def mean_utility(self) -> float:
        """The mean of `utility`."""
        return float(self.utility.mean())


def failed_candidate(candidate: Candidate, rows: int, steps: int) -> CandidateResult:
    """Return the result of a candidate that was never scored with numbers throughout: it has none."""
    nothing = np.full(rows, np.nan)
    score = score_of(nothing, (), math.nan)
    return CandidateResult(candidate, "failed", steps, Readout(0.0), score, math.nan, nothing)


@dataclass(frozen=True)
class SourceRank:
    """How useful a source is to this task before any training: its loss in nats on the task's rows."""

    name: str
    loss: float


@dataclass(frozen=True)
class Corrected:
    """What to expect of the chosen candidate.

    Three steps lead there from the held-out accuracy:

    Attributes:
        out_of_bag: of prompts that a fold's rows trained, without the luck of the choice.
        all_rows: that, moved to what all rows should train.
        accuracy: that, moved towards what tasks usually reach, the farther the fewer rows it stands on.
        rows_worth: how many rows, measured by themselves, would leave `all_rows` as uncertain as it is.
        why: the reason that it is another number than the held-out accuracy; empty where it is the same.
    """

    RECORD: ClassVar = (Key("accuracy", "corrected"), "out_of_bag", "all_rows", "why")

    accuracy: Estimate
    out_of_bag: float
    all_rows: float
    rows_worth: float = math.nan
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """A simpler method on the same rows: its score, and its accuracy minus the chosen candidate's, row by row.

    The upper end of the difference's interval is raised by the luck of the choice. `outcome`: what the rows say of it.
    """

    RECORD: ClassVar = (Key("score", inline=True), "outcome", "difference")

    score: Score
    difference: Estimate
    outcome: Outcome


def outcome_of(difference: Estimate) -> Outcome:
    """Return as good where the interval lies above -`MARGIN`, worse where it lies below 0, else that it is open."""
    if difference.low > -MARGIN:
        return "as good"
    return "worse" if difference.high < 0 else "cannot tell"


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

    RECORD: ClassVar = ("simpler", "sentence", "methods")

    methods: dict[str, Comparison]
    simpler: str | None
    sentence: str


@dataclass(frozen=True)
class SourceWorth:
    """How much held-out accuracy something adds."""

    worth: Estimate


@dataclass(frozen=True)
class Sharing:
    """Whether sources helped.

    Attributes:
        against_alone: the chosen candidate over a private prompt alone; None without a source, or without one to
            compare with.
        sources: name → what it is worth to the mixture, most first; those that no fold used are missing.
        sentence: that for a person; empty where no source is in use.
    """

    RECORD: ClassVar = ("sentence", "against_alone", "sources")

    against_alone: SourceWorth | None
    sources: dict[str, SourceWorth]
    sentence: str


@dataclass(frozen=True)
class PoolWorth:
    """What rows without labels were worth.

    Attributes:
        rows: that class prototypes may see.
        unusual: rows that were left out because they are unlike the labelled ones.
        possible: rows of which those two are a sample.
        mass: how much the rows weigh together at most, in units of the labelled ones; 0 where they do not count.
        worth: accuracy with them minus without, on held-out rows; all 0 where there was none.
        sentence: that for a person.
    """

    rows: int
    unusual: int
    possible: int
    mass: float
    worth: Estimate
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


NO_ANSWERS = HeldOutAnswers(np.empty(0, np.float32), np.empty(0, np.float32), 0.0)


@dataclass(frozen=True)
class Calibration:
    """The chosen candidate's probabilities, before and after its temperature was fitted.

    Of each row, what is said after calibration comes from a temperature that was fitted without its fold.

    Attributes:
        temperature: fitted on all held-out rows.
        confidence_before, confidence: the mean, 0 to 1.
        log_likelihood_before, log_likelihood: of the true class, the mean in nats.
        shares: [seeds, rows, C], held-out class probabilities at the temperature fitted on all of them.
        answers: of every row, by the first seed; the task keeps them.
    """

    RECORD: ClassVar = (
        "temperature",
        "confidence_before",
        "confidence",
        "log_likelihood_before",
        "log_likelihood",
    )

    temperature: float
    confidence_before: float
    confidence: float
    log_likelihood_before: float
    log_likelihood: float
    shares: np.ndarray
    answers: HeldOutAnswers = NO_ANSWERS


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
        sources_left_out: whether it left no time to say what single sources are worth.
        shortened: whether candidates read long texts shortened; then only the chosen one, and the best without sources,
            have scores on texts in full.
        seconds: the search took.
        suspects: rows that are probably labelled wrongly, the surest first.
        pool: what rows without labels were worth; None where there were none.
        without_pool: the chosen candidate as it would be without them; None where there were none.
    """

    RECORD: ClassVar = (
        "choice",
        "reason",
        "folds",
        "stopped_early",
        "curve_left_out",
        "sources_left_out",
        "shortened",
        Key("seconds", digits=2),
        "candidates",
        "baselines",
        Key("corrected", inline=True),
        "verdict",
        "sharing",
        "calibration",
        Key("curve", "learning_curve"),
        Key("ranks", "sources"),
        "pool",
        "trials",
    )

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
    sources_left_out: bool = False
    shortened: bool = False
    pool: PoolWorth | None = None
    without_pool: CandidateResult | None = None

    @property
    def chosen(self) -> CandidateResult:
        """The candidate that was chosen."""
        return self.candidates[self.choice]

    @property
    def readout(self) -> Readout:
        """The chosen one, at the temperature that was fitted on all held-out rows."""
        return replace(self.chosen.readout, temperature=self.calibration.temperature)

    def count(self, state: State) -> int:
        """Return how many trials ended in `state`."""
        return sum(trial.state == state for trial in self.trials)
