"""A task: what is asked, what is answered, and what counts as good."""

from __future__ import annotations

from dataclasses import dataclass

from crosspt_cli.tasks.template import Template
from crosspt_cli.tasks.verbalizer import Verbalizer

METRICS = ("accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class TaskSpec:
    """Everything that turns rows into inputs and answers into labels.

    Args:
        template: bound to the data by `fit_template`.
        verbalizer: class → label words.
        metric: one of `METRICS`, a fraction 0–1.
    """

    template: Template
    verbalizer: Verbalizer
    metric: str = "accuracy"

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(f"metric is {self.metric!r}, but must be one of {', '.join(METRICS)}")
