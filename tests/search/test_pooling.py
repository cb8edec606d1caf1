"""Rows without labels beside the trials: who reads them, whose prototypes see them, and what held-out rows say."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from pool_samples import pool_texts, with_rows
from study_samples import NAMES, RUNGS, folds_of, small_task, some_candidates

from crosspt_cli.core.read import answer_rows
from crosspt_cli.evidence import conclusions, with_pool
from crosspt_cli.evidence.corrected import corrected_score
from crosspt_cli.evidence.judge import READOUTS, correct_by_seed
from crosspt_cli.evidence.pooled import Reading, Unlabelled, pooled_prototypes
from crosspt_cli.evidence.prototypes import PairedPrototypes
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.evidence.with_pool import MASS
from crosspt_cli.search import judging
from crosspt_cli.search.final import fit_final
from crosspt_cli.search.pace import Pace
from crosspt_cli.search.pooling import similarities_with_pool, usable_pool
from crosspt_cli.search.study import run_study


def study_of(task, candidates=None, curve=()):
    return run_study(task, candidates or some_candidates(), folds_of(task), 1, RUNGS, READOUTS["auto"], curve)


def test_prototypes_of_a_fold_see_its_training_rows_and_the_pool():
    """Written out for one fold: both ways of reading, and no held-out row among what they are made of."""
    task = with_rows(small_task(rows=24))
    fold, prompt, rows = folds_of(task)[0], task.sources[:1], torch.arange(24)
    (found,) = similarities_with_pool(task, task.pool, prompt, [fold], MASS)
    every = torch.arange(len(task.pool))
    known = answer_rows(task.backbone, prompt, rows * 0, task.texts, rows, task.tree, 10_000)
    others = answer_rows(task.backbone, prompt, every * 0, task.pool.texts, every, task.tree, 10_000)
    readings = [
        Reading(known.vectors[fold.train], Unlabelled.of(others.vectors)),
        Reading(known.plain[fold.train], Unlabelled.of(others.plain)),
    ]
    made = PairedPrototypes(*pooled_prototypes(readings, task.labels[fold.train], 2, MASS).prototypes)
    wanted = made.similarity(known.vectors[fold.held_out], known.plain[fold.held_out])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_held_out_label_has_no_say_with_a_pool_either():
    """The fold's own labels may change what other folds see, and nothing of this one."""
    task = with_rows(small_task(rows=24))
    fold = folds_of(task)[0]
    turned = task.labels.copy()
    turned[fold.held_out] = 1 - turned[fold.held_out]
    both = [
        similarities_with_pool(each, task.pool, task.sources[:1], [fold], MASS)[0]
        for each in (task, replace(task, labels=turned))
    ]
    assert np.array_equal(*both)


def test_rows_unlike_the_labelled_ones_are_left_out():
    """They would pull the class means to where no row of the task is."""
    task = small_task(rows=24)
    own = pool_texts(task)
    odd = replace(own, vectors=torch.cat([own.vectors[:10], -own.vectors[10:]]))
    pool = usable_pool(odd, 500, task.vectors, task.labels, 2)
    assert pool.unusual >= 30
    assert len(pool) + pool.unusual == 40
    assert pool.possible == 500
    assert len(pool.texts.read_vectors) == len(pool)


def test_a_study_says_what_the_pool_was_worth_and_answers_with_it():
    """The chosen candidate's score is the one without the pool plus what the pool is worth."""
    plain, task = small_task(rows=36, seed=2), with_rows(small_task(rows=36, seed=2))
    without, found = study_of(plain), study_of(task)
    assert (without.pool, found.choice, found.reason) == (None, without.choice, without.reason)
    assert found.pool.rows == len(task.pool)
    assert (found.without_pool.readout, without.without_pool) == (without.chosen.readout, None)
    gained = found.chosen.score.mean - without.chosen.score.mean
    assert gained == pytest.approx(found.pool.worth.value if found.pool.mass else 0.0, abs=1e-6)
    for n, (one, other) in enumerate(zip(found.candidates, without.candidates, strict=True)):
        assert n == found.choice or one.score.mean == other.score.mean
    assert study_of(task).pool == found.pool


def test_where_label_words_alone_answer_a_pool_counts_for_nothing():
    """They know no prototypes, and it is said."""
    task = with_rows(small_task(rows=24))
    found = run_study(task, [Candidate((), 1.0)], folds_of(task), 1, RUNGS, READOUTS["label-words"])
    assert found.pool.mass == 0.0
    said = "rows without labels change nothing: answers are read from label words alone."
    assert found.pool.sentence.startswith(f"{len(task.pool)} {said}")


