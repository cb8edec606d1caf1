"""How should a text be compared with the classes of a few labelled rows, when nothing may be trained?

    python bench/prototypes.py --data DATA --out bench/results/prototypes.json

On every target below DATA, rows per class and draw, prints the balanced accuracy of class means of the frozen encoder's
vectors under several distances, beside logistic regression on the same vectors. Takes a minute on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from accuracy import draw_rows

Scores = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def cosine(rows: np.ndarray, labels: np.ndarray, texts: np.ndarray, scale: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the cosine of each text to each class mean, both centred on the mean of the means."""
    from crosspt_cli.core.score import unit

    means = np.stack([(rows / scale)[labels == c].mean(0) for c in range(labels.max() + 1)])
    centre = means.mean(0)
    return unit(texts / scale - centre) @ unit(means - centre).T


def by_spread(rows: np.ndarray, labels: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Return cosines after every dimension is divided by its standard deviation."""
    return cosine(rows, labels, texts, rows.std(0) + 1e-6)


def discriminant(shrinkage: float) -> Scores:
    """Return crosspt's prototypes with another share of the spread taken as equal in all directions."""

    def scores(rows: np.ndarray, labels: np.ndarray, texts: np.ndarray) -> np.ndarray:
        from crosspt_cli.core import score

        before, score.SHRINKAGE = score.SHRINKAGE, shrinkage
        try:
            return score.prototypes(rows, labels, labels.max() + 1).nearness(texts)
        finally:
            score.SHRINKAGE = before

    return scores


def logistic(rows: np.ndarray, labels: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Return the answers of the encoder baseline, as scores."""
    from crosspt_cli.search.baselines import ENCODER, FITTERS

    return np.eye(labels.max() + 1)[FITTERS[ENCODER]().fit(rows, labels).predict(texts)]


METHODS: dict[str, Scores] = {
    "cosine to the centred class mean": cosine,
    "dimensions divided by their spread": by_spread,
    "discriminant, 30 % equal": discriminant(0.3),
    "discriminant, 70 % equal": discriminant(0.7),
    "discriminant, 90 % equal (used)": discriminant(0.9),
    "discriminant, 97 % equal": discriminant(0.97),
    "logistic regression": logistic,
}


def vectors(folder: Path, per_class: int, draw: int, backbone) -> tuple[np.ndarray, ...]:
    """Return the drawn rows' vectors and labels, and the test rows'."""
    from crosspt_cli.core.train import sentence_vectors
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.search.trials import tokens_at_once

    found = []
    for examples in draw_rows(folder, per_class, draw, 400):
        texts = prepare(examples, backbone).texts
        found.append(sentence_vectors(backbone, texts, tokens_at_once(backbone.device)))
        found.append(np.array([examples.classes.index(label) for label in examples.labels()]))
    return tuple(found)


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--out", type=Path, default=Path("bench/results/prototypes.json"))
    chosen = parser.parse_args()
    backbone = open_backbone("mini", Registry.open())
    sizes, found = (4, 16), {}
    for folder in sorted(path.parent for path in chosen.data.glob("*/train.csv.gz")):
        for size in sizes:
            for draw in range(3):
                rows, labels, texts, truth = vectors(folder, size, draw, backbone)
                for name, method in METHODS.items():
                    answers = method(rows, labels, texts).argmax(1)
                    balanced = np.mean([(answers[truth == c] == c).mean() for c in np.unique(truth)])
                    found.setdefault((name, size), {}).setdefault(folder.name, []).append(100 * float(balanced))
    means = {
        name: {
            str(size): round(float(np.mean([np.mean(draws) for draws in found[name, size].values()])), 1)
            for size in sizes
        }
        for name in METHODS
    }
    targets = len(found["logistic regression", 4])
    chosen.out.write_text(json.dumps({"machine": describe(), "targets": targets, "balanced": means}, indent=1) + "\n")
    print(
        f"| balanced accuracy, %, mean of {targets} targets, three draws | 4 per class | 16 per class |\n|---|---|---|"
    )
    for name, values in means.items():
        print(f"| {name} | {values['4']:.1f} | {values['16']:.1f} |")


if __name__ == "__main__":
    main()
