"""Train the chosen candidate on all rows."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.methods import Mixed
from crosspt_cli.core.read import answer_rows
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.labelled import LabelledRows
from crosspt_cli.evidence.pooled import Unlabelled
from crosspt_cli.evidence.prototypes import PairedPrototypes, paired_prototypes
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.foundation.errors import TrainingError
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.search.pooling import prototypes_with_pool
from crosspt_cli.search.trials import StudyTask, Trial, make_population, tokens_at_once

SHARES_OF_A_SOURCE = np.array([1.0, 0.0], np.float32)  # of the source and of the private prompt
NAN_HINT = "Try --dtype fp32 or smaller --lr-ratios; if it stays, the backbone's weights may be damaged."


@dataclass(frozen=True)
class FinalFit:
    """The chosen candidate trained on all rows: `prompt` [P, H] or [D, P, H], `shares` [M+1], `bias` [C].

    `own`: what its method keeps beside the folded prompt, by name ·
    `labelled`: all rows, read with the prompt and without it · `prototypes` of them, and of those without labels ·
    `loss` in nats: of the last batch, or on all rows where nothing was trained.
    """

    prompt: np.ndarray
    own: dict[str, np.ndarray]
    shares: np.ndarray
    bias: np.ndarray
    labelled: LabelledRows
    prototypes: PairedPrototypes
    steps: int
    loss: float


def fit_final(
    task: StudyTask,
    candidate: Candidate,
    steps: int,
    horizon: int,
    deadline: float | None = None,
    progress: Progress = no_progress,
    mass: float = 0.0,
) -> FinalFit:
    """Return `candidate` trained on all rows, in full, for the number of steps that was best on held-out rows.

    Args:
        task: rows, label words, sources.
        candidate: what to train.
        steps: when to stop.
        horizon: the steps over which the learning rate falls, as in the study.
        deadline: `time.monotonic()` at which training stops where it is, though not before half of the steps: a prompt
            that was hardly trained would answer otherwise than held-out rows say.
        progress: told of finished steps.
        mass: how much rows without labels weigh; 0 leaves them out.
    """
    task = task.in_full
    if candidate.is_source:
        progress("fitting", 0, 1)
        return _source_as_it_is(task, candidate, mass)
    everything = np.arange(len(task.labels))
    population = make_population(task, [candidate], [Trial(0, 0, 0)], [Fold(everything, everything[:0])], horizon)
    done = 0
    while done < steps and (2 * done < steps or deadline is None or time.monotonic() < deadline):
        population.step()
        done += 1
        progress("fitting", done, steps)
    if population.failed()[0]:
        raise TrainingError("final fit", "the loss became nan.", NAN_HINT)
    ((method, trial),) = population.bank
    prompt = method.folded(trial)
    labelled = _labelled(task, prompt[None])[0]
    return FinalFit(
        prompt=prompt.cpu().numpy(),
        own={name: values.detach().cpu().numpy() for name, values in method.saved(trial).items()},
        shares=_shares(task, candidate, method.mixed(trial)),
        bias=population.bias()[0],
        labelled=labelled,
        prototypes=_prototypes(task, labelled, prompt[None], mass),
        steps=done,
        loss=float(population.losses[0]),
    )


def _shares(task: StudyTask, candidate: Candidate, mixed: Mixed | None) -> np.ndarray:
    """Return the attention shares in the order of the candidate's sources, [M+1], the private prompt's last.

    Where nothing is mixed, all of the prompt is the private one, [1].
    """
    if mixed is None:
        return np.ones(1, np.float32)
    *of_sources, own = mixed.shares.cpu().numpy()
    share = dict(zip(mixed.sources, of_sources, strict=True))
    places = [task.untouched.names.index(name) for name in candidate.sources]
    shares = np.array([*(share.get(place, 0.0) for place in places), own], np.float32)
    return shares if candidate.lr_ratio or not candidate.m else _of_sources_alone(shares)


def _source_as_it_is(task: StudyTask, candidate: Candidate, mass: float) -> FinalFit:
    """Return the fit of a prompt that is its one source: what is left to learn is only its bias."""
    (name,) = candidate.sources
    everything = np.arange(len(task.labels))
    (loss,) = (rank.loss for rank in task.untouched.ranks(task.labels, everything) if rank.name == name)
    source = task.sources[[task.untouched.names.index(name)]]
    prompt = source[0].cpu().numpy()
    labelled, nats = _labelled(task, source)
    bias = bias_of(nats, task.labels, class_share(task.labels, len(task.classes)))
    made = _prototypes(task, labelled, source, mass)
    return FinalFit(prompt, {"private": prompt}, SHARES_OF_A_SOURCE, bias, labelled, made, steps=0, loss=loss)


def _labelled(task: StudyTask, prompts: Tensor) -> tuple[LabelledRows, np.ndarray]:
    """Return all labelled rows as they are read behind one prompt, [1, P, H] or [1, D, P, H], and without it.

    Beside them stands what the prompt says of them: label words' log-likelihoods, [rows, C].
    """
    rows, at_once = torch.arange(len(task.labels)), tokens_at_once(task.backbone.device)
    found = answer_rows(task.backbone, prompts, rows * 0, task.texts, rows, task.tree, at_once)
    return LabelledRows(found.vectors, found.plain, task.labels), found.nats


def _prototypes(task: StudyTask, rows: LabelledRows, prompts: Tensor, mass: float) -> PairedPrototypes:
    """Return the prototypes of these rows, and of those without labels where they count; `prompts` as above."""
    if not mass or task.pool is None:
        return paired_prototypes(rows.vectors, rows.plain, rows.labels, len(task.classes))
    every = np.arange(len(task.pool))
    (read,) = task.pool.read(task.backbone, prompts, every)
    plain = task.pool.plain(every)
    return prototypes_with_pool(rows, Unlabelled.of(read), plain, len(task.classes), mass)


def _of_sources_alone(shares: np.ndarray) -> np.ndarray:
    """Return the shares [M+1] where the private prompt never left its sources' mean: its part is theirs, equally.

    The target prompt is the same, and nobody is told that half of it is a prompt of their own.
    """
    return np.append(shares[:-1] + shares[-1] / (len(shares) - 1), np.float32(0))
