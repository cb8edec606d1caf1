"""Rows that are held out of a fold have no say in anything that the fold trains, and no signal is no accuracy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from study_samples import NAMES, folds_of, small_task

from crosspt_cli.core.read import read_alone
from crosspt_cli.evidence.baselines import ENCODER, MOST_FREQUENT, TFIDF, baseline_scores
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.folds import stratified_folds
from crosspt_cli.search.held_out import population_answers
from crosspt_cli.search.trials import Trial, make_population

CANDIDATES = (Candidate((), 1.0), Candidate(NAMES[:2], 0.5))


def with_flipped_labels(task, rows):
    """Return the task with other labels on these rows."""
    labels = task.labels.copy()
    labels[rows] = 1 - labels[rows]
    return replace(task, labels=labels)


def with_other_texts(task, rows):
    """Return the task with other tokens in these rows, some of them in no other row; the lengths are the same."""
    tokens = task.texts.tokens.clone()
    places = task.texts.places(torch.as_tensor(rows))
    tokens[places] = 2 + (tokens[places] * 7 + 11) % 61
    texts = read_alone(task.backbone, replace(task.texts, tokens=tokens, vectors=None, stream=None), 0, 10_000)
    return replace(task, texts=texts, vectors=texts.vectors.numpy())


def late(task):
    """Return the task with its texts read to the layer where prompts enter, as the shipped source prompts do."""
    return replace(task, texts=read_alone(task.backbone, replace(task.texts, vectors=None), 1, 10_000))


def trained_on(task, folds):
    """Return what the trials of the first fold are after four steps, and what they answer: a list of arrays each."""
    trials = [Trial(c, f, 0) for c in range(len(CANDIDATES)) for f in range(len(folds))]
    population = make_population(task, CANDIDATES, trials, folds, 4)
    for _ in range(4):
        population.step()
    found = population_answers(population, task.labels, [folds[trial.fold] for trial in trials])
    with torch.no_grad():
        prompts = population.bank.parts[0].method.prompts()
    return [
        (prompts[t], population.losses[t], each.bias, population.balance[t], each.nats, each.similarity)
        for t, (trial, each) in enumerate(zip(trials, found, strict=True))
        if trial.fold == 0
    ]


@pytest.mark.parametrize("entering", ["at the input", "later"])
@pytest.mark.parametrize("change", [with_flipped_labels, with_other_texts])
def test_a_row_held_out_of_a_fold_moves_nothing_that_the_fold_trains(change, entering):
    """Prompt, loss, bias, class shares, and what other held-out rows are answered stay what they were."""
    task = small_task(rows=24)
    folds = folds_of(task)
    changed = change(task, folds[0].held_out[[0]])
    if entering == "later":
        task, changed = late(task), late(changed)
    for before, after in zip(trained_on(task, folds), trained_on(changed, folds), strict=True):
        for one, other in zip(before[:4], after[:4], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        for one, other in zip(before[4:], after[4:], strict=True):
            np.testing.assert_allclose(one[1:], other[1:], atol=1e-5)


def test_a_private_prompt_starts_at_tokens_of_its_folds_training_rows():
    """A token that only a held-out row has is never drawn, though a fold that trains on the row may."""
    task = small_task(rows=24)
    folds = folds_of(task)
    rare = task.texts.tokens.clone()
    rare[task.texts.places(torch.as_tensor(folds[0].held_out))] = 63
    rare[task.texts.places(torch.as_tensor(folds[0].train))] %= 63
    task = replace(task, texts=replace(task.texts, tokens=rare))
    rows = task.backbone.t5.embedding
    for seed in range(8):
        trials = [Trial(0, 0, seed)]
        (private,) = (
            make_population(replace(task, seed=seed), CANDIDATES[:1], trials, folds, 4)
            .bank.parts[0]
            .method.private.detach()
        )
        assert not (private[:, None] == rows[63]).all(2).any()


def test_the_best_source_of_a_fold_does_not_know_held_out_labels():
    """Neither which one it is, nor what it leans to."""
    task = small_task(rows=24)
    folds = folds_of(task)
    changed = with_flipped_labels(task, folds[0].held_out[[0]])
    one, other = (answers_of_best_source(each, folds) for each in (task, changed))
    assert np.array_equal(one.held_out[0].bias, other.held_out[0].bias)
    assert one.losses[0] == other.losses[0]
    assert np.array_equal(one.held_out[0].nats, other.held_out[0].nats)


@pytest.mark.parametrize("name", [MOST_FREQUENT, TFIDF, ENCODER])
def test_without_signal_a_baseline_is_right_as_often_as_chance(name):
    """A row more of a class in a fold is a row less held out: unweighted, a baseline would be below chance for it."""
    right, labels = [], np.arange(14) % 2
    for seed in range(60):
        random = np.random.default_rng(seed)
        texts = [" ".join(random.choice(list("abcdefghijkl"), 5)) for _ in labels]
        vectors = random.normal(size=(14, 6)) + 3
        scores = baseline_scores(texts, vectors, labels, stratified_folds(labels, 4, seed))
        right.append(scores[name].mean)
    assert abs(np.mean(right) - 0.5) < 0.035
