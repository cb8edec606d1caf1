"""Use a fitted task: texts in, labels with their probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts, encode_texts
from crosspt_cli.core.train import Answered, answer_rows, read_alone
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.onboarding.abstain import find_limit, promise_of
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.fitted import FittedTask, load_fitted
from crosspt_cli.onboarding.prepare import input_encoder, label_tree
from crosspt_cli.registry import Registry
from crosspt_cli.search.promise import Promise
from crosspt_cli.search.trials import tokens_at_once


@dataclass(frozen=True)
class Prediction:
    """The answer for one row.

    Attributes:
        row: its number among the rows given, from 0.
        label: the most probable class; None where its probability is too low to answer.
        confidence: that class's probability, calibrated on held-out rows.
        unusual: whether the text is unlike every class of the training rows.
        shares: class → probability; they sum to 1.
        nats: class → log-likelihood of its label words under the target prompt, before anything else is weighed in.
    """

    row: int
    label: str | None
    confidence: float
    unusual: bool
    shares: dict[str, float]
    nats: dict[str, float]


class Predictor:
    """A fitted task with its backbone loaded, for any number of rows.

    Args:
        fitted: the task.
        backbone: the one it was fitted on.

    Raises:
        IntegrityError: the backbone is another one.
    """

    def __init__(self, fitted: FittedTask, backbone: Backbone) -> None:
        if backbone.fingerprint != fitted.fingerprint:
            problem = f"was fitted on another backbone than {backbone.name} is now (fingerprints differ)."
            hint = f"Restore that backbone, or onboard the task again with --replace --backbone {backbone.name}."
            raise IntegrityError(f"task '{fitted.name}'", problem, hint)
        self.fitted, self.backbone = fitted, backbone
        self.encoder = input_encoder(fitted.spec, backbone)
        self.tree = backbone.t5.place(label_tree(fitted.spec.verbalizer, backbone))
        self.prompt = torch.as_tensor(fitted.prompt, device=backbone.device)[None]

    @classmethod
    def open(cls, task: str, registry: Registry | None = None, device: str = "auto", dtype: str = "auto") -> Predictor:
        """Return the predictor of a task in the registry.

        Raises:
            NotFound: there is no such task, or its backbone is gone.
            IntegrityError: its files or its backbone's are damaged, or the backbone is another one now.
        """
        registry = registry or Registry.open()
        fitted = load_fitted(task, registry)
        return cls(fitted, open_backbone(fitted.backbone, registry, device, dtype))

    def promise(self, target_accuracy: float) -> Promise:
        """Return from which confidence on answers are right that often; its `threshold` is for `predict`.

        Raises:
            OptionError: the task's held-out rows cannot promise it; says about how many would.
        """
        return promise_of(self.fitted, target_accuracy)

    def predict(self, rows: Sequence[Sequence[str]], abstain_below: float = 0.0) -> list[Prediction]:
        """Return one prediction per row, in order.

        A row's answer depends on its neighbours by rounding only: less than 1e-4 in probability in float32, and
        less than 0.02 in bfloat16.

        Args:
            rows: each row's texts, in the order of the task's text columns.
            abstain_below: rows of less confidence get no label.
        """
        if not rows:
            return []
        nats, log_shares, unusual = self.scores(rows)
        classes = self.fitted.spec.verbalizer.classes
        shares = np.exp(log_shares)
        return [
            Prediction(
                row=number,
                label=classes[int(row.argmax())] if row.max() >= abstain_below else None,
                confidence=float(row.max()),
                unusual=bool(unusual[number]),
                shares=dict(zip(classes, row.tolist(), strict=True)),
                nats=dict(zip(classes, nats[number].tolist(), strict=True)),
            )
            for number, row in enumerate(shares)
        ]

    def scores(self, rows: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return label words' log-likelihoods and class log-probabilities [n, C] float32, and what is unusual [n]."""
        found, fitted = self.read(rows), self.fitted
        nearness = fitted.prototypes.nearness(found.vectors, found.plain)
        log_shares = fitted.readout.log_shares(found.nats, fitted.leaning, nearness)
        return found.nats, log_shares, fitted.familiar.unusual(found.vectors)

    def read(self, rows: Sequence[Sequence[str]]) -> Answered:
        """Return label words' log-likelihoods and the texts' vectors behind the task's prompt, and those without it."""
        at_once = tokens_at_once(self.backbone.device)
        texts = read_alone(self.backbone, self.encode(rows), self.fitted.prompt_layer, at_once)
        everything = torch.arange(len(texts))
        return answer_rows(self.backbone, self.prompt, everything * 0, texts, everything, self.tree, at_once)

    def encode(self, rows: Sequence[Sequence[str]]) -> EncodedTexts:
        """Return rows as the backbone reads them, cut where the template allows it.

        Raises:
            OptionError: a row has more or fewer texts than the task has text columns.
        """
        wanted = len(self.fitted.text_columns)
        for number, row in enumerate(rows):
            if len(row) != wanted:
                problem = f"has {len(row)} texts, and task '{self.fitted.name}' takes {wanted}."
                raise OptionError(f"row {number}", problem, f"Give it {', '.join(self.fitted.text_columns)}.")
        return encode_texts([self.encoder.encode(row)[0] for row in rows], self.backbone.device)


def predict(
    task: str,
    texts: Sequence[str | Sequence[str]],
    registry: Registry | None = None,
    *,
    abstain_below: float | None = None,
    target_accuracy: float | None = None,
) -> list[Prediction]:
    """Return one prediction per text, with a task of the registry.

    Args:
        task: its name.
        texts: one text per row, or one sequence of texts per row for tasks of several text columns.
        registry: default the person's.
        abstain_below: rows of less confidence get no label.
        target_accuracy: choose that confidence so that the labels given are right this often.

    Raises:
        OptionError: both of the last two were given, or the accuracy cannot be promised.

    Example:
        >>> predict("reviews", ["The battery died after two days."])[0].label  # doctest: +SKIP
        'negative'
    """
    rows = [(text,) if isinstance(text, str) else text for text in texts]
    registry = registry or Registry.open()
    limit, _ = find_limit(load_fitted(task, registry), abstain_below, target_accuracy)
    return Predictor.open(task, registry).predict(rows, limit)
