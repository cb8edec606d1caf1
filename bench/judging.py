"""A few-shot task beside test rows of which the truth is known: how good is a prompt there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rows import balanced, draw_rows, encode_rows


@dataclass(frozen=True)
class Judge:
    """A draw's task as the search sees it, and the same target's test rows.

    `task` a `StudyTask` · `texts` the encoded test rows, read up to where prompts enter · `truth` [rows] their classes.
    """

    task: object
    texts: object
    truth: np.ndarray

    @classmethod
    def open(cls, folder: Path, backbone, sources, per_class: int, draw: int, test_rows: int) -> Judge:
        """Return the judge of one draw of a target's rows.

        Args:
            folder: of the target.
            backbone: frozen.
            sources: source prompts, from `load_sources`.
            per_class: rows of each class.
            draw: which draw.
            test_rows: at most so many.
        """
        from crosspt_cli.onboarding.prepare import prepare
        from crosspt_cli.onboarding.study_input import study_task

        shots, test = draw_rows(folder, per_class, draw, test_rows)
        prepared = prepare(shots, backbone)
        texts = encode_rows(test.rows, prepared.spec, backbone, sources.layer)
        truth = np.array([shots.classes.index(label) for label in test.labels()])
        return cls(study_task(shots, backbone, prepared, sources, draw), texts, truth)

    def answers(self, prompt: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return the test rows' nats [rows, C] and nearness [rows, C] under a prompt [P, H], its prototypes' too."""
        from crosspt_cli.core.score import paired_prototypes

        task = self.task
        shots = self._read(prompt, task.texts)
        found = self._read(prompt, self.texts)
        means = paired_prototypes(shots.vectors, shots.plain, task.labels, len(task.classes))
        return found.nats, means.nearness(found.vectors, found.plain)

    def balanced(self, prompt: torch.Tensor, leaning: np.ndarray, weights: Sequence[float]) -> list[float]:
        """Return the balanced accuracy of a prompt [P, H] at each weight on its prototypes, in %."""
        from crosspt_cli.core.score import Readout

        nats, nearness = self.answers(prompt)
        every = (Readout(weight).log_shares(nats, leaning, nearness).argmax(1) for weight in weights)
        return [round(100 * balanced(answers, self.truth), 1) for answers in every]

    def _read(self, prompt: torch.Tensor, texts):
        from crosspt_cli.core.train import answer_rows
        from crosspt_cli.search.trials import tokens_at_once

        backbone, rows = self.task.backbone, torch.arange(len(texts))
        at_once = tokens_at_once(backbone.device)
        return answer_rows(backbone, prompt[None], rows * 0, texts, rows, self.task.tree, at_once)
