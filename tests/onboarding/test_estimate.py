"""What a dry run says of time and memory: arithmetic on what was measured, never on a clock of the tests."""

import numpy as np
import pytest
from onboarding_samples import small_onboarding

from crosspt_cli.onboarding.estimate import LEAST_S, STEPS, Sizes, make_stages, mean_seconds, timed_rows
from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.search.plan import BUDGETS, SCORING, make_rungs, work_left


@pytest.mark.parametrize(("each", "mean", "calls"), [(0.1, 0.1, STEPS), (LEAST_S * 5, LEAST_S * 5, 1)])
def test_a_few_steps_are_timed_and_one_where_it_is_slow(each, mean, calls):
    """On a slow machine the estimate itself must not take minutes."""
    now, done = [0.0], []

    def step() -> None:
        now[0] += each
        done.append(1)

    assert mean_seconds(step, STEPS, lambda: now[0]) == pytest.approx(mean)
    assert len(done) == calls


def test_the_rows_that_are_timed_are_of_every_class_and_from_all_over_the_file():
    """Files are sorted by class or length more often than not, and a class without a row has no prototype."""
    labels = np.repeat(np.arange(2), 120)
    rows = timed_rows(labels)
    assert np.bincount(labels[rows]).tolist() == [12, 12]
    assert rows[0] < 40 < 80 < rows[11] < 120
    many = np.repeat(np.arange(77), 4)
    assert sorted(many[timed_rows(many)]) == list(range(77))
    assert timed_rows(np.array([0, 1, 0])).tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", BUDGETS)
def test_the_stages_take_what_the_search_plans(name):
    """The bar and the estimate stand on the same numbers."""
    budget, rows = BUDGETS[name], 64
    rungs = make_rungs(budget, rows, 7)
    stages = {stage.name: stage for stage in make_stages(rungs, 9, 4, budget, Sizes(rows, rows, 200, sources=20))}
    assert stages["searching"].work == work_left(rungs, 0, 9, 4 * budget.seeds, rows)
    assert stages["learning curve"].per == 4 * len(budget.curve)
    assert stages["fitting"].work == rungs[-1].steps
    assert stages["ranking"].work == SCORING * rows * 20


def test_what_reads_rows_in_full_is_more_work_where_they_are_longer():
    """Ranking and search read them shortened; the choice is answered in full, and once more beside it."""
    budget = BUDGETS["normal"]
    rungs = make_rungs(budget, 64, 7)
    short, long = (
        {stage.name: stage.work for stage in make_stages(rungs, 9, 4, budget, Sizes(64, 64, 200, longer, 20, 3))}
        for longer in (1.0, 2.0)
    )
    assert [name for name in short if long[name] > short[name]] == ["judging", "learning curve", "fitting", "saving"]
    assert long["fitting"] == 2 * short["fitting"]
    assert long["judging"] == 2 * short["judging"] * (1 + 3 + 2) / (1 + 3)


def test_rows_that_no_search_reads_are_work_for_the_last_fit_alone():
    """A file of many rows is searched on some of them."""
    budget = BUDGETS["quick"]
    rungs = make_rungs(budget, 64, 2)
    few, many = ({s.name: s.work for s in make_stages(rungs, 2, 3, budget, Sizes(64, n, 50))} for n in (64, 900))
    assert [name for name in few if many[name] != few[name]] == ["saving"]


def test_how_long_it_takes_is_told_before_the_search(full, reviews):
    """Once, in seconds, no more than a limit leaves; and then nothing is told any more."""
    told, stages = [], []

    def progress(stage, done, total, detail=""):
        stages.append(stage)

    small_onboarding(reviews, full, progress, name="told", expected=lambda s: told.append((s, len(stages))))
    ((seconds, when),) = told
    assert seconds > 0 and "searching" not in stages[:when]
    small_onboarding(reviews, full, name="limited", max_seconds=50, expected=lambda s: told.append((s, 0)))
    assert told[1][0] <= 50


def test_a_plan_estimates_and_leaves_everything_as_it_was(reviews, bare):
    """Timed steps are thrown away, and a limit bounds what is promised."""
    before = sorted(path for path in bare.home.rglob("*"))
    settings = {"registry": bare, "backbone": "tiny", "budget": "quick", "device": "cpu", "dtype": "fp32"}
    plan = plan_onboarding(reviews, "label", **settings)
    assert plan.seconds > 0 and plan.memory_mb > 10 and plan.device == "cpu"
    assert plan_onboarding(reviews, "label", max_seconds=0.001, **settings).seconds == 0.001
    assert sorted(path for path in bare.home.rglob("*")) == before
