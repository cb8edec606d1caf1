"""The studies that `population.py` trains: a backbone in two forms, a task on it, its trials, and how far they go."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from shapes import SHAPES, freeze, random_prompts, random_task, random_words
from transformers import T5ForConditionalGeneration

from crosspt_cli.core.train import Population
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.search.folds import stratified_folds
from crosspt_cli.search.plan import BUDGETS, budget_candidates, make_rungs
from crosspt_cli.search.trials import StudyTask, Trial, make_population

BUDGET = BUDGETS["normal"]
SOURCES = max(BUDGET.ms)


@dataclass(frozen=True)
class Plan:
    """How far trials are trained: rungs of (steps, trials that get there, the first ones)."""

    rungs: tuple[tuple[int, int], ...]

    def of(self, trial: int) -> Plan:
        """Return the plan of one trial alone."""
        return Plan(tuple((steps, 1) for steps, alive in self.rungs if alive > trial))

    @property
    def trial_steps(self) -> int:
        """How many steps all trials take together."""
        begins = (0, *(steps for steps, _ in self.rungs))
        return sum((steps - begin) * alive for begin, (steps, alive) in zip(begins, self.rungs, strict=False))

    @property
    def unpruned(self) -> float:
        """How many times as many steps it would be if every trial went on to the end."""
        steps, alive = self.rungs[-1][0], self.rungs[0][1]
        return steps * alive / self.trial_steps


@dataclass(frozen=True)
class Study:
    """What all three train: one frozen backbone in two forms, one task, its trials and their plan."""

    model: T5ForConditionalGeneration
    task: StudyTask
    rows: tuple[list[int], ...]
    words: tuple[tuple[int, ...], ...]
    candidates: tuple[Candidate, ...]
    folds: tuple[Fold, ...]
    trials: tuple[Trial, ...]
    plan: Plan

    @property
    def prompt_tokens(self) -> int:
        """P."""
        return self.task.sources.shape[1]

    def population(self, trials: tuple[Trial, ...]) -> Population:
        """Return the population of some trials."""
        return make_population(self.task, self.candidates, trials, self.folds, self.plan.rungs[-1][0])


def mini_study(
    device: torch.device, dtype: torch.dtype, data: Path | None
) -> tuple[T5ForConditionalGeneration, StudyTask, tuple]:
    """Return the embedded backbone as transformers has it, the task of 64 rows on it, and its label words.

    Its source prompts are random ones at the input, because that is where peft's prompts stand; it costs no less.
    """
    from onboard import draw

    from crosspt_cli import Registry, read_csv
    from crosspt_cli.foundation.paths import shipped
    from crosspt_cli.onboarding.study_input import Sources, study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import prepare

    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch))
        folder = shipped("registry") / "backbones" / "mini"
        backbone = open_backbone("mini", registry, device.type, "bf16" if dtype == torch.bfloat16 else "fp32")
        if data is None:
            examples = read_csv(Path(__file__).parent.parent / "examples" / "reviews.csv", "y")
        else:
            examples = read_csv(draw(data, Path(scratch))[0], "label")
        prepared = prepare(examples, backbone)
        names = tuple(f"source {number}" for number in range(SOURCES))
        sources = Sources(names, {}, random_prompts(backbone, SOURCES), layer=0)
        task = study_task(examples, backbone, prepared, sources, 0)
    model = T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return model.to(device).eval(), task, prepared.spec.verbalizer.tokens


def random_study(shape: str, device: torch.device, dtype: torch.dtype) -> tuple:
    """Return a model of a shape with random weights, a task of random rows, and its label words."""
    model = SHAPES[shape].model()
    task = random_task(freeze(model, shape, device, dtype))
    return model.to(device), task, random_words(2, SHAPES[shape].vocabulary)


def make_study(chosen: argparse.Namespace, device: torch.device, dtype: torch.dtype) -> Study:
    """Return what is to be trained."""
    if chosen.shape == "mini":
        model, task, words = mini_study(device, dtype, chosen.data)
    else:
        model, task, words = random_study(chosen.shape, device, dtype)
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, np.arange(len(task.labels)))]
    every_candidate = budget_candidates(BUDGET, ranked)
    candidates = tuple(each for each in every_candidate if not each.is_source)  # nothing of that one is trained
    folds = stratified_folds(task.labels, BUDGET.folds, 0)
    plan = _plan(chosen, candidates, len(task.labels))
    # the first trials are those that go on: of candidates with a private prompt in training
    order = sorted(range(len(candidates)), key=lambda number: candidates[number].lr_ratio == 0)
    count = plan.rungs[0][1]
    every = [Trial(c, f, s) for s in range(count) for c in order for f in range(len(folds))][:count]
    texts = task.texts
    rows = tuple(part.tolist() for part in texts.tokens.cpu().split(texts.lengths.tolist()))
    return Study(model, task, rows, tuple(map(tuple, words)), candidates, folds, tuple(every), plan)


def _plan(chosen: argparse.Namespace, candidates: tuple[Candidate, ...], rows: int) -> Plan:
    if chosen.trials or chosen.steps or chosen.shape != "mini":
        return Plan(((chosen.steps or BUDGET.steps, chosen.trials or 64),))
    rungs = make_rungs(BUDGET, rows, sum(candidate.lr_ratio > 0 for candidate in candidates))
    alive = (len(candidates), *(rung.keep for rung in rungs))
    return Plan(tuple((rung.steps, kept * BUDGET.folds) for rung, kept in zip(rungs, alive, strict=False)))
