"""A stage of training: steps with progress, losses written down, and checkpoints to go on from."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from recipes.backbone.optimise import Optimisers
from recipes.backbone.student import Student

SAVE_EVERY = 120.0  # seconds
WRITE_EVERY = 25  # steps

Losses = dict[str, float]
TakeStep = Callable[[int, np.random.Generator], Losses]


class Stage:
    """One stage, resumable: what a step sees depends on its number alone.

    Args:
        name: of the stage, and of its files.
        folder: for the checkpoint `<name>.pt` and the losses `<name>.csv`.
        steps: to take.
        student: in training.
        optimisers: of its weights.
        prompts: soft instructions trained beside it, or None.
        seed: of what steps see.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        steps: int,
        student: Student,
        optimisers: Optimisers,
        prompts: Tensor | None,
        seed: int,
    ) -> None:
        self.name, self.steps, self.student, self.optimisers = name, steps, student, optimisers
        self.prompts, self.seed = prompts, seed
        self.checkpoint, self.losses = folder / f"{name}.pt", folder / f"{name}.csv"

    def run(self, take_step: TakeStep) -> None:
        """Take all steps that are missing.

        Args:
            take_step: adds gradients for the step of this number, drawn from the given stream, and returns its losses
                by name.
        """
        done, saved, means = self._resume(), time.monotonic(), {}
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns) as progress:
            bar = progress.add_task(self.name, total=self.steps, completed=done)
            while done < self.steps:
                losses = take_step(done, np.random.default_rng([self.seed, done]))
                self.student.gather_gradients()
                self.optimisers.step()
                self.student.refresh()
                done += 1
                for key, loss in losses.items():
                    means.setdefault(key, []).append(loss)
                if done % WRITE_EVERY == 0 or done == self.steps:
                    self._write_losses(done, {key: float(np.mean(values)) for key, values in means.items()})
                    shown = " ".join(f"{key} {np.mean(values):.3f}" for key, values in means.items())
                    progress.update(bar, description=f"{self.name} {shown}")
                    means = {}
                progress.update(bar, completed=done)
                if done == self.steps or time.monotonic() - saved > SAVE_EVERY:
                    self._save(done)
                    saved = time.monotonic()

    def _resume(self) -> int:
        if not self.checkpoint.is_file():
            return 0
        state = torch.load(self.checkpoint, weights_only=True, map_location=self.student.device)
        self.student.model.load_state_dict(state["model"])
        self.student.refresh()
        self.optimisers.load(state["optimisers"])
        if self.prompts is not None:
            with torch.no_grad():
                self.prompts.copy_(state["prompts"])
        return state["done"]

    def _save(self, done: int) -> None:
        aside = self.checkpoint.with_suffix(".aside")
        model, prompts = self.student.model.state_dict(), self.prompts
        state = {"done": done, "model": model, "optimisers": self.optimisers.state(), "prompts": prompts}
        torch.save(state, aside)
        aside.replace(self.checkpoint)

    def _write_losses(self, done: int, means: Losses) -> None:
        with self.losses.open("a", newline="") as handle:
            writer = csv.writer(handle)
            for key, loss in means.items():
                writer.writerow([done, key, f"{loss:.4f}"])
