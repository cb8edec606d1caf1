"""What `halving.py` reads off a full search is what the pruned search would have done."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))
STEPS = 10  # of a search so short that it can be done once in full and once per schedule


@pytest.fixture(scope="module")
def searched():
    """Return a small task of the shipped reviews, its candidates and folds, and its full search."""
    from halving import SCORED, full_search

    from crosspt_cli import Registry, read_csv
    from crosspt_cli.data import few_shots
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.search.candidates import make_candidates
    from crosspt_cli.search.folds import stratified_folds
    from crosspt_cli.search.plan import Rung

    registry = Registry.open()
    backbone = open_backbone("mini-fast", registry, "cpu", "fp32")
    examples = few_shots(read_csv(ROOT / "examples" / "reviews.csv", "y"), 4, 1)  # one on which all steps help somebody
    task = study_task(examples, backbone, prepare(examples, backbone), load_sources(registry, backbone), 0)
    ranks = task.untouched.ranks(task.labels, np.arange(len(task.labels)))
    candidates = make_candidates([rank.name for rank in ranks], (1, 2), (0.0, 1.0))
    folds = stratified_folds(task.labels, 2, 0)
    rungs = [Rung(round(share * STEPS), len(candidates)) for share in SCORED]
    return task, candidates, folds, full_search(task, candidates, folds, 1, rungs)


def replayed(candidates, folds, history, schedule):
    """Return candidates and trial-steps as `replay` tells them."""
    from halving import SCORED, replay

    from crosspt_cli.search.halving import halve

    steps_at = {share: round(share * STEPS) for share in SCORED}
    return replay(history, steps_at, schedule, len(folds), lambda *rung: halve(*rung).going_on)


def test_a_replayed_schedule_is_the_pruned_search(searched):
    """The same candidates at the same steps with the same readouts, and as many trial-steps."""
    from halving import SCHEDULES

    from crosspt_cli.search.plan import Rung
    from crosspt_cli.search.readouts import READOUTS
    from crosspt_cli.search.study import run_study

    task, candidates, folds, history = searched
    schedule = SCHEDULES["the same, and seven tenths: 5, 3, 2, 2"]
    rungs = [Rung(round(share * STEPS), keep) for share, keep in schedule]
    found = run_study(task, candidates, folds, 1, rungs, READOUTS["auto"])
    results, taken = replayed(candidates, folds, history, schedule)
    for mine, theirs in zip(results, found.candidates, strict=True):
        assert (mine.candidate, mine.steps, mine.readout) == (theirs.candidate, theirs.steps, theirs.readout)
        np.testing.assert_allclose(mine.utility, theirs.utility, atol=2e-3)
    assert taken == sum(trial.steps for trial in found.trials)


def test_a_candidate_that_was_dropped_keeps_what_it_had_shown(searched):
    """What came later in the full search is not known to a search that dropped it."""
    _, candidates, folds, history = searched
    schedule = ((0.1, 1), (1.0, 1))  # M = 0 alone goes on
    results, taken = replayed(candidates, folds, history, schedule)
    alone = [number for number, each in enumerate(candidates) if each.m == 0]
    assert all(result.steps == 1 for number, result in enumerate(results) if number not in alone and result.steps)
    trained = sum(not each.is_source for each in candidates)
    assert taken == (trained * 1 + len(alone) * (STEPS - 1)) * len(folds)
    full, every = replayed(candidates, folds, history, tuple((share, 99) for share in (0.1, 1.0)))
    assert every >= taken
    assert any(result.steps == STEPS for result in full)
