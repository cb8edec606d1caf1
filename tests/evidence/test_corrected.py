"""The corrected score on simulated studies whose truth is known: the luck of the choice is taken off, and no more."""

import time
from statistics import NormalDist

import numpy as np
import pytest

from crosspt_cli.evidence.choice import pick
from crosspt_cli.evidence.corrected import USUAL_ROWS, USUAL_SKILL, corrected_score, towards_usual, why_other
from crosspt_cli.evidence.forecast import USUAL
from crosspt_cli.evidence.intervals import Estimate, wilson
from crosspt_cli.evidence.judge import Judged
from crosspt_cli.evidence.outcome import Corrected
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.folds import stratified_folds

STUDIES = 120
TWENTY = tuple(Candidate(("a",) * (number % 5), 0.05 * (1 + number // 5)) for number in range(20))
FEATURES, TOLD = 40, 8  # of which only the first few differ between the classes
below = np.vectorize(NormalDist().cdf)


def judged(correct, sure=0.8) -> Judged:
    """Return what a configuration scored, [rows]: surer where it is right."""
    correct = np.asarray(correct, float)
    return Judged(Readout(0.0), np.where(correct > 0, np.log(sure), np.log(0.3)), correct)


def with_skills(random: np.random.Generator, skills: np.ndarray, rows: int, shared: float = 0.6):
    """Return a study's candidates, each right as often as its skill says; most rows are easy or hard for all alike."""
    of_row, own = random.random(rows), random.random((len(skills), rows))
    luck = np.where(random.random(own.shape) < shared, of_row, own)
    return [[judged(correct)] for correct in luck < skills[:, None]], skills


def with_learners(random: np.random.Generator, rows: int, gap: float):
    """Return a study of real learners: lines between class means that use ever more features, most of them useless.

    The truth is that of a last fit on all rows, as in an onboarding, and known from the normal distribution.
    """
    labels = np.arange(rows) % 2
    middle = np.where(np.arange(FEATURES) < TOLD, gap, 0.0)
    inputs = random.normal(size=(rows, FEATURES)) + np.where(labels[:, None] == 1, middle, -middle)
    folds = stratified_folds(labels, 3, int(random.integers(1000)))
    found, truth = [], []
    for used in range(4, FEATURES + 1, 4):
        heights = np.zeros(rows)
        for fold in folds:
            line, offset = fitted_line(inputs[fold.train], labels[fold.train], used)
            heights[fold.held_out] = inputs[fold.held_out] @ line - offset
        right = np.where(labels == 1, heights, -heights)
        found.append([Judged(Readout(0.0), -np.log1p(np.exp(-2 * right)), (right > 0).astype(float))])
        line, offset = fitted_line(inputs, labels, used)
        truth.append((below(line @ middle - offset) + below(line @ middle + offset)) / 2)
    return found, np.array(truth)


def fitted_line(inputs, labels, used: int) -> tuple[np.ndarray, float]:
    """Return direction of length 1 and offset of the line between two class means."""
    one, other = (inputs[labels == c].mean(0) * (np.arange(FEATURES) < used) for c in (1, 0))
    length = np.linalg.norm(one - other)
    return (one - other) / length, float((one - other) @ (one + other) / 2 / length)


def estimates(make, *arguments) -> np.ndarray:
    """Return [5, studies]: of what was chosen uncorrected, without luck, the interval's ends, and true accuracy."""
    lines = []
    for number in range(STUDIES):
        random = stream(number, "simulated")
        candidates, truth = make(random, *arguments)
        tried = TWENTY[: len(candidates)]
        _, choice = pick(np.stack([of_one[0].utility for of_one in candidates]), tried)
        found = corrected_score(tried, candidates, 2, 0.0, random)
        lines.append((candidates[choice][0].correct.mean(), found.out_of_bag, *found.accuracy.ends, truth[choice]))
    return np.array(lines).T


def test_the_best_of_twenty_equals_is_no_better_than_each():
    """Uncorrected, choosing among equals seems to gain points that are not there; corrected, it gains none."""
    uncorrected, mean, low, high, truth = estimates(with_skills, np.full(20, 0.75), 48)
    assert (uncorrected - truth).mean() > 0.05
    assert (mean - truth).mean() == pytest.approx(0, abs=0.015)
    assert ((low <= truth) & (truth <= high)).mean() >= 0.9


def test_better_and_worse_candidates_are_corrected_too():
    """Where there is something to choose, most of the luck is still luck."""
    uncorrected, mean, _, _, truth = estimates(with_skills, np.linspace(0.6, 0.8, 20), 48)
    assert (uncorrected - truth).mean() > 0.04
    assert (mean - truth).mean() == pytest.approx(0, abs=0.02)


def test_one_candidate_needs_no_correction():
    """Nothing was chosen, so nothing is taken off."""
    uncorrected, mean, low, high, truth = estimates(with_skills, np.array([0.8]), 48)
    np.testing.assert_allclose(mean, uncorrected, atol=0.015)
    assert 0.84 <= ((low <= truth) & (truth <= high)).mean() <= 0.96


@pytest.mark.parametrize(("rows", "gap"), [(16, 0.25), (64, 0.25), (64, 0.4)])
def test_nine_of_ten_intervals_hold_the_truth_of_the_last_fit(rows, gap):
    """With real learners: other rows are drawn, everything is trained anew, and the last fit is on all rows."""
    uncorrected, mean, low, high, truth = estimates(with_learners, rows, gap)
    held, wald = (low <= truth) & (truth <= high), 1.645 * np.sqrt(uncorrected * (1 - uncorrected) / rows)
    assert 0.84 <= held.mean() <= 0.98  # with few rows what is usual is on the safe side
    assert held.mean() > (np.abs(uncorrected - truth) <= wald).mean()
    assert (mean - truth).mean() == pytest.approx(0, abs=0.025)
    assert (uncorrected - mean).mean() > 0.01


def test_steps_readout_and_temperature_are_chosen_again_too():
    """One candidate that was scored in forty ways is the best of forty all the same."""
    found = []
    for number in range(STUDIES):
        random = stream(number, "ways")
        (ways, _) = with_skills(random, np.full(40, 0.75), 48)
        together = [[way for of_one in ways for way in of_one]]
        found.append(corrected_score(TWENTY[:1], together, 2, 0.0, random).out_of_bag)
    assert np.mean(found) == pytest.approx(0.75, abs=0.015)


def test_the_choice_within_a_bootstrap_is_the_studys_own(monkeypatch):
    """Another rule would correct for another choice; each row drawn twice counts twice."""
    from crosspt_cli.evidence import corrected

    seen = []

    def spied(utilities, candidates):
        seen.append(utilities)
        return pick(utilities, candidates)

    monkeypatch.setattr(corrected, "pick", spied)
    of_one = Judged(Readout(0.0), np.arange(12.0), np.ones(12))
    corrected_score(TWENTY[:2], [[of_one], [of_one]], 2, 0.0, stream(0, "spy"))
    draws = stream(0, "spy").integers(12, size=(corrected.BOOTSTRAPS, 12))
    assert len(seen) == corrected.BOOTSTRAPS
    for utilities, drawn in zip(seen, draws, strict=True):
        assert np.array_equal(utilities, [of_one.utility[drawn]] * 2)


def test_what_speaks_for_a_readout_beforehand_does_so_once_in_every_bootstrap():
    """A readout that is always wrong is taken, or not, by one row's worth of utility more or less."""
    right = Judged(Readout(0.0), np.zeros(12), np.ones(12))
    for prior, wanted in ((11.9, 1.0), (12.1, 0.0)):
        wrong = Judged(Readout(3.0), np.zeros(12), np.zeros(12), prior)
        assert corrected_score(TWENTY[:1], [[right, wrong]], 2, 0.0, stream(0, "prior")).out_of_bag == wanted


def test_it_is_scored_on_rows_that_had_no_say_in_the_choice():
    """Each candidate is right on its own half: whichever half is drawn more, the other one tells."""
    halves = np.repeat([1.0, 0.0], 6)
    found = corrected_score(TWENTY[:2], [[judged(halves)], [judged(1 - halves)]], 2, 0.0, stream(0, "halves"))
    assert found.out_of_bag < 0.45


def test_all_rows_right_leaves_an_interval_as_wide_as_the_rows_are_few():
    """Eight of eight is no proof of perfection."""
    eight, sixty = (
        corrected_score(TWENTY[:1], [[judged(np.ones(rows))]], 2, 0.0, stream(0, "all")) for rows in (8, 60)
    )
    assert (eight.out_of_bag, eight.rows_worth, sixty.out_of_bag, sixty.rows_worth) == (1, 8, 1, 60)
    few, many = eight.accuracy, sixty.accuracy
    assert few.value == pytest.approx((8 + 2 * 0.8) / 10)
    assert few == wilson(few.value, 8)
    assert few.value < many.value < 1
    assert 0.65 < few.low < 0.75 < 0.9 < many.low


def test_the_interval_is_never_narrower_than_that_of_the_rows():
    """Twenty equal candidates averaged over bootstraps vary less than one; they know no more."""
    candidates, _ = with_skills(stream(1, "equal"), np.full(20, 0.75), 40, 0.0)
    found = corrected_score(TWENTY, candidates, 2, 0.0, stream(1, "drawn")).accuracy
    assert found.high - found.low > 2 * 1.6 * np.sqrt(found.value * (1 - found.value) / (40 + 1.645**2))
    assert found.low < found.value < found.high


def test_the_last_fit_has_more_rows_than_the_folds():
    """A fold of two has half of the rows: what other tasks gain by doubling is added, and the interval goes along."""
    candidates, _ = with_skills(stream(1, "equal"), np.array([0.75]), 40)
    as_folds, doubled = (corrected_score(TWENTY[:1], candidates, 2, times, stream(1, "drawn")) for times in (0.0, 1.0))
    assert as_folds.all_rows == as_folds.out_of_bag == doubled.out_of_bag
    assert 1 - doubled.all_rows == pytest.approx((1 - as_folds.all_rows) * np.exp(USUAL))
    assert doubled.accuracy.low > as_folds.accuracy.low
    assert doubled.accuracy.high > as_folds.accuracy.high


def test_a_task_of_four_rows_can_be_corrected():
    """Some bootstraps draw all of them."""
    found = corrected_score(TWENTY[:1], [[judged([1, 1, 1, 0])]], 2, 0.0, stream(0, "four")).accuracy
    assert 0 <= found.low < found.value < found.high <= 1


def test_the_same_stream_gives_the_same_numbers():
    """And a large study takes about a second at the most."""
    random = stream(0, "large")
    candidates = [
        [way for of_one in with_skills(random, np.full(80, 0.7), 300)[0] for way in of_one] for _ in range(20)
    ]
    began = time.perf_counter()
    one, same = (corrected_score(TWENTY, candidates, 2, 0.0, stream(3, "drawn")) for _ in range(2))
    assert one == same
    assert time.perf_counter() - began < 10


def test_few_rows_count_together_with_what_is_usual_and_many_for_themselves():
    """Of eight rows half right proves little; of eight hundred it is the truth."""
    usual = 1 / 2 + USUAL_SKILL / 2
    assert towards_usual(0.5, USUAL_ROWS, 2) == pytest.approx((0.5 + usual) / 2)
    assert 0.54 < towards_usual(0.5, 8, 2) < 0.58
    assert towards_usual(0.5, 800, 2) == pytest.approx(0.5, abs=0.003)
    assert towards_usual(0.5, 8, 6) == pytest.approx((8 * 0.5 + 2 * (1 / 6 + 0.6 * 5 / 6)) / 10)


@pytest.mark.parametrize("rows", [8, 16, 32])
def test_the_moved_score_is_nearer_the_truth_than_either(rows):
    """Tasks of any difficulty, three candidates each: by root mean square, which one number is judged by."""
    off = []
    for number in range(STUDIES):
        random = stream(number, "moved")
        skills = random.beta(5, 1.8) + random.normal(0, 0.02, 3)
        candidates, truth = with_skills(random, np.clip(skills, 0, 1), rows)
        _, choice = pick(np.stack([of_one[0].utility for of_one in candidates]), TWENTY[:3])
        found = corrected_score(TWENTY[:3], candidates, 2, 0.0, random)
        said = np.array([candidates[choice][0].correct.mean(), found.all_rows, found.accuracy.value])
        off.append(said - truth[choice])
    raw, all_rows, mean = np.sqrt((np.array(off) ** 2).mean(0))
    assert mean < min(raw, all_rows)


@pytest.mark.parametrize(
    ("raw", "found", "said"),
    [
        (0.9, (0.8, 0.75, 0.77), "the best of many looks better than it is"),
        (0.9, (0.82, 0.89, 0.9), "few rows count together with what tasks usually reach, which is less"),
        (0.7, (0.8, 0.75, 0.77), "choices on other rows do better"),
        (0.7, (0.78, 0.7, 0.77), "the folds had fewer rows to train on"),
        (0.7, (0.78, 0.7, 0.71), "few rows count together with what tasks usually reach, which is more"),
        (0.8, (0.8042, 0.78, 0.8), ""),
    ],
)
def test_a_corrected_score_comes_with_the_reason_that_it_is_another(raw, found, said):
    """Above the raw one, without a reason, nobody would believe it."""
    mean, out_of_bag, all_rows = found
    assert why_other(raw, Corrected(Estimate(mean, 0.5, 0.9), out_of_bag, all_rows)) == said
