"""A task: what is asked, what is answered, and what counts as good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosspt_cli.tasks.choose import choose_template
from crosspt_cli.tasks.template import Template, Tokenize, fit_template
from crosspt_cli.tasks.template_file import load_template
from crosspt_cli.tasks.verbalizer import Verbalizer, make_verbalizer

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


def make_spec(
    text_columns: tuple[str, ...],
    classes: Sequence[str],
    template: str | None,
    tokenize: Tokenize,
    unknown: int | None = None,
    label_words: Mapping[str, str] | None = None,
) -> TaskSpec:
    """Return the task of some columns and labels: its template, bound to the columns, and its label words.

    Args:
        text_columns: the data's text columns, in their order.
        classes: the labels as they occur.
        template: a template's name or file; chosen from columns and labels when None.
        tokenize: text → token ids, no special tokens.
        unknown: id of the tokenizer's unknown token, if it has one.
        label_words: the person's words per label; the template's and the label's own for the others.

    Raises:
        TemplateError: the template does not fit the columns, or label words collide or name no class.
        NotFound: no such template.
    """
    if template is None:
        fitted = choose_template(text_columns, classes)
    else:
        fitted = fit_template(load_template(template), text_columns)
    return TaskSpec(fitted, make_verbalizer(fitted, classes, tokenize, label_words, unknown))
