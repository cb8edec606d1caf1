"""Train the chosen candidate on all rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.methods import Mixed
from crosspt_cli.core.read import Answered, answer_rows
from crosspt_cli.core.train import Population
from crosspt_cli.evidence.labelled import LabelledRows
from crosspt_cli.evidence.pooled import Pooled, Unlabelled
from crosspt_cli.evidence.prototypes import PairedPrototypes, paired_prototypes
from crosspt_cli.evidence.readout import Readout, log_softmax
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.foundation.errors import TrainingError
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.search.pooling import prototypes_with_pool
from crosspt_cli.search.self_training import are_few, with_sure_rows
from crosspt_cli.search.trials import StudyTask, Trial, make_population, tokens_at_once

SHARES_OF_A_SOURCE = np.array([1.0, 0.0], np.float32)  # of the source and of the private prompt
NAN_HINT = "Try --dtype fp32 or smaller --lr-ratios; if it stays, the backbone's weights may be damaged."


@dataclass(frozen=True)
class FinalFit:
    """The chosen candidate trained on all rows: `prompt` [P, H] or [D, P, H], `shares` [M+1], `bias` [C].

    `own`: what its method keeps beside the folded prompt, by name ·
    `labelled`: all rows, read with the prompt and without it · `prototypes` of them, and of those without labels ·
    `loss` in nats: of the last batch, or on all rows where nothing was trained · `sure`: how many rows without labels
    the prompt was trained on.
    """

    prompt: np.ndarray
    own: dict[str, np.ndarray]
    shares: np.ndarray
    bias: np.ndarray
    labelled: LabelledRows
    prototypes: PairedPrototypes
    steps: int
    loss: float
    sure: int = 0


def fit_final(
    task: StudyTask,
    candidate: Candidate,
    steps: int,
    horizon: int,
    deadline: float | None = None,
    progress: Progress = no_progress,
    mass: float = 0.0,
    teacher: Readout | None = None,
) -> FinalFit:
    """Return `candidate` trained on all rows for the number of steps that was best on held-out rows.

    Where rows without labels count and labelled ones are few, it is trained a second time, on those of the former as
    well whose class the first prompt is sure of.

    Args:
        task: rows, label words, sources.
        candidate: what to train.
        steps: when to stop.
        horizon: the steps over which the learning rate falls, as in the study.
        deadline: `time.monotonic()` at which training stops where it is, though not before half of the steps: a prompt
            that was hardly trained would answer otherwise than held-out rows say. A second training that does not
            end before it counts for nothing.
        progress: told of finished steps.
        mass: how much rows without labels weigh; 0 leaves them out.
        teacher: how the first prompt answers them; None: there is no second training.
    """
    if candidate.is_source:
        progress("fitting", 0, 1)
        return _source_as_it_is(task, candidate, mass)
    pool = task.pool if mass and teacher is not None and are_few(len(task.labels), len(task.classes)) else None
    trainings = 1 if pool is None else 2

    def tell(training: int) -> Callable[[int], None]:
        return lambda done: progress("fitting", training * steps + done, trainings * steps)

    every = np.arange(len(task.labels))
    trained = _train(task, candidate, every, steps, horizon, deadline, -(-steps // 2), tell(0))
    fit, seen = _fit_of(task, candidate, trained, mass)
    if pool is None or teacher is None or seen is None:
        return fit
    more, rows = with_sure_rows(task, pool, seen.shares(teacher, fit.bias))
    sure = len(more.labels) - len(task.labels)
    again = _train(more, candidate, rows, steps, horizon, deadline, 0, tell(1)) if sure else trained
    if not sure or again.steps < steps:
        return fit
    fit, _ = _fit_of(task, candidate, again, mass)
    return replace(fit, sure=sure)


@dataclass(frozen=True)
class _Trained:
    """A prompt and how it came about: the `population` of this one, after so many `steps`."""

    population: Population
    steps: int

    @property
    def prompt(self) -> Tensor:
        """What rows get, [P, H] or [D, P, H]."""
        ((method, trial),) = self.population.bank
        return method.folded(trial)


def _train(
    task: StudyTask,
    candidate: Candidate,
    rows: np.ndarray,
    steps: int,
    horizon: int,
    deadline: float | None,
    least: int,
    tell: Callable[[int], None],
) -> _Trained:
    """Return the candidate trained on some rows [n] int64, of which any may occur more than once.

    It mixes the sources that are best on labelled rows, and stops at the deadline, though not before the `least` steps.
    """
    labelled, fold = np.arange(len(task.vectors)), Fold(rows, rows[:0])
    population = make_population(task, [candidate], [Trial(0, 0, 0)], [fold], horizon, [labelled])
    done = 0
    while done < steps and (done < least or deadline is None or time.monotonic() < deadline):
        population.step()
        done += 1
        tell(done)
    if population.failed()[0]:
        raise TrainingError("final fit", "the loss became nan.", NAN_HINT)
    return _Trained(population, done)


@dataclass(frozen=True)
class _Seen:
    """Rows without labels as a prompt answers them, and the prototypes that have seen them."""

    answered: Answered
    made: Pooled

    def shares(self, readout: Readout, bias: np.ndarray) -> np.ndarray:
        """Return how probable each class is for each row, as frequent as the classes are among them, [u, C]."""
        similarity = self.made.paired.similarity(self.answered.vectors, self.answered.plain)
        as_it_is = replace(readout, temperature=1.0)  # it was fitted on held-out rows, and would make few of these sure
        log_shares = as_it_is.log_shares(self.answered.nats, bias, similarity)
        return np.exp(log_softmax(log_shares + self.made.log_prior))


def _fit_of(task: StudyTask, candidate: Candidate, trained: _Trained, mass: float) -> tuple[FinalFit, _Seen | None]:
    """Return the fit of a trained prompt, and what it makes of rows without labels where they count."""
    ((method, trial),), population = trained.population.bank, trained.population
    labelled = _labelled(task, trained.prompt[None])
    seen = _seen(task, labelled, trained.prompt[None], mass)
    fit = FinalFit(
        prompt=trained.prompt.cpu().numpy(),
        own={name: values.detach().cpu().numpy() for name, values in method.saved(trial).items()},
        shares=_shares(task, candidate, method.mixed(trial)),
        bias=population.bias()[0],
        labelled=labelled,
        prototypes=_prototypes(task, labelled, seen),
        steps=trained.steps,
        loss=float(population.losses[0]),
    )
    return fit, seen


def _shares(task: StudyTask, candidate: Candidate, mixed: Mixed | None) -> np.ndarray:
    """Return the attention shares in the order of the candidate's sources, [M+1], the private prompt's last."""
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
    bias = task.untouched.bias(name, task.labels, everything)
    labelled = _labelled(task, source)
    made = _prototypes(task, labelled, _seen(task, labelled, source, mass))
    return FinalFit(prompt, {"private": prompt}, SHARES_OF_A_SOURCE, bias, labelled, made, steps=0, loss=loss)


def _labelled(task: StudyTask, prompts: Tensor) -> LabelledRows:
    """Return all labelled rows as they are read behind one prompt, [1, P, H] or [1, D, P, H], and without it."""
    found = _answers(task, prompts, task.texts)
    return LabelledRows(found.vectors, found.plain, task.labels)


def _answers(task: StudyTask, prompts: Tensor, texts: EncodedTexts) -> Answered:
    """Return what one prompt answers on some texts; `prompts` as above."""
    rows, at_once = torch.arange(len(texts)), tokens_at_once(task.backbone.device)
    return answer_rows(task.backbone, prompts, rows * 0, texts, rows, task.tree, at_once)


def _seen(task: StudyTask, rows: LabelledRows, prompts: Tensor, mass: float) -> _Seen | None:
    """Return what a prompt makes of rows without labels; None where they do not count; `prompts` as above."""
    if not mass or task.pool is None:
        return None
    answered = _answers(task, prompts, task.pool.texts)
    both = Unlabelled.of(answered.vectors), Unlabelled.of(answered.plain)
    return _Seen(answered, prototypes_with_pool(rows, *both, len(task.classes), mass))


def _prototypes(task: StudyTask, rows: LabelledRows, seen: _Seen | None) -> PairedPrototypes:
    """Return the prototypes of all labelled rows, and of those without labels where they count."""
    if seen is None:
        return paired_prototypes(rows.vectors, rows.plain, rows.labels, len(task.classes))
    return seen.made.paired


def _of_sources_alone(shares: np.ndarray) -> np.ndarray:
    """Return the shares [M+1] where the private prompt never left its sources' mean: its part is theirs, equally.

    The target prompt is the same, and nobody is told that half of it is a prompt of their own.
    """
    return np.append(shares[:-1] + shares[-1] / (len(shares) - 1), np.float32(0))
