"""How should a text be compared with the classes of a few labelled rows, when nothing may be trained?

    python bench/prototypes.py --data DATA --out bench/results/prototypes.json

Two questions, on every target below DATA, rows per class and draw. Which vectors: mean-pooled encoder outputs without
a prompt, or under the most useful source prompt, untouched? Which distance to the class means? Beside them logistic
regression on the same vectors, and the score that crosspt makes of label words and the distance that it uses, at two
weights. Balanced accuracy. Takes five minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import balanced, draw_rows, encode_rows

Scores = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
WEIGHTS = (10.0, 30.0)


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


USED = "discriminant, 90 % equal (used)"
METHODS: dict[str, Scores] = {
    "cosine to the centred class mean": cosine,
    "dimensions divided by their spread": by_spread,
    "discriminant, 30 % equal": discriminant(0.3),
    "discriminant, 70 % equal": discriminant(0.7),
    USED: discriminant(0.9),
    "discriminant, 97 % equal": discriminant(0.97),
    "logistic regression": logistic,
}


def measure(folder: Path, per_class: int, draw: int, backbone, sources) -> dict[tuple[str, str], float]:
    """Return (vectors, method) → balanced accuracy in %."""
    from crosspt_cli.core.train import answer_rows, sentence_vectors
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.onboarding.study_input import study_task
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(folder, per_class, draw, 400)
    prepared = prepare(shots, backbone)
    task = study_task(shots, backbone, prepared, sources, draw)
    at_once = tokens_at_once(backbone.device)
    texts = encode_rows(test.rows, prepared.spec, backbone, sources.layer)
    truth = np.array([shots.classes.index(label) for label in test.labels()])
    every_row = np.arange(len(task.labels))
    best = task.untouched.ranks(task.labels, every_row)[0].name
    prompt = sources.values[[sources.names.index(best)]]

    def under_prompt(those):
        rows = torch.arange(len(those))
        return answer_rows(backbone, prompt, rows * 0, those, rows, task.tree, at_once)

    known, asked = under_prompt(task.texts), under_prompt(texts)
    vectors = {
        "without a prompt": (task.vectors, sentence_vectors(backbone, texts, at_once)),
        "under the prompt (used)": (known.vectors, asked.vectors),
    }
    words = asked.nats - task.untouched.leaning(best, task.labels, every_row)
    found = {("label words", "alone"): 100 * balanced(words.argmax(1), truth)}
    for name, (rows, others) in vectors.items():
        for method, scores in METHODS.items():
            nearness = scores(rows, task.labels, others)
            found[name, method] = 100 * balanced(nearness.argmax(1), truth)
            if method == USED:
                for weight in WEIGHTS:
                    answers = (words + weight * nearness).argmax(1)
                    found[name, f"label words and {weight:g} × that"] = 100 * balanced(answers, truth)
    return found


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench/results/prototypes.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(None, registry, "cpu")
    sources, sizes, found = load_sources(registry, backbone), (4, 16), {}
    folders = sorted(path.parent for path in chosen.data.glob("*/train.csv.gz"))
    for folder in folders:
        for size in sizes:
            for draw in range(chosen.draws):
                for key, value in measure(folder, size, draw, backbone, sources).items():
                    found.setdefault(key, {}).setdefault(size, {}).setdefault(folder.name, []).append(value)
    means = [
        {"vectors": vectors, "method": method}
        | {str(size): round(float(np.mean([np.mean(draws) for draws in of[size].values()])), 1) for size in sizes}
        for (vectors, method), of in found.items()
    ]
    result = {"machine": describe(), "targets": len(folders), "draws": chosen.draws, "balanced": means}
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    heading = f"balanced accuracy, %, mean of {len(folders)} targets, {chosen.draws} draws"
    print(f"| {heading} | 4 per class | 16 per class |\n|---|---|---|")
    for line in means:
        print(f"| {line['vectors']}: {line['method']} | {line['4']:.1f} | {line['16']:.1f} |")


if __name__ == "__main__":
    main()
