"""How good is a backbone on data sets that it was trained on? A quick look; what counts is measured by `bench/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.read import score_rows, sentence_vectors
from crosspt_cli.tasks.label_tree import LabelTree
from recipes.backbone.vocabulary import END

TOKENS_AT_ONCE = 1200


@dataclass(frozen=True)
class Probed:
    """Accuracies on one set: of a classifier on the encoder's vectors, of one on bare embeddings, and zero-shot."""

    encoder: float
    embeddings: float
    zero_shot: float


def probe(
    backbone: Backbone,
    train: tuple[Sequence[str], Sequence[str]],
    test: tuple[Sequence[str], Sequence[str]],
    instruction: str,
    most: int,
) -> Probed:
    """Return how well a logistic regression and an instruction do on texts and labels.

    Args:
        backbone: to look at.
        train: texts and labels.
        test: texts and labels of other rows.
        instruction: put before each text for the zero-shot answer.
        most: tokens of a text.
    """
    rows = [[[*backbone.tokenize(text)[:most], END] for text in part[0]] for part in (train, test)]
    vectors = [sentence_vectors(backbone, encode_texts(part, backbone.device), TOKENS_AT_ONCE) for part in rows]
    table = backbone.t5.embedding.cpu().numpy()
    bare = [np.stack([table[ids[:-1] or [END]].mean(0) for ids in part]) for part in rows]
    fits = [_accuracy(each, train[1], test[1]) for each in (vectors, bare)]
    return Probed(*fits, _zero_shot(backbone, instruction, test, rows[1]))


def _accuracy(vectors: Sequence[np.ndarray], train: Sequence[str], test: Sequence[str]) -> float:
    fit = make_pipeline(StandardScaler(with_std=False), Normalizer(), LogisticRegression(C=10.0, max_iter=1000))
    return float(fit.fit(vectors[0], list(train)).score(vectors[1], list(test)))


def _zero_shot(
    backbone: Backbone, instruction: str, test: tuple[Sequence[str], Sequence[str]], rows: list[list[int]]
) -> float:
    names = sorted(set(test[1]))
    tree = backbone.t5.place(LabelTree.build([tuple(backbone.tokenize(n.replace("_", " "))) for n in names], END))
    asked = backbone.tokenize(f"{instruction} options: {', '.join(n.replace('_', ' ') for n in names)}.")
    texts = encode_texts([[*asked, *row] for row in rows], backbone.device)
    nobody = torch.zeros(1, 0, backbone.width, device=backbone.device)
    everything = torch.arange(len(rows))
    nats = score_rows(backbone, nobody, everything * 0, texts, everything, tree, TOKENS_AT_ONCE)
    return float(np.mean([names[answer] == label for answer, label in zip(nats.argmax(1), test[1], strict=True)]))
