"""A task of a few short texts whose class shows in one token, on a random T5: a study of it takes a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from hf_reference import END, as_backbone, random_prompts, small_t5

from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.read import read_alone, score_rows
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.found import Found
from crosspt_cli.evidence.outcome import CandidateResult, score_of
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate, Fold, TrialResult
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.folds import stratified_folds
from crosspt_cli.search.plan import Rung
from crosspt_cli.search.rank import score_untouched
from crosspt_cli.search.trials import StudyTask
from crosspt_cli.tasks.label_tree import LabelTree

WORDS = ((5, 6), (5, 7))
Trials = Mapping[int, Sequence[TrialResult]]
NAMES = ("apple", "pear", "plum")
RUNGS = (Rung(2, 3), Rung(5, 2), Rung(7, 1))


def small_task(rows: int = 18, sources: int = 3, dtype: torch.dtype = torch.float32, seed: int = 0) -> StudyTask:
    """Return a task of two classes, the second a third of the rows."""
    labels = (np.arange(rows) % 3 == 2).astype(np.int64)
    random = np.random.default_rng(3)
    ids = [[*random.integers(2, 64, 2 + row % 5).tolist(), 30 + int(labels[row]), END] for row in range(rows)]
    return _task_of(ids, labels, WORDS, sources, dtype, seed)


def many_classes(classes: int, rows_each: int = 2) -> StudyTask:
    """Return a task of so many classes, at most 900: a class's texts are the two tokens of its label words."""
    words = tuple((4 + c // 30, 34 + c % 30) for c in range(classes))
    labels = np.arange(classes * rows_each) % classes
    return _task_of([[*words[c], *words[c], END] for c in labels], labels, words, sources=1)


def _task_of(ids, labels, words, sources: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> StudyTask:
    backbone = as_backbone(small_t5(), dtype)
    texts = read_alone(backbone, encode_texts(ids, backbone.device), 0, 10_000)
    tree = backbone.t5.place(LabelTree.build(words, END))
    values, names = random_prompts(sources), NAMES[:sources]
    ranked = score_untouched(backbone, names, values, texts, labels, tree, stream(seed, "rank"), 10_000)
    plain = tuple(" ".join(map(str, row)) for row in ids)
    vectors = texts.vectors.numpy()
    classes = ("a", "b") if len(words) == 2 else tuple(f"class {c}" for c in range(len(words)))
    return StudyTask(backbone, texts, labels, tree, plain, vectors, values, ranked, classes, seed)


def with_whole(task: StudyTask) -> StudyTask:
    """Return the task with its texts whole, and short ones in which the token that shows the class is another."""
    ids = [each.tolist() for each in task.texts.tokens.split(task.texts.lengths.tolist())]
    device = task.backbone.device
    whole = read_alone(task.backbone, encode_texts([each[:-1] * 3 + [END] for each in ids], device), 0, 10_000)
    short = read_alone(task.backbone, encode_texts([[*each[:-2], 2, END] for each in ids], device), 0, 10_000)
    return replace(task, texts=replace(short, vectors=whole.vectors), whole=whole, vectors=whole.read_vectors.numpy())


def folds_of(task: StudyTask, count: int = 3):
    """Return the task's folds."""
    return stratified_folds(task.labels, count, task.seed)


def bias_by(task: StudyTask, prompt: torch.Tensor, fold: Fold) -> np.ndarray:
    """Return how far a prompt [1, P, H] favours each class by a fold's training rows, [C] in nats."""
    rows = torch.as_tensor(fold.train)
    nats = score_rows(task.backbone, prompt, rows * 0, task.texts, rows, task.tree, 10_000)
    known = task.labels[fold.train]
    return bias_of(nats, known, class_share(known, nats.shape[1]))


def some_candidates() -> tuple[Candidate, ...]:
    """Return M = 0, one source untouched private prompt, and two that train everything."""
    return (
        Candidate((), 1.0),
        Candidate(NAMES[:1], 0.0),
        Candidate(NAMES[:1], 0.5),
        Candidate(NAMES[:2], 0.5),
    )


def trial_result(candidate: int, held_out, nats, fold=0, seed=0, bias=None, similarity=None) -> TrialResult:
    """Return a trial that said `nats` [h, C] of the rows `held_out`, which are near no prototype unless said."""
    nats = np.asarray(nats, np.float32)
    similarity = np.zeros_like(nats) if similarity is None else np.asarray(similarity, np.float32)
    bias = np.zeros(nats.shape[1], np.float32) if bias is None else np.asarray(bias, np.float32)
    return TrialResult(
        candidate, fold, seed, "complete", 5, 0.5, np.asarray(held_out), nats, similarity, bias,
        np.ones(1, np.float32),
    )  # fmt: skip


def candidate_result(candidate: Candidate, utility, state: str = "complete") -> CandidateResult:
    """Return a candidate with this held-out utility per row; it is right where the utility is above 0."""
    utility = np.asarray(utility, float)
    correct = (utility > 0).astype(float)
    return CandidateResult(
        candidate, state, 5, Readout(0.0), score_of(correct, (float(correct.mean()),), -0.5), 1.0, utility
    )


def found_of(task: StudyTask, folds: Sequence[Fold], results: Sequence[CandidateResult], kept: Trials) -> Found:
    """Return what a study hands over in which the first candidate was chosen."""
    best = answers_of_best_source(task, folds).classes(folds) if len(task.sources) else None
    return Found(
        labels=task.labels, classes=task.classes, vectors=task.vectors, folds=folds, results=tuple(results), kept=kept,
        judged={}, choice=0, reason="", baselines={}, best_source=best, without={}, fewer=(), seed=task.seed,
    )  # fmt: skip
