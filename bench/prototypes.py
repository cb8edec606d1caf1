"""How should a text be compared with the classes of a few labelled rows?

    python bench/prototypes.py --data DATA \\
        --targets cr,imdb_sentences,subj,trec,emotion,financial_phrasebank,sick,snips,sms_spam

Three questions, per target below DATA, rows per class and draw. Under which prompt: the most useful source, untouched,
or a private one after 60 steps? Which vectors: mean-pooled encoder outputs without the prompt, under it, or the mean of
what both say? Which distance to the class means? Beside them logistic regression on the same vectors, and the score
that crosspt makes of label words and the distance that it uses, at two weights. Balanced accuracy, and how far it is
from that under the prompt alone. Takes five minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import balanced, draw_rows, encode_rows, mean_and_error

Scores = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
WEIGHTS = (30.0, 100.0)
STEPS = 60  # of a private prompt: the quick budget's
PLAIN, PROMPTED, BOTH = "without the prompt", "under the prompt", "both (used)"
SOURCE, PRIVATE = "a source, untouched", "a private prompt"


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
    """Return the encoder baseline's probabilities."""
    from crosspt_cli.search.baselines import ENCODER, FITTERS

    return FITTERS[ENCODER]().fit(rows, labels).predict_proba(texts)


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


def measure(folder: Path, per_class: int, draw: int, backbone, sources) -> dict[tuple[str, str, str], float]:
    """Return (prompt, vectors, method) → balanced accuracy in %."""
    from crosspt_cli.core.train import answer_rows
    from crosspt_cli.onboarding.prepare import prepare
    from crosspt_cli.onboarding.study_input import study_task
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(folder, per_class, draw, 300)
    prepared = prepare(shots, backbone)
    task = study_task(shots, backbone, prepared, sources, draw)
    texts = encode_rows(test.rows, prepared.spec, backbone, sources.layer)
    truth = np.array([shots.classes.index(label) for label in test.labels()])
    best = task.untouched.ranks(task.labels, np.arange(len(task.labels)))[0].name
    found = {}
    for name, candidate in ((SOURCE, Candidate((best,), 0.0)), (PRIVATE, Candidate((), 1.0))):
        fit = fit_final(task, candidate, STEPS, STEPS)
        known, asked = (
            answer_rows(
                backbone, torch.as_tensor(fit.prompt)[None], torch.zeros(len(those), dtype=torch.int64), those,
                torch.arange(len(those)), task.tree, tokens_at_once(backbone.device),
            )
            for those in (task.texts, texts)
        )  # fmt: skip
        words = asked.nats - fit.leaning
        found[name, PROMPTED, "label words alone"] = 100 * balanced(words.argmax(1), truth)
        for method, scores in METHODS.items():
            prompted = scores(known.vectors, task.labels, asked.vectors)
            plain = scores(known.plain, task.labels, asked.plain)
            ways = {PLAIN: plain, PROMPTED: prompted, BOTH: (plain + prompted) / 2}
            for vectors, nearness in ways.items():
                found[name, vectors, method] = 100 * balanced(nearness.argmax(1), truth)
                if method == USED:
                    for weight in WEIGHTS:
                        answers = (words + weight * nearness).argmax(1)
                        found[name, vectors, f"label words and {weight:g} × that"] = 100 * balanced(answers, truth)
    return found


def table(lines: Sequence[dict]) -> str:
    """Return a Markdown table: means, and differences ± standard errors to the same under the prompt alone."""
    sizes = sorted({line["per_class"] for line in lines})
    values: dict[tuple[int, str, str, str], list[float]] = {}
    for line in lines:
        key = line["per_class"], line["prompt"], line["vectors"], line["method"]
        values.setdefault(key, []).append(line["value"])
    keys = list(dict.fromkeys(key[1:] for key in values))
    rows = [f"| prompt | vectors | method | {' | '.join(f'{size} per class' for size in sizes)} |", "|---" * 5 + "|"]
    for prompt, vectors, method in keys:
        cells = []
        for size in sizes:
            own, under = (np.array(values[size, prompt, each, method]) for each in (vectors, PROMPTED))
            cells.append(f"{own.mean():.1f}" + ("" if vectors == PROMPTED else f" ({mean_and_error(own - under)})"))
        rows.append(f"| {prompt} | {vectors} | {method} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", required=True)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench/results/prototypes.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(None, registry, "cpu")
    sources = load_sources(registry, backbone)
    lines = [
        {"target": target, "per_class": size, "draw": draw}
        | {"prompt": prompt, "vectors": vectors, "method": method, "value": round(value, 1)}
        for target in chosen.targets.split(",")
        for size in (4, 16)
        for draw in range(chosen.draws)
        for (prompt, vectors, method), value in measure(chosen.data / target, size, draw, backbone, sources).items()
    ]
    chosen.out.write_text(json.dumps({"machine": describe(), "lines": lines}) + "\n")
    print(table(lines))


if __name__ == "__main__":
    main()
