"""Did sharing help? What each source is worth to the chosen prompt, on rows that had no say in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crosspt_cli.core.score import Readout
from crosspt_cli.core.train import score_rows
from crosspt_cli.search.candidates import Candidate
from crosspt_cli.search.folds import Fold
from crosspt_cli.search.held_out import held_out_answers
from crosspt_cli.search.intervals import points
from crosspt_cli.search.outcome import Sharing, SourceWorth, TrialResult, Verdict
from crosspt_cli.search.rank import class_share, leaning_of, spread_rows
from crosspt_cli.search.readouts import correct_by_seed
from crosspt_cli.search.trials import StudyTask, tokens_at_once
from crosspt_cli.search.verdict import ALONE, interval_of

ALSO_COUNTED = "The choice also counts how probable the right labels were made, and which candidate is simpler."
LEANING_ROWS = 32  # of the training rows say well enough what a prompt favours


@dataclass(frozen=True)
class Mixture:
    """What a trial's target prompt is mixed from: `sources` [M] places, `private` [P, H], `shares` [M+1]."""

    sources: tuple[int, ...]
    private: Tensor
    shares: Tensor

    def without(self, place: int, values: Tensor, private_is_copy: bool) -> Tensor:
        """Return the target prompt [P, H] with one source taken out and its share divided among the rest.

        Args:
            place: of the source among all sources; one of `sources`.
            values: all source prompts [S, P, H].
            private_is_copy: the private prompt is the sources' mean, and loses the source as well.
        """
        kept = [number for number, source in enumerate(self.sources) if source != place]
        others = values[[self.sources[number] for number in kept]]
        private = others.mean(0) if private_is_copy else self.private
        shares = self.shares[[*kept, len(self.sources)]]
        return torch.einsum("m,mph->ph", shares / shares.sum(), torch.cat([others, private[None]]))


@dataclass(frozen=True)
class Trained:
    """A candidate as it was trained: its trials where they were best, and what each mixed, in the same order."""

    candidate: Candidate
    readout: Readout
    trials: Sequence[TrialResult]
    mixtures: Sequence[Mixture]


def did_sharing_help(
    task: StudyTask,
    folds: Sequence[Fold],
    chosen: Trained,
    verdict: Verdict,
) -> Sharing:
    """Return what sharing was worth to the chosen candidate; nothing is trained for it.

    As a whole: its accuracy minus that of a private prompt alone. Source by source: how much accuracy is lost when
    one is taken out of the trained mixture and its share is divided among the rest. Where one source is all there is,
    only the first can be said.

    Args:
        task: of the study.
        folds: of the study.
        chosen: the candidate.
        verdict: of the study.
    """
    candidate = chosen.candidate
    if candidate.m == 0:
        return Sharing(None, (), "")
    alone = verdict.methods.get(ALONE)
    against = None if alone is None else SourceWorth(ALONE, -alone.difference, -alone.high, -alone.low)
    removable = candidate.sources if candidate.m > 1 or candidate.lr_ratio > 0 else ()
    found = (_worth(task, folds, chosen, name) for name in removable)
    worth = tuple(sorted((each for each in found if each is not None), key=lambda each: -each.points))
    return Sharing(against, worth, _sentence(against, worth))


def _worth(task: StudyTask, folds: Sequence[Fold], chosen: Trained, name: str) -> SourceWorth | None:
    """Return how much accuracy is lost without a source, on the folds that used it; None where none did."""
    place, labels = task.untouched.names.index(name), task.labels
    used = [number for number, mixture in enumerate(chosen.mixtures) if place in mixture.sources]
    if not used:
        return None
    trials, mixtures = [chosen.trials[number] for number in used], [chosen.mixtures[number] for number in used]
    is_copy = chosen.candidate.lr_ratio == 0
    prompts = torch.stack([mixture.without(place, task.sources, is_copy) for mixture in mixtures])
    changed = _answered_by(task, folds, prompts, trials)
    seen = np.unique(np.concatenate([trial.held_out for trial in trials]))
    lost = (correct_by_seed(trials, chosen.readout, labels) - correct_by_seed(changed, chosen.readout, labels))[seen]
    low, high = interval_of(lost, task.distinct)
    return SourceWorth(name, float(lost.mean()), low, high)


def _answered_by(
    task: StudyTask, folds: Sequence[Fold], prompts: Tensor, trials: Sequence[TrialResult]
) -> list[TrialResult]:
    """Return the trials as these prompts [T, P, H] answer them, each with what its own prompt leans to."""
    found = held_out_answers(task, prompts, [folds[trial.fold] for trial in trials])
    some = [folds[t.fold].train[spread_rows(task.labels[folds[t.fold].train], LEANING_ROWS)] for t in trials]
    of = torch.as_tensor(np.repeat(np.arange(len(trials)), [len(each) for each in some]))
    at, device = torch.as_tensor(np.concatenate(some)), task.backbone.device
    nats = score_rows(task.backbone, prompts, of, task.texts, at, task.tree, tokens_at_once(device))
    parts = np.split(nats, np.cumsum([len(each) for each in some])[:-1])
    shares = [class_share(task.labels[folds[trial.fold].train], len(task.tree.path_node)) for trial in trials]
    leanings = [
        leaning_of(part, task.labels[train], share) for part, train, share in zip(parts, some, shares, strict=True)
    ]
    return [
        replace(trial, nats=answered.nats, nearness=answered.nearness, leaning=leaning)
        for trial, answered, leaning in zip(trials, found, leanings, strict=True)
    ]


def _sentence(against: SourceWorth | None, worth: Sequence[SourceWorth]) -> str:
    """Return what a person should know: the whole first, then what helps most, and what harms."""
    parts = [] if against is None else [_whole(against)]
    helps = [each for each in worth if each.low > 0]
    if helps:
        parts.append(f"Of the sources {helps[0].name} helps most: {_with_interval(helps[0])}.")
    parts += [f"{each.name} harms: {_with_interval(each)} (negative transfer)." for each in worth if each.high < 0]
    if worth and len(parts) == (against is not None):
        parts.append("No single source makes a difference that these rows can show.")
    return " ".join(parts) or "One source prompt is all that is in use."


def _whole(against: SourceWorth) -> str:
    """Return what sharing does to accuracy, and where that speaks against the choice, what else was looked at."""
    apart = f"{_with_interval(against)} over a private prompt alone"
    if against.low > 0:
        said = f"Sharing helps: {apart}."
    elif against.high < 0:
        said = f"Sharing costs right answers: {apart}."
    else:
        said = f"Whether sharing helps, these rows cannot tell: {apart}."
    return f"{said} {ALSO_COUNTED}" if against.points < 0 else said


def _with_interval(worth: SourceWorth) -> str:
    return f"{points(worth.points)} points (90 % interval {points(worth.low)} to {points(worth.high)})"
