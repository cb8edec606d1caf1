"""Held-out rows are compared with prototypes that they had no say in, as the trial's own prompt reads them."""

import numpy as np
import pytest
import torch
from study_samples import folds_of, small_task

from crosspt_cli.core.read import Answered, answer_rows, score_rows
from crosspt_cli.evidence.prototypes import paired_prototypes
from crosspt_cli.search import held_out
from crosspt_cli.search.held_out import held_out_answers, held_out_of, rows_to_answer

LABELS = np.arange(24) % 3
VECTORS, PLAIN = np.random.default_rng(0).normal(size=(2, 24, 6)).astype(np.float32)


def answered(fold, vectors=VECTORS, plain=PLAIN) -> Answered:
    """Return what a prompt answered on the rows of a fold: random vectors, and label words that know nothing."""
    rows = np.concatenate(rows_to_answer(LABELS, fold))
    return Answered(np.zeros((len(rows), 3), np.float32), vectors[rows], plain[rows])


@pytest.fixture
def fold():
    """Return the first of four folds."""
    from crosspt_cli.search.folds import stratified_folds

    return stratified_folds(LABELS, 4, 0)[0]


def test_a_row_is_compared_with_class_means_of_the_training_rows(fold):
    """Against means written out."""
    means = paired_prototypes(VECTORS[fold.train], PLAIN[fold.train], LABELS[fold.train], 3)
    found = held_out_of(answered(fold), LABELS, fold, 3)
    wanted = means.similarity(VECTORS[fold.held_out], PLAIN[fold.held_out])
    np.testing.assert_allclose(found.similarity, wanted, rtol=1e-6)


def test_labels_of_held_out_rows_do_not_leak_into_their_similarity(fold):
    """Shuffled labels within the fold leave its similarity as it was, to the last bit."""
    shuffled = LABELS.copy()
    shuffled[fold.held_out] = shuffled[fold.held_out][::-1]
    before, after = (held_out_of(answered(fold), labels, fold, 3).similarity for labels in (LABELS, shuffled))
    assert np.array_equal(before, after)


def test_a_vector_held_out_does_not_pull_the_mean_it_is_compared_with(fold):
    """An outlier would be its own class mean's best friend."""
    before = held_out_of(answered(fold), LABELS, fold, 3).similarity
    for place in range(2):
        both = [VECTORS.copy(), PLAIN.copy()]
        both[place][fold.held_out[0]] *= -3
        after = held_out_of(answered(fold, *both), LABELS, fold, 3).similarity
        assert np.array_equal(before[1:], after[1:])
        assert not np.array_equal(before[0], after[0])


def test_many_rows_make_prototypes_of_some_of_every_class(fold, monkeypatch):
    """A large task is not read in whole at every rung."""
    monkeypatch.setattr(held_out, "PROTOTYPE_ROWS", 6)
    _, train = rows_to_answer(LABELS, fold)
    assert set(train) <= set(fold.train)
    assert np.bincount(LABELS[train]).tolist() == [2, 2, 2]


def test_prototypes_have_a_row_of_every_class_however_many_classes_there_are(fold, monkeypatch):
    """A class without a row has no mean, and one mean that is no number spoils every answer."""
    monkeypatch.setattr(held_out, "PROTOTYPE_ROWS", 2)
    _, train = rows_to_answer(LABELS, fold)
    assert np.bincount(LABELS[train]).tolist() == [1, 1, 1]


def test_every_prompt_reads_the_rows_of_its_own_fold():
    """One prompt at a time gives the same, and the prompt changes the vectors."""
    task = small_task(rows=24)
    folds, everything = folds_of(task), torch.arange(len(task.labels))
    found = held_out_answers(task, task.sources, folds)
    for number, fold in enumerate(folds):
        prompt = task.sources[number : number + 1]
        alone = answer_rows(task.backbone, prompt, everything * 0, task.texts, everything, task.tree, 10_000)
        rows = fold.train, fold.held_out
        (vectors, asked), (plain, unprompted) = ([of[at] for at in rows] for of in (alone.vectors, task.vectors))
        means = paired_prototypes(vectors, plain, task.labels[fold.train], 2)
        np.testing.assert_allclose(found[number].nats, alone.nats[fold.held_out], atol=1e-5)
        np.testing.assert_allclose(found[number].similarity, means.similarity(asked, unprompted), atol=1e-4)
        nats = score_rows(task.backbone, prompt, everything * 0, task.texts, everything, task.tree, 10_000)
        np.testing.assert_allclose(alone.nats, nats, atol=1e-6)
        assert not np.allclose(alone.vectors, alone.plain, atol=1e-2)
