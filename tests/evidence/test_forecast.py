"""What more rows should bring: this task's points, other tasks' experience, and an interval that owns up."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.evidence.forecast import (
    RETRAINED,
    SPREAD,
    USUAL,
    Growth,
    Z,
    about,
    make_curve,
    weakest_class,
)
from crosspt_cli.evidence.intervals import Estimate
from crosspt_cli.evidence.outcome import Corrected
from crosspt_cli.foundation.seeds import stream

NAMES = ("apple", "pear")


def right(rows: int, share: float, seed: int) -> np.ndarray:
    """That share of the rows right, spread over both classes."""
    return (np.random.default_rng(seed).permutation(rows) < share * rows).astype(float)


def expecting(accuracy: float, low: float | None = None) -> Corrected:
    """A corrected score, clearly above chance unless said."""
    return Corrected(Estimate(accuracy, accuracy - 0.1 if low is None else low, 1.0), accuracy, accuracy)


def curve(sizes, shares, rows=64, corrected=0.8, low=None):
    """The curve of a task whose rows alternate between two classes."""
    labels = np.arange(rows) % 2
    correct = [right(rows, share, seed) for seed, share in enumerate(shares)]
    return make_curve(sizes, correct, expecting(corrected, low), labels, NAMES, stream(0, "curve"))


def test_without_points_the_forecast_is_what_other_tasks_say():
    """By hand, of a task of 64 rows that is expected to answer a fifth wrongly."""
    found = curve([48.0], [0.8])
    assert [each.rows for each in found.forecasts] == [32, 64, 192]
    doubled = found.forecasts[1].gain
    assert doubled.value == pytest.approx(0.2 * (1 - math.exp(USUAL)))
    off = Z * math.hypot(SPREAD, RETRAINED)
    assert doubled.low == pytest.approx(0.2 * (1 - math.exp(USUAL + off)))
    assert doubled.high == pytest.approx(0.2 * (1 - math.exp(USUAL - off)))
    assert (found.rate, found.error) == (USUAL, SPREAD)


def test_points_move_the_forecast_as_far_as_their_noise_allows():
    """Many rows say more than few: a steep curve leaves fewer wrong answers when doubled, a flat one more."""
    steep = [curve([12.0, 24.0, 48.0], [0.5, 0.7, 0.8], rows).rate for rows in (64, 6400)]
    flat = [curve([12.0, 24.0, 48.0], [0.8, 0.8, 0.8], rows).rate for rows in (64, 6400)]
    assert math.log(0.63) < steep[1] < steep[0] < USUAL < flat[0] < flat[1] < 0.0


def test_more_rows_gain_more_and_are_less_certain():
    """And the interval always holds the forecast."""
    found = curve([24.0, 48.0], [0.7, 0.8]).forecasts
    assert all(each.gain.low < each.gain.value < each.gain.high for each in found)
    assert [each.gain.value for each in found] == sorted(each.gain.value for each in found)


def test_all_right_leaves_little_to_gain():
    """No logarithm of zero, and no promise beyond the last wrong answer."""
    found = curve([24.0, 48.0], [1.0, 1.0], corrected=1.0)
    assert 0 < found.forecasts[-1].gain.value < 0.5 / 64
    assert math.isfinite(found.rate)


def known(wrong: float, rate: float) -> Growth:
    """The growth of 64 rows of which everything is known."""
    return Growth(64, wrong, rate, 0.0)


def test_rows_for_a_gain_turn_the_forecast_around():
    """A gain that is forecast for a number of rows asks for that number."""
    made = known(0.3, math.log(0.9))
    assert made.gain(64).gain.value == pytest.approx(0.03)
    for more in (10, 64, 191):
        assert made.rows_for(made.gain(more).gain.value) == pytest.approx(more, abs=1)


@pytest.mark.parametrize(("gain", "wrong", "rate"), [(0.3, 0.3, -0.1), (0.03, 0.3, 0.0), (0.2, 0.3, -0.1)])
def test_a_gain_out_of_reach_has_no_number_of_rows(gain, wrong, rate):
    """More than is wrong, a curve that does not rise, or beyond four times the rows."""
    assert known(wrong, rate).rows_for(gain) is None


def test_the_weakest_class_is_named_only_when_it_clearly_is():
    """Half of 4 rows wrong is luck; half of 40 is not."""
    labels = np.repeat([0, 1], 40)
    correct = np.ones(80)
    correct[40:60] = 0
    assert weakest_class(correct, labels) == 1
    few = np.r_[0:4, 38:42]
    assert weakest_class(correct[few], labels[few]) is None


def test_the_sentence_says_how_many_rows_and_of_what():
    """Whole, as a person reads it."""
    labels, correct = np.repeat([0, 1], 40), np.ones(80)
    correct[40:60] = 0
    found = make_curve([60.0], [correct], expecting(0.75), labels, NAMES, stream(0, "curve"))
    gain = found.forecasts[1].gain
    low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in gain.ends)
    needed = Growth(80, 0.25, USUAL, 0.0).rows_for(0.03)
    assert (needed, about(needed)) == (100, 100)
    assert found.sentence == (
        f"Twice the rows should bring +{100 * gain.value:.1f} points (90 % interval {low} to {high}); "
        f"+3 would take about 100 more. 'pear' is answered worst (50 % right): label more of it first."
    )
    assert found.points[0].accuracy == 0.75
    assert found.weakest == 1


@pytest.mark.parametrize("low", [0.2, 0.5])
def test_a_score_that_may_be_chance_promises_nothing(low):
    """'About 7 more rows for +3 points' was said of a language that the backbone cannot read."""
    found = curve([24.0, 48.0], [0.5, 0.55], corrected=0.55, low=low)
    assert (found.hopeful, found.forecasts, found.weakest) == (False, (), None)
    assert found.sentence == (
        "Nothing can be said: the score is not clearly above the 50 % that always answering one class would get."
    )
    assert curve([24.0, 48.0], [0.5, 0.55], corrected=0.55, low=0.501).hopeful


def test_chance_is_the_most_frequent_class_where_classes_are_uneven():
    """Nine of ten right is nothing where nine of ten rows are of one class."""
    labels = (np.arange(40) % 10 == 0).astype(int)
    found = make_curve([30.0], [1.0 - labels], expecting(0.9, 0.8), labels, NAMES, stream(0, "curve"))
    assert "above the 90 % that" in found.sentence


@given(st.integers(8, 20_000), st.floats(0.1, 0.9), st.floats(-0.5, -0.01))
def test_a_number_of_rows_is_round_and_never_fewer_than_there_are(rows, wrong, rate):
    """Half of the rows 'would bring +3 points' beside twice the rows is no plan; 4,798 is no number to plan with."""
    labels = np.arange(rows) % 2
    found = make_curve([rows / 2], [np.ones(rows)], expecting(1 - wrong, 0.6), labels, NAMES, stream(0, "curve"))
    said = re.search(r"would take about ([0-9,]+) more", found.sentence)
    if said:
        more = int(said[1].replace(",", ""))
        assert more >= rows
        assert len(str(more).rstrip("0")) <= 2


@pytest.mark.parametrize(("rows", "said"), [(1, 1), (7, 7), (64, 65), (142, 150), (4798, 5000), (10914, 11000)])
def test_rows_are_rounded_up(rows, said):
    """Fewer than it takes would disappoint."""
    assert about(rows) == said


@given(st.integers(2, 9), st.integers(1, 40), st.integers(0, 1000))
def test_a_class_that_is_always_right_is_never_the_worst(classes, per_class, seed):
    """'0' was answered worst (100 % right): Wilson's upper end was 0.9999999999999999."""
    labels = np.repeat(np.arange(classes), per_class)
    assert weakest_class(np.ones(len(labels)), labels) is None
    correct = (np.random.default_rng(seed).random(len(labels)) < 0.9).astype(float)
    worst = weakest_class(correct, labels)
    assert worst is None or correct[labels == worst].mean() < correct.mean()