def test_an_empty_pool_counts_for_nothing_and_says_so():
    """All of its rows may be unlike the labelled ones."""
    task = small_task(rows=24)
    empty = usable_pool(pool_texts(task).take(torch.arange(0)), 40, task.vectors, task.labels, 2)
    found, without = study_of(replace(task, pool=empty)), study_of(task)
    assert (found.pool.worth.ends, found.pool.mass) == ((0.0, 0.0), 0.0)
    assert found.chosen.score.mean == without.chosen.score.mean
    assert found.corrected == without.corrected


@pytest.mark.parametrize("candidate", [Candidate(NAMES[:2], 0.5), Candidate(NAMES[:1], 0.0)])
def test_the_final_fit_sees_the_whole_pool(candidate):
    """Mass 0 is the fit of the labelled rows alone, to the last bit; the prompt is the same either way."""
    task = with_rows(small_task(rows=24))
    plain = fit_final(replace(task, pool=None), candidate, 4, 7)
    none, some = (fit_final(task, candidate, 4, 7, mass=mass) for mass in (0.0, MASS))
    assert np.array_equal(none.prototypes.prompted.directions, plain.prototypes.prompted.directions)
    assert np.array_equal(some.prompt, plain.prompt)
    assert not np.allclose(some.prototypes.plain.directions, plain.prototypes.plain.directions)


def test_the_learning_curve_is_one_of_the_same_way_of_answering():
    """With a pool its points have seen the pool too: what more rows bring is less where a pool has brought it."""
    found = study_of(with_rows(small_task(rows=48)), [Candidate((), 1.0)], curve=(0.5,))
    assert len(found.curve.points) == 2
    assert found.curve.points[-1].accuracy == pytest.approx(found.chosen.score.mean)


def test_the_corrected_score_is_free_to_leave_the_pool_out_again(monkeypatch):
    """The pool was chosen on the rows that it is judged by, like all else; without one there is nothing to choose."""
    seen = []

    def spied(*given):
        seen.append(given[6])
        return corrected_score(*given)

    monkeypatch.setattr(conclusions, "corrected_score", spied)
    study_of(with_rows(small_task(rows=24)), [Candidate((), 1.0)])
    study_of(small_task(rows=24), [Candidate((), 1.0)])
    (without, either), nothing = seen
    assert len(either) == 2 * len(without) > 0 and nothing is None


def test_a_time_limit_keeps_what_the_last_fit_takes_to_read_the_pool(monkeypatch):
    """Training on fewer rows is what can be left out; else the command would end late by the whole pool."""
    seen = []
    monkeypatch.setattr(Pace, "answering_s", lambda pace, rows: float(rows))
    monkeypatch.setattr(Pace, "final_fit_s", lambda pace, steps, rows: 0.0)
    monkeypatch.setattr(judging, "right_with_fewer_rows", lambda *given: seen.append(given[6]))
    monkeypatch.setattr(with_pool, "LIKELY", 1 - 1e-12)
    deadline, task = time.monotonic() + 1e6, with_rows(small_task(rows=24))
    found = run_study(task, [Candidate((), 1.0)], folds_of(task), 1, RUNGS, READOUTS["both"], (0.5,), deadline)
    assert found.pool.mass == MASS
    assert seen == [deadline - len(task.pool)]


def test_sharing_is_judged_without_the_pool():
    """Or what the pool brings would be said to come from the sources."""
    candidates = [Candidate(NAMES[:2], 0.5), Candidate((), 1.0)]
    plain, task = small_task(rows=36), with_rows(small_task(rows=36))
    assert study_of(task, candidates).sharing.sources == study_of(plain, candidates).sharing.sources


def test_what_is_right_with_the_pool_is_counted_on_the_same_rows():
    """The worth is a paired difference, so every row must be answered once on both sides."""
    from crosspt_cli.search import pooling

    task = with_rows(small_task(rows=36))
    found = run_study(replace(task, pool=None), [Candidate(NAMES[:1], 0.0)], folds_of(task), 1, RUNGS, READOUTS["auto"])
    trials, folds = list(found.trials), folds_of(task)
    prompts = task.sources[[0] * len(folds)]
    weighed = with_pool.weigh_pool(
        trials, pooling.with_pool(task, task.pool, prompts, trials, folds, MASS), READOUTS["auto"], task.labels, 1.0
    )
    right = correct_by_seed(weighed.trials, weighed.judged.readout, task.labels)
    assert right.shape == (36, 1)
    np.testing.assert_allclose(right.mean(1), weighed.judged.correct)
