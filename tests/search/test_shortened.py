"""A study that compares candidates on shortened texts says what is true of whole ones."""

from dataclasses import replace

import numpy as np
import pytest
from pool_samples import with_rows
from study_samples import NAMES, RUNGS, bias_by, folds_of, small_task, some_candidates, with_whole

from crosspt_cli.evidence import conclusions
from crosspt_cli.evidence.corrected import corrected_score
from crosspt_cli.evidence.judge import READOUTS, correct_by_seed, judge_readouts
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.search import judging, study
from crosspt_cli.search.final import fit_final
from crosspt_cli.search.held_out import held_out_answers
from crosspt_cli.search.plan import Rung
from crosspt_cli.search.study import run_study


def study_of(task, candidates=None, curve=()):
    return run_study(task, candidates or some_candidates(), folds_of(task), 1, RUNGS, READOUTS["auto"], curve)


@pytest.mark.parametrize("candidate", [Candidate((), 1.0), Candidate(NAMES[:1], 0.0)], ids=str)
def test_the_choice_is_scored_on_whole_texts(candidate, monkeypatch):
    """Written out: the prompts of its folds answer whole held-out rows, with prototypes and bias of whole rows."""
    seen = {}
    monkeypatch.setattr(study, "conclude", lambda found: seen.update(found=found) or conclusions.conclude(found))
    task = with_whole(small_task(rows=24))
    found = study_of(task, [candidate])
    full, folds, rows = task.in_full, folds_of(task), np.zeros(24, bool)
    for trial in seen["found"].trials:
        fold = folds[trial.fold]
        rows[fold.held_out] = True
        assert trial.nats.shape == (len(fold.held_out), 2)
        if candidate.is_source:
            best = task.untouched.ranks(task.labels, fold.train)[0].name
            prompt = task.sources[[NAMES.index(best)]]
            (wanted,) = held_out_answers(full, prompt, [fold])
            np.testing.assert_allclose(trial.nats, wanted.nats, atol=1e-5)
            np.testing.assert_allclose(trial.similarity, wanted.similarity, atol=1e-5)
            np.testing.assert_allclose(trial.bias, bias_by(full, prompt, fold), atol=1e-5)
    assert rows.all()
    right = correct_by_seed(seen["found"].trials, found.chosen.readout, task.labels)
    assert found.chosen.score.mean == right.mean()
    in_short = next(trial for trial in found.trials if trial.fold == 0)
    assert not np.allclose(in_short.nats, seen["found"].trials[0].nats)


def test_candidates_are_compared_on_short_texts():
    """What they are compared by is what it is where the short texts are all there is, and so is the choice."""
    task = with_whole(small_task(rows=24))
    both = study_of(task), study_of(replace(task, whole=None))
    assert both[0].choice == both[1].choice
    for ours, theirs in zip(*(each.trials for each in both), strict=True):
        assert np.array_equal(ours.nats, theirs.nats)
        assert np.array_equal(ours.similarity, theirs.similarity)
    assert "held-out rows, read shortened, it got right" in both[0].reason
    assert "shortened" not in both[1].reason


def test_the_private_prompt_alone_stands_beside_the_choice_on_whole_texts(monkeypatch):
    """What sharing is worth would otherwise be what whole texts are worth."""
    seen = {}
    monkeypatch.setattr(study, "conclude", lambda found: seen.update(found=found) or conclusions.conclude(found))
    monkeypatch.setattr(judging, "choose", lambda results, shortened: (3, "it was told to be"))
    task = with_whole(small_task(rows=24))
    found = study_of(task)
    alone, short = seen["found"].kept[0], [trial for trial in found.trials if trial.candidate == 0]
    assert not any(np.allclose(a.nats, b.nats) for a, b in zip(alone, short, strict=True))
    untouched = seen["found"].kept[1]
    assert all(
        np.array_equal(a.nats, b.nats)
        for a, b in zip(untouched, [trial for trial in found.trials if trial.candidate == 1], strict=True)
    )


def test_the_luck_of_the_choice_is_taken_off_the_score_on_whole_texts(monkeypatch):
    """The choice is made again on short texts; what whole texts change on the rows left out is added."""
    told, seen = [], {}
    monkeypatch.setattr(study, "conclude", lambda found: seen.update(found=found) or conclusions.conclude(found))
    monkeypatch.setattr(conclusions, "corrected_score", lambda *given: told.append(given) or corrected_score(*given))
    task = with_whole(small_task(rows=24))
    found = run_study(task, [Candidate((), 1.0)], folds_of(task), 1, (Rung(3, 1),), READOUTS["auto"])
    short, whole = told[0][-1]
    for judged, trials in ((short, found.trials), (whole, seen["found"].trials)):
        wanted = judge_readouts(trials, READOUTS["auto"], task.labels)
        for ours, theirs in zip(judged, wanted, strict=True):
            np.testing.assert_allclose(ours.log_likelihood, theirs.log_likelihood, atol=1e-5)


def test_rows_without_labels_are_weighed_on_whole_texts():
    """Their prototypes are compared with whole rows."""
    task = with_rows(with_whole(small_task(rows=24)))
    found = study_of(task, [Candidate((), 1.0)])
    assert found.pool is not None
    assert found.without_pool.score.mean == study_of(replace(task, pool=None), [Candidate((), 1.0)]).chosen.score.mean


def test_the_last_fit_reads_whole_texts():
    """As the one of a task that never had others."""
    task = with_whole(small_task())
    for candidate in (Candidate((), 1.0), Candidate(NAMES[:1], 0.0)):
        ours, theirs = fit_final(task, candidate, 3, 5), fit_final(task.in_full, candidate, 3, 5)
        assert np.array_equal(ours.prompt, theirs.prompt)
        assert np.array_equal(ours.bias, theirs.bias)
        assert np.array_equal(ours.prototypes.prompted.directions, theirs.prototypes.prompted.directions)


@pytest.mark.parametrize("candidate", [Candidate((), 1.0), Candidate(NAMES[:1], 0.0)], ids=str)
def test_the_learning_curve_ends_at_the_score_on_whole_texts(candidate):
    """Its points are all of whole texts, and can be compared."""
    found = study_of(with_whole(small_task(rows=24)), [candidate], (0.5,))
    less, most = found.curve.points
    assert less.rows < most.rows == 16
    assert most.accuracy == pytest.approx(found.chosen.score.mean)
