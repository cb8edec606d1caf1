"""Trials, and the population that trains them: what each starts from, mixes, and sees at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.bank import Part, TrialBank
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree
from crosspt_cli.core.memory import MOST_TOKENS
from crosspt_cli.core.methods import METHODS, Start
from crosspt_cli.core.optimise import Schedule
from crosspt_cli.core.read import read_vectors
from crosspt_cli.core.train import Population
from crosspt_cli.evidence.bias import class_share
from crosspt_cli.evidence.outcome import PoolWorth
from crosspt_cli.evidence.pooled import Unlabelled
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.evidence.with_pool import Weighed, pool_worth
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.folds import batches
from crosspt_cli.search.plan import BATCH
from crosspt_cli.search.rank import UntouchedSources

TOKENS_AT_ONCE = 1_200  # on a CPU more does not pay, and costs memory


def tokens_at_once(device: torch.device) -> int:
    """Return how many tokens are worth one pass on a device; on a GPU the backbone's `room` says how many fit."""
    return TOKENS_AT_ONCE if device.type == "cpu" else MOST_TOKENS


FOLD_ROWS = 300
"""Unlabelled rows that a fold's prompt reads at most: there are as many prompts as folds, and more rows take longer."""


@dataclass(frozen=True)
class Pool:
    """Rows without labels, as the search sees them.

    `texts` read like the labelled ones, and only those like the labelled ones · `unusual`: how many were left out ·
    `possible`: how many rows these are a sample of.
    """

    texts: EncodedTexts
    unusual: int
    possible: int

    def __len__(self) -> int:
        return len(self.texts)

    def some(self) -> np.ndarray:
        """Return the rows that the prompts of folds read, [u] int64, spread over all."""
        count = min(len(self), FOLD_ROWS)
        return np.arange(count) * len(self) // max(1, count)

    def read(self, backbone: Backbone, prompts: Tensor, rows: np.ndarray) -> list[np.ndarray]:
        """Return the vectors of some rows under each prompt, T times [u, H] float32.

        Args:
            backbone: the frozen T5.
            prompts: [T, P, H], or [T, D, P, H].
            rows: [u] int64.
        """
        of = torch.arange(len(prompts)).repeat_interleave(len(rows))
        at = torch.as_tensor(np.tile(rows, len(prompts)))
        read = read_vectors(backbone, prompts, of, self.texts, at, tokens_at_once(backbone.device))
        return np.split(read, len(prompts))

    def worth(self, weighed: Weighed | None) -> PoolWorth:
        """Return what is to be said of these rows, once they were weighed."""
        return pool_worth(weighed, len(self), self.unusual, self.possible)

    def plain(self, rows: np.ndarray) -> Unlabelled:
        """Return some rows as they are without any prompt."""
        return Unlabelled.of(self.texts.read_vectors.cpu().numpy()[rows])


@dataclass(frozen=True)
class StudyTask:
    """A task as the search sees it.

    `texts` as candidates read them, up to the layer where prompts enter · `labels` [rows] int64 · `plain` every row as
    one text · `vectors` [rows, H] mean-pooled encoder outputs · `sources` [S, P, H] float32 in the order of
    `untouched.names` · `classes` names of the C classes · `distinct` the share of the rows that would be left if only
    one of each group of near-copies were kept: so much of them speaks for itself · `pool` rows without labels, if there
    are any · `whole` the texts as the last fit and predictions read them, where candidates read long ones shortened.
    """

    backbone: Backbone
    texts: EncodedTexts
    labels: np.ndarray
    tree: DeviceTree
    plain: tuple[str, ...]
    vectors: np.ndarray
    sources: Tensor
    untouched: UntouchedSources
    classes: tuple[str, ...]
    seed: int
    distinct: float = 1.0
    pool: Pool | None = None
    whole: EncodedTexts | None = None

    @property
    def in_full(self) -> StudyTask:
        """The task with whole texts."""
        return self if self.whole is None else replace(self, texts=self.whole, whole=None)

    @property
    def longer(self) -> float:
        """How many times as many tokens, prompt included, rows have in full."""
        if self.whole is None:
            return 1.0
        prompts = len(self.labels) * self.sources.shape[1]
        return (len(self.whole.tokens) + prompts) / (len(self.texts.tokens) + prompts)

    def part(self, rows: np.ndarray) -> StudyTask:
        """Return the task of some of the rows, [n] int64 in ascending order; what is not of single rows stays."""
        if len(rows) == len(self.labels):
            return self
        at = torch.as_tensor(rows, device=self.backbone.device)
        return replace(
            self,
            texts=self.texts.take(at),
            whole=None if self.whole is None else self.whole.take(at),
            labels=self.labels[rows],
            plain=tuple(self.plain[row] for row in rows),
            vectors=self.vectors[rows],
            untouched=self.untouched.part(rows),
        )


