"""Self-training: which rows without labels are believed, and what the last prompt makes of them."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from pool_samples import with_rows
from study_samples import NAMES, small_task

from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.evidence.with_pool import MASS
from crosspt_cli.search.final import fit_final
from crosspt_cli.search.self_training import FEW, MOST_TIMES, SURE, sure_rows, with_sure_rows

ALONE, TEACHER = Candidate((), 1.0), Readout(30.0)


def test_the_surer_half_of_every_class_is_believed():
    """Of each class the same part, so that a frequent one does not take over; and nothing that is in doubt."""
    shares = np.array([[0.99, 0.01], [0.98, 0.02], [0.6, 0.4], [0.97, 0.03], [0.05, 0.95], [0.2, 0.8]])
    rows, classes = sure_rows(shares, np.array([0, 0, 1, 1]))
    assert rows.tolist() == [0, 1, 4]
    assert classes.tolist() == [0, 0, 1]
    doubtful = np.full((40, 2), [SURE - 0.01, 1.01 - SURE])
    assert sure_rows(doubtful, np.array([0, 1]))[0].tolist() == []


def test_few_labelled_rows_are_not_drowned():
    """A class of three labelled rows is not taught by a thousand guesses."""
    rows, classes = sure_rows(np.full((1000, 2), [0.99, 0.01]), np.array([0, 0, 0, 1]))
    assert len(rows) == 3 * MOST_TIMES
    assert set(classes.tolist()) == {0}


def test_half_of_what_is_seen_is_labelled():
    """Sure rows stand behind the task's own, with the classes they seem to have."""
    task = with_rows(small_task(rows=6))
    shares = np.full((len(task.pool), 2), [0.995, 0.005])
    more, rows = with_sure_rows(task, task.pool, shares)
    sure = len(more.labels) - 6
    assert sure == len(more.texts) - 6 == len(task.pool) // 2
    assert (rows < 6).sum() == 6 * round(sure / 6)
    first = more.texts.take(torch.tensor([6]))
    assert torch.equal(first.tokens, task.pool.texts.take(torch.tensor([0])).tokens)
    assert torch.equal(first.read_vectors, task.pool.texts.read_vectors[:1])


@pytest.mark.parametrize("m", [0, 2])
def test_the_prompt_is_trained_anew_on_sure_rows(m):
    """And on the labelled ones, from the same sources; prototypes are those of the new prompt."""
    task = with_rows(small_task(rows=14), count=80)
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, np.arange(14))]
    candidate = Candidate(tuple(ranked[:m]), 0.5)
    first, second = (fit_final(task, candidate, 12, 12, mass=mass, teacher=TEACHER) for mass in (0.0, MASS))
    assert (first.sure, second.steps) == (0, 12)
    assert 0 < second.sure <= len(task.pool) // 2
    assert not np.array_equal(first.prompt, second.prompt)
    assert len(second.labelled.labels) == 14
    assert second.shares.sum() == pytest.approx(1.0)


def test_where_nothing_is_sure_the_prompt_stays(monkeypatch):
    """Then rows without labels count in the prototypes alone."""
    monkeypatch.setattr("crosspt_cli.search.self_training.SURE", 1.1)
    task = with_rows(small_task(rows=14))
    without, within = (fit_final(task, ALONE, 4, 4, mass=mass, teacher=TEACHER) for mass in (0.0, MASS))
    assert within.sure == 0
    assert np.array_equal(without.prompt, within.prompt)
    assert not np.allclose(without.prototypes.plain.directions, within.prototypes.plain.directions)


def test_a_source_as_it_is_learns_nothing():
    """There is no private prompt to train."""
    task = with_rows(small_task(rows=14))
    fit = fit_final(task, Candidate(NAMES[:1], 0.0), 4, 4, mass=MASS, teacher=TEACHER)
    assert (fit.sure, fit.steps) == (0, 0)


def test_a_second_training_that_the_deadline_ends_counts_for_nothing():
    """A prompt that was hardly trained on more rows is worse than one that was trained on fewer."""
    task = with_rows(small_task(rows=14))
    late = fit_final(task, ALONE, 9, 9, deadline=time.monotonic() - 1, mass=MASS, teacher=TEACHER)
    assert (late.steps, late.sure) == (5, 0)
    in_time = fit_final(replace(task), ALONE, 9, 9, deadline=time.monotonic() + 99, mass=MASS, teacher=TEACHER)
    assert in_time.sure > 0


def test_both_trainings_are_told_as_one():
    """Whoever waits sees one stage that ends once."""
    told = []
    fit_final(
        with_rows(small_task(rows=14)),
        ALONE,
        3,
        3,
        progress=lambda *step: told.append(step),
        mass=MASS,
        teacher=TEACHER,
    )
    assert told == [("fitting", done, 6) for done in range(1, 7)]


def test_many_labelled_rows_teach_the_prompt_alone():
    """With twelve a class its own guesses teach it no more; prototypes learn from them all the same."""
    task = with_rows(small_task(rows=2 * FEW))
    without, within = (fit_final(task, ALONE, 4, 4, mass=mass, teacher=TEACHER) for mass in (0.0, MASS))
    assert within.sure == 0
    assert np.array_equal(without.prompt, within.prompt)
