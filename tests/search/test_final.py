"""The fit on all rows."""

import time

import numpy as np
import pytest
import torch
from study_samples import NAMES, small_task

from crosspt_cli.core.methods.mixture import compose
from crosspt_cli.core.read import answer_rows
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.prototypes import prototypes
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.errors import TrainingError
from crosspt_cli.search.final import fit_final


def test_it_trains_the_steps_that_were_chosen():
    """And tells of each."""
    told = []
    fit = fit_final(small_task(), Candidate(NAMES[:1], 0.5), 4, 9, progress=lambda *step: told.append(step))
    assert fit.steps == 4
    assert told == [("fitting", step, 4) for step in (1, 2, 3, 4)]
    assert fit.bias.shape == (2,)
    assert np.isfinite(fit.loss)


@pytest.mark.parametrize("ratio", [0.5, 0.0])
def test_the_stored_prompt_is_the_mixture_of_its_parts(ratio):
    """Sources, private prompt and shares in the candidate's order give the folded prompt again."""
    task = small_task()
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, np.arange(len(task.labels)))]
    fit = fit_final(task, Candidate(tuple(ranked[:2]), ratio), 5, 5)
    assert fit.shares.sum() == pytest.approx(1)
    used = task.sources[[NAMES.index(name) for name in ranked[:2]]]
    mixed = compose(torch.tensor(fit.shares)[None], used, torch.tensor(fit.own["private"])[None])[0]
    np.testing.assert_allclose(fit.prompt, mixed, atol=1e-6)
    assert (fit.prompt.dtype, fit.own["private"].dtype) == (np.float32, np.float32)


def test_attention_only_leaves_the_private_prompt_at_the_sources_mean():
    """Ratio 0."""
    task = small_task()
    fit = fit_final(task, Candidate(NAMES, 0.0), 4, 4)
    np.testing.assert_allclose(fit.own["private"], task.sources.mean(0), atol=1e-6)
    assert not np.allclose(fit.shares[:-1], 1 / 3)


def test_a_private_prompt_that_never_moved_has_no_share_of_its_own():
    """With one source the task's prompt is that source, and nobody is told that half of it is theirs."""
    task = small_task()
    best = task.untouched.ranks(task.labels, np.arange(len(task.labels)))[0].name
    fit = fit_final(task, Candidate((best,), 0.0), 3, 3)
    assert fit.shares.tolist() == [1.0, 0.0]
    assert fit.steps == 0
    assert np.array_equal(fit.prompt, task.sources[NAMES.index(best)])
    nats = task.untouched.nats[NAMES.index(best)]
    np.testing.assert_allclose(fit.bias, bias_of(nats, task.labels, class_share(task.labels, 2)), atol=1e-5)
    assert fit.loss == min(rank.loss for rank in task.untouched.ranks(task.labels, np.arange(len(task.labels))))


@pytest.mark.parametrize("candidate", [Candidate((), 1.0), Candidate(NAMES[:1], 0.0)], ids=str)
def test_prototypes_are_of_all_rows_with_and_without_the_prompt(candidate):
    """Against prototypes of the rows as they are read one way and the other."""
    task = small_task()
    fit, rows = fit_final(task, candidate, 2, 2), torch.arange(len(task.labels))
    prompt = torch.tensor(fit.prompt)[None]
    read = answer_rows(task.backbone, prompt, rows * 0, task.texts, rows, task.tree, 10_000)
    for found, vectors in ((fit.prototypes.prompted, read.vectors), (fit.prototypes.plain, task.vectors)):
        np.testing.assert_allclose(found.directions, prototypes(vectors, task.labels, 2).directions, atol=1e-5)


def test_when_the_time_is_up_half_of_the_steps_are_taken():
    """A study that was paid for is not thrown away, and a prompt of one step is not the one that was scored."""
    assert fit_final(small_task(), Candidate((), 1.0), 9, 9, deadline=time.monotonic() - 1).steps == 5
    assert fit_final(small_task(), Candidate((), 1.0), 9, 9, deadline=time.monotonic() + 99).steps == 9


def test_a_fit_that_becomes_nan_says_so():
    """Nothing is saved."""
    with pytest.raises(TrainingError) as caught:
        fit_final(small_task(), Candidate((), 1.0, attention_rate=float("nan")), 4, 4)
    assert str(caught.value) == (
        "final fit: the loss became nan.\n"
        "Try --dtype fp32 or smaller --lr-ratios; if it stays, the backbone's weights may be damaged."
    )