@dataclass(frozen=True)
class Trial:
    """One candidate on one fold with one seed: one row of T."""

    candidate: int
    fold: int
    seed: int


def make_population(
    task: StudyTask, candidates: Sequence[Candidate], trials: Sequence[Trial], folds: Sequence[Fold], steps: int
) -> Population:
    """Return the population of `trials`; what a trial is depends on its fold's training rows and its seed alone.

    Neither its neighbours nor the rows held out of its fold have a say in it.
    """
    ranked = [[rank.name for rank in task.untouched.ranks(task.labels, fold.train)] for fold in folds]
    places = {name: place for place, name in enumerate(task.untouched.names)}
    used = [[places[name] for name in ranked[trial.fold][: candidates[trial.candidate].m]] for trial in trials]
    device = task.backbone.device
    train = [torch.as_tensor(fold.train, device=device) for fold in folds]
    scales = [task.backbone.learning_scale(task.texts, rows) for rows in train]
    bank = TrialBank(_parts(task, candidates, trials, folds, used, scales, steps))
    orders = {
        (f, s): batches(folds[f].train, steps, BATCH, stream(task.seed, "order", f, s))
        for f, s in {(trial.fold, trial.seed) for trial in trials}
    }
    rows = np.stack([orders[trial.fold, trial.seed] for trial in trials])
    shares = [class_share(task.labels[fold.train], len(task.tree.path_node)) for fold in folds]
    return Population(
        task.backbone,
        task.texts,
        torch.as_tensor(task.labels, device=device),
        task.tree,
        bank,
        rows,
        np.stack([shares[trial.fold] for trial in trials]),
        Schedule(steps),
        tokens_at_once(device),
    )


def _parts(
    task: StudyTask,
    candidates: Sequence[Candidate],
    trials: Sequence[Trial],
    folds: Sequence[Fold],
    used: Sequence[Sequence[int]],
    scales: Sequence[float],
    steps: int,
) -> list[Part]:
    """Return the trials before their first step, method by method.

    Args:
        task: of the study.
        candidates: what trials are of.
        trials: T.
        folds: of the study.
        used: of each trial the places of its sources.
        scales: of each fold, what learning rates of prompts are multiplied by.
        steps: at most so many are trained.
    """
    device, parts = task.backbone.device, []

    def numbers(values: list[float]) -> Tensor:
        return torch.tensor(values, device=device)

    methods = [candidates[trial.candidate].method for trial in trials]
    for name in dict.fromkeys(methods):
        own = [place for place, method in enumerate(methods) if method == name]
        each = [(trials[place], candidates[trials[place].candidate]) for place in own]
        given = Start(
            backbone=task.backbone,
            texts=task.texts,
            rows=[folds[trial.fold].train for trial, _ in each],
            random=[stream(task.seed, "private", trial.seed) for trial, _ in each],
            sources=task.sources,
            mixed=[used[place] for place in own],
            rate=numbers([candidate.lr * scales[trial.fold] for trial, candidate in each]),
            attention_rate=numbers([candidate.attention_rate for _, candidate in each]),
            source_rate=numbers([candidate.attention_rate * scales[trial.fold] for trial, candidate in each]),
            steps=steps,
        )
        parts.append(Part(METHODS[name].start(given), torch.tensor(own, device=device)))
    return parts
