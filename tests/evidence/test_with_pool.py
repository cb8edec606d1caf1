"""Whether rows without labels count: likely beforehand, and vetoed where held-out rows object."""

import numpy as np
import pytest
from study_samples import trial_result

from crosspt_cli.evidence.corrected import _gained, corrected_score
from crosspt_cli.evidence.intervals import Estimate
from crosspt_cli.evidence.judge import READOUTS, Judged, judge_readouts
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.evidence.with_pool import LIKELY, MASS, Weighed, pool_worth, weigh_pool

LABELS = np.arange(40) % 2


def trials(right: int, sure: float = 0.1):
    """Return one trial on all rows of which the prototypes get the first `right` right."""
    similarity = np.where(np.eye(2)[LABELS] > 0, sure, -sure)
    similarity[right:] *= -1
    return [trial_result(0, np.arange(40), np.zeros((40, 2)), similarity=similarity)]


@pytest.mark.parametrize(("before", "after", "mass"), [(30, 36, MASS), (30, 30, MASS), (30, 29, MASS), (36, 24, 0.0)])
def test_it_counts_unless_held_out_rows_object(before, after, mass):
    """A row less is noise, and the odds are for it; a dozen are none."""
    found = weigh_pool(trials(before), trials(after), READOUTS["auto"], LABELS, 1.0)
    assert found.mass == mass
    assert found.worth.value == pytest.approx((after - before) / 40)
    assert found.worth.low < found.worth.value < found.worth.high
    assert found.judged.correct.sum() == (after if mass else before)


def test_the_odds_are_borne_by_all_rows_together():
    """Nineteen to one, whatever the number of rows."""
    found = weigh_pool(trials(30), trials(30), READOUTS["auto"], LABELS, 1.0)
    apart = found.within[0].utility.sum() - found.without[0].utility.sum()
    assert apart == pytest.approx(np.log(LIKELY / (1 - LIKELY)))
    assert len(found.within) == len(judge_readouts(trials(30), READOUTS["auto"], LABELS))


def test_what_the_free_choice_gains_is_measured_on_rows_left_out():
    """The pool gets every row right that was wrong: whatever is drawn, the others gain by it."""
    rows = np.arange(40) < 30
    one = Judged(Readout(10.0), rows.astype(np.float32) - 1, rows.astype(np.float32))
    other = Judged(Readout(10.0), np.zeros(40, np.float32), np.ones(40, np.float32))
    draws = np.random.default_rng(0).integers(40, size=(200, 40))
    gained = _gained([one], [other], draws)
    assert gained.mean() == pytest.approx(0.25, abs=0.02)
    assert (_gained([other], [other, one], draws) == 0).all()


def test_the_corrected_score_has_what_the_pool_gains():
    """A quarter of the rows more are right, whichever rows are left out."""
    rows = np.arange(40) < 30
    one = Judged(Readout(10.0), rows.astype(np.float32) - 1, rows.astype(np.float32))
    other = Judged(Readout(10.0), np.zeros(40, np.float32), np.ones(40, np.float32))
    plain, pooled = (
        corrected_score([Candidate((), 1.0)], [[one]], 2, 0.0, np.random.default_rng(0), 1.0, pool).out_of_bag
        for pool in (None, ([one], [other]))
    )
    assert pooled == pytest.approx(1.0)
    assert plain == pytest.approx(0.75, abs=0.02)


def said(value: float, mass: float, usable: int, unusual: int, possible: int, weight: float = 1.0) -> str:
    """Return the sentence about a pool of that worth, where prototypes have this weight."""
    weighed = Weighed(
        mass, (), Judged(Readout(weight), np.zeros(1), np.zeros(1)), (), (), Estimate(value, value - 0.05, value + 0.05)
    )
    return pool_worth(weighed, usable, unusual, possible).sentence


def test_the_sentence_says_what_was_done_and_what_it_is_worth():
    """Whole sentences, one for each case."""
    assert said(0.04, 1.0, 900, 0, 900) == (
        "900 rows without labels count: +4.0 points of held-out rows right (90 % interval −1.0 to +9.0)."
    )
    assert said(0.04, 1.0, 1900, 100, 50_000) == (
        "1,900 of 50,000 rows without labels count: +4.0 points of held-out rows right (90 % interval −1.0 to +9.0). "
        "100 of 2,000 are unlike the labelled rows and do not count."
    )
    assert said(-0.04, 0.0, 900, 0, 900) == (
        "900 rows without labels were left out; with them it would be −4.0 points of held-out rows right "
        "(90 % interval −9.0 to +1.0)."
    )
    assert said(0.0, 1.0, 30, 70, 100).endswith(
        "70 of 100 are unlike the labelled rows and do not count; are they of the same kind?"
    )
    assert said(0.04, 1.0, 1, 0, 1) == (
        "1 row without a label counts: +4.0 points of held-out rows right (90 % interval −1.0 to +9.0)."
    )
    assert said(0.0, 1.0, 900, 0, 900, weight=0.0) == (
        "900 rows without labels change nothing: answers are read from label words alone."
    )
    assert pool_worth(None, 0, 100, 100).sentence == (
        "No row without a label counts. 100 of 100 are unlike the labelled rows and do not count; "
        "are they of the same kind?"
    )
