"""What a time limit must keep is worked out from measured steps."""

import pytest

from crosspt_cli.search.pace import ALONE, OVERHEAD_S, READING, Pace


def pace(seconds: float = 1.0, trials: int = 10, on_cpu: bool = True) -> Pace:
    found = Pace()
    found.measured(seconds, trials, on_cpu)
    return found


def test_a_single_trial_takes_longer_than_its_share_of_many():
    """On a processor its passes are not full; on a GPU a step takes as long whatever the number of trials."""
    assert pace().training_s(1, 50) == pytest.approx(50 * ALONE / 10)
    assert pace().training_s(4, 50) == pytest.approx(50 * 4 / 10)
    assert pace(on_cpu=False).training_s(1, 50) == pytest.approx(50)
    assert pace(trials=1).training_s(1, 50) == pytest.approx(50)


def test_the_pace_follows_a_machine_that_slows_down():
    """A limit must hold when another program takes the processor in the middle of a search."""
    found = pace()
    for _ in range(20):
        found.measured(3.0, 10, True)
    assert found.trial_s == pytest.approx(0.3, rel=0.01)


def test_more_work_needs_more_time():
    """Each part grows with what it is about, and all of them with the pace."""
    slow, fast = pace(2.0), pace(1.0)
    assert slow.final_fit_s(90, 60) > fast.final_fit_s(90, 60) > fast.final_fit_s(40, 60) > OVERHEAD_S / 2
    assert fast.conclusions_s(120) > fast.conclusions_s(60) > OVERHEAD_S
    assert fast.answering_s(80) == fast.scoring_s(80) == pytest.approx(READING * 1.0)


def test_what_reads_rows_in_full_takes_longer_by_as_much_as_they_are_longer():
    """Candidates are scored on what they read."""
    short, long = pace(), pace()
    long.longer = 2.5
    assert long.scoring_s(80) == short.scoring_s(80)
    assert long.answering_s(80) == 2.5 * short.answering_s(80)
    apart = long.final_fit_s(90, 60) - short.final_fit_s(90, 60)
    assert apart == pytest.approx(1.5 * (short.training_s(1, 90) + short.answering_s(60)))
