"""Use a fitted task: texts in, labels with their probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts, encode_texts
from crosspt_cli.core.train import read_to_layer, score_rows, sentence_vectors
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.fitted import FittedTask, load_fitted
from crosspt_cli.onboarding.prepare import input_encoder, label_tree
from crosspt_cli.registry import Registry
from crosspt_cli.search.trials import tokens_at_once


@dataclass(frozen=True)
class Prediction:
    """The answer for one row.

    Attributes:
        row: its number among the rows given, from 0.
        label: the most probable class.
        confidence: that class's probability.
        shares: class → probability; they sum to 1.
        nats: class → log-likelihood of its label words under the target prompt, before anything else is weighed in.
    """

    row: int
    label: str
    confidence: float
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

    def predict(self, rows: Sequence[Sequence[str]]) -> list[Prediction]:
        """Return one prediction per row, in order.

        A row's answer depends on its neighbours by rounding only: less than 1e-4 in probability in float32, and
        less than 0.02 in bfloat16.

        Args:
            rows: each row's texts, in the order of the task's text columns.
        """
        if not rows:
            return []
        nats, log_shares = self.log_shares(rows)
        classes = self.fitted.spec.verbalizer.classes
        shares = np.exp(log_shares)
        return [
            Prediction(
                row=number,
                label=classes[int(row.argmax())],
                confidence=float(row.max()),
                shares=dict(zip(classes, row.tolist(), strict=True)),
                nats=dict(zip(classes, nats[number].tolist(), strict=True)),
            )
            for number, row in enumerate(shares)
        ]

    def log_shares(self, rows: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Return label words' log-likelihoods and class log-probabilities, both [n, C] float32."""
        readout, fitted = self.fitted.readout, self.fitted
        nats, vectors = self.read(rows, with_vectors=bool(readout.weight))
        nearness = np.zeros_like(nats) if vectors is None else fitted.prototypes.nearness(vectors)
        return nats, readout.log_shares(nats, fitted.leaning, nearness)

    def read(self, rows: Sequence[Sequence[str]], with_vectors: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Return label words' log-likelihoods [n, C] and, where wanted, the encoder's vectors [n, H], both float32."""
        at_once = tokens_at_once(self.backbone.device)
        texts = read_to_layer(self.backbone, self.encode(rows), self.fitted.prompt_layer, at_once)
        everything = torch.arange(len(texts))
        nats = score_rows(self.backbone, self.prompt, everything * 0, texts, everything, self.tree, at_once)
        return nats, sentence_vectors(self.backbone, texts, at_once) if with_vectors else None

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


def predict(task: str, texts: Sequence[str | Sequence[str]], registry: Registry | None = None) -> list[Prediction]:
    """Return one prediction per text, with a task of the registry.

    Args:
        task: its name.
        texts: one text per row, or one sequence of texts per row for tasks of several text columns.
        registry: default the person's.

    Example:
        >>> predict("reviews", ["The battery died after two days."])[0].label  # doctest: +SKIP
        'negative'
    """
    rows = [(text,) if isinstance(text, str) else text for text in texts]
    return Predictor.open(task, registry).predict(rows)
