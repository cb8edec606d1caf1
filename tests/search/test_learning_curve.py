"""The chosen candidate with fewer rows: the same held-out rows, and fewer to learn from."""

import time

import numpy as np
import pytest
from study_samples import NAMES, bias_by, folds_of, small_task, some_candidates

from crosspt_cli.core.read import score_rows
from crosspt_cli.evidence.judge import READOUTS
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.progress import no_progress
from crosspt_cli.search.learning_curve import fewer_rows, right_with_fewer_rows
from crosspt_cli.search.plan import Rung
from crosspt_cli.search.study import run_study
from crosspt_cli.search.trials import Trial, make_population


def measured(task, candidate, parts, steps=2, deadline=None):
    """Whether rows are right, read by label words."""
    return right_with_fewer_rows(task, candidate, Readout(0.0), steps, 4, parts, deadline, no_progress)


def test_fewer_rows_keep_every_class_and_what_is_held_out():
    """A larger share holds the smaller one, so that a curve is of one draw."""
    task = small_task(rows=36)
    folds = folds_of(task)
    quarter, half = (fewer_rows(folds, task.labels, share, 0) for share in (0.25, 0.5))
    for whole, small, large in zip(folds, quarter, half, strict=True):
        assert set(small.train) < set(large.train) < set(whole.train)
        assert np.array_equal(small.held_out, whole.held_out)
        assert set(task.labels[small.train]) == {0, 1}
        assert abs(len(large.train) - len(whole.train) / 2) <= 1


def test_rows_that_cannot_be_fewer_give_no_point():
    """With one or two rows of each class, nine tenths are the whole."""
    task = small_task(rows=6)
    assert fewer_rows(folds_of(task, 2), task.labels, 0.9, 0) is None


@pytest.mark.parametrize("candidate", [Candidate((), 1.0), Candidate(NAMES[:2], 0.5)], ids=str)
def test_parts_trained_together_are_right_as_they_are_alone(candidate):
    """Neighbours change nothing, and every answer is of a prompt that never saw the row."""
    task = small_task(rows=24)
    parts = [fewer_rows(folds_of(task), task.labels, share, 0) for share in (0.25, 0.5)]
    together = measured(task, candidate, parts)
    assert np.array_equal(together[0], measured(task, candidate, parts[:1])[0])
    alone = np.zeros(len(task.labels))
    for number, fold in enumerate(parts[0]):
        trials = [Trial(0, place, 0) for place in range(number + 1)]
        population = make_population(task, [candidate], trials, parts[0][: number + 1], 4)
        for _ in range(2):
            population.step()
        found = population.answers([fold.held_out for fold in parts[0][: number + 1]])[number]
        answers = (found.nats - population.bias()[number]).argmax(1)
        alone[fold.held_out] = answers == task.labels[fold.held_out]
    assert np.array_equal(together[0], alone)


def test_an_untouched_source_is_ranked_on_the_fewer_rows_only():
    """By hand: best source and bias of each part's rows, answers on what was held out."""
    task = small_task(rows=24)
    (right,) = measured(task, Candidate(NAMES[:1], 0.0), [part := fewer_rows(folds_of(task), task.labels, 0.5, 0)])
    import torch

    expected = np.zeros(len(task.labels))
    for fold in part:
        name = task.untouched.ranks(task.labels, fold.train)[0].name
        prompt = task.sources[[task.untouched.names.index(name)]]
        at = torch.as_tensor(fold.held_out)
        nats = score_rows(task.backbone, prompt, at * 0, task.texts, at, task.tree, 10_000)
        answers = (nats - bias_by(task, prompt, fold)).argmax(1)
        expected[fold.held_out] = answers == task.labels[fold.held_out]
    assert np.array_equal(right, expected)


def test_a_deadline_ends_it_without_an_answer():
    """Half a curve would be a wrong one."""
    task = small_task(rows=24)
    parts = [fewer_rows(folds_of(task), task.labels, 0.5, 0)]
    assert measured(task, Candidate((), 1.0), parts, deadline=time.monotonic() - 1) is None


def test_a_study_has_the_curve_of_what_it_chose():
    """Fewer rows first, then what the folds have, which is what was scored."""
    task = small_task(rows=24)
    folds, rungs = folds_of(task), (Rung(2, 2), Rung(4, 2))
    found = run_study(task, some_candidates(), folds, 1, rungs, READOUTS["auto"], (0.5,))
    sizes = [each.rows for each in found.curve.points]
    assert sizes[-1] == pytest.approx(np.mean([len(fold.train) for fold in folds]))
    assert sizes[0] < 0.75 * sizes[-1]
    assert found.curve.points[-1].accuracy == pytest.approx(found.chosen.score.mean)
    part = fewer_rows(folds, task.labels, 0.5, task.seed)
    right = right_with_fewer_rows(
        task, found.chosen.candidate, found.chosen.readout, found.chosen.steps, 4, [part], None, no_progress
    )
    assert found.curve.points[0].accuracy == pytest.approx(right[0].mean())
    assert found.curve.sentence
