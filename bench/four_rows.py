"""What else could help with four rows per class? Starts, mixtures, averages, lengths, all in one population.

    python bench/four_rows.py --data DATA --draws 2 --out bench/results/four_rows.json

Every variant is trained on all rows (no search, no held-out rows) for 90 steps and judged on 400 test rows, read by
label words alone and with prototypes at weight 10. Prints mean balanced accuracy over targets and draws.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import draw_rows

TARGETS = "cr,imdb_sentences,subj,trec,emotion,financial_phrasebank,sick"
STEPS, WEIGHT, FOLDS, RESTARTS = 90, 10.0, 3, 3


@dataclass(frozen=True)
class Variant:
    """One prompt in training: its start [P, H], its sources' places, its private ratio, and the rows it sees."""

    name: str
    start: torch.Tensor
    sources: tuple[int, ...]
    ratio: float
    rows: np.ndarray
    seed: int = 0


def variants(task) -> list[Variant]:
    """Return everything that is trained on one task."""
    from crosspt_cli.core.initialise import from_vocabulary
    from crosspt_cli.foundation.seeds import stream
    from crosspt_cli.search.folds import stratified_folds

    everything = np.arange(len(task.labels))
    ranks = task.untouched.ranks(task.labels, everything)
    best = tuple(task.untouched.names.index(rank.name) for rank in ranks[:3])
    length, words = task.sources.shape[1], task.tree.output
    mean3, vocabulary = (
        task.sources[list(best)].mean(0),
        from_vocabulary(task.backbone, task.texts, length, stream(task.seed, "private", 0)),
    )
    half = mean3.clone()
    half[length // 2 :] = half[: length // 2]
    made = [
        Variant("M = 0, from the task's own tokens", vocabulary, (), 1.0, everything),
        Variant("M = 0, from the label words", words[torch.arange(length) % len(words)], (), 1.0, everything),
        Variant("M = 0, from the best source", task.sources[best[0]], (), 1.0, everything),
        Variant("M = 0, from the mean of three sources", mean3, (), 1.0, everything),
        Variant("M = 0, the same, slower (ratio 0.25)", mean3, (), 0.25, everything),
        Variant("M = 0, from the mean of all sources", task.sources.mean(0), (), 1.0, everything),
        Variant("M = 0, ten tokens of three sources, twice", half, (), 1.0, everything),
        Variant("M = 3, attention only", mean3, best, 0.0, everything),
        Variant("all sources, attention only", task.sources.mean(0), tuple(range(len(task.sources))), 0.0, everything),
    ]
    made += [Variant(f"M = 3, ratio 1, restart {s}", mean3, best, 1.0, everything, s) for s in range(RESTARTS)]
    folds = stratified_folds(task.labels, FOLDS, task.seed)
    made += [Variant(f"M = 3, ratio 1, fold {f}", mean3, best, 1.0, fold.train) for f, fold in enumerate(folds)]
    return made


def train(task, made: Sequence[Variant]):
    """Return the population of all variants, trained."""
    from crosspt_cli.core.bank import TrialBank
    from crosspt_cli.core.optimise import Schedule
    from crosspt_cli.core.train import Population
    from crosspt_cli.foundation.seeds import stream
    from crosspt_cli.search.candidates import ATTENTION_RATE
    from crosspt_cli.search.folds import batches
    from crosspt_cli.search.plan import BATCH
    from crosspt_cli.search.trials import tokens_at_once

    allowed = torch.zeros(len(made), len(task.sources), dtype=torch.bool)
    for place, variant in enumerate(made):
        allowed[place, list(variant.sources)] = True
    scale = task.backbone.learning_scale(task.texts)
    rates = torch.tensor([variant.ratio * ATTENTION_RATE * scale for variant in made])
    starts = torch.stack([variant.start for variant in made]).float()
    bank = TrialBank(task.sources, starts, allowed, rates, torch.full((len(made),), ATTENTION_RATE))
    order = np.stack([batches(v.rows, STEPS, BATCH, stream(task.seed, "order", 0, v.seed)) for v in made])
    labels = torch.as_tensor(task.labels)
    at_once = tokens_at_once(task.backbone.device)
    population = Population(task.backbone, task.texts, labels, task.tree, bank, order, Schedule(STEPS), at_once)
    for _ in range(STEPS):
        population.step()
    return population


def judge(task, population, made: Sequence[Variant], texts, truth: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return each variant's balanced accuracy in %, by label words and with prototypes; averages among them."""
    from crosspt_cli.core.score import Readout, prototypes
    from crosspt_cli.core.train import answer_rows
    from crosspt_cli.search.trials import tokens_at_once

    at_once, everything = tokens_at_once(task.backbone.device), torch.arange(len(texts))
    with torch.no_grad():
        prompts = population.bank.prompts()

    def read(prompt: torch.Tensor, leaning: np.ndarray) -> list[np.ndarray]:
        known = torch.arange(len(task.labels))
        shots = answer_rows(task.backbone, prompt[None], known * 0, task.texts, known, task.tree, at_once)
        found = answer_rows(task.backbone, prompt[None], everything * 0, texts, everything, task.tree, at_once)
        nearness = prototypes(shots.vectors, task.labels, truth.max() + 1).nearness(found.vectors)
        return [Readout(weight).log_shares(found.nats, leaning, nearness) for weight in (0.0, WEIGHT)]

    def balanced(shares: np.ndarray) -> float:
        answers = shares.argmax(1)
        return 100 * float(np.mean([(answers[truth == c] == c).mean() for c in np.unique(truth)]))

    leaning = population.leaning()
    shares = {variant.name: read(prompts[t], leaning[t]) for t, variant in enumerate(made)}
    for kind in ("restart", "fold"):
        at = [t for t, variant in enumerate(made) if f", {kind} " in variant.name]
        group = [shares[made[t].name] for t in at]
        shares[f"M = 3, ratio 1, answers of {len(at)} {kind}s averaged"] = [
            np.mean([np.exp(each[w]) for each in group], 0) for w in (0, 1)
        ]
        shares[f"M = 3, ratio 1, prompts of {len(at)} {kind}s averaged"] = read(
            prompts[at].mean(0), leaning[at].mean(0)
        )
    return {name: (balanced(words), balanced(both)) for name, (words, both) in shares.items()}


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.prepare import input_encoder, prepare
    from crosspt_cli.onboarding.study_input import load_sources, study_task

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", type=int, default=4)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("bench/results/four_rows.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone("mini", registry, "cpu")
    sources, found = load_sources(registry, backbone), {}
    for target in chosen.targets.split(","):
        for draw in range(chosen.draws):
            shots, test = draw_rows(chosen.data / target, chosen.per_class, draw, 400)
            prepared = prepare(shots, backbone)
            task = study_task(shots, backbone, prepared, sources, draw)
            encoder = input_encoder(prepared.spec, backbone)
            texts = encode_texts([encoder.encode(row.fields)[0] for row in test.rows], backbone.device)
            truth = np.array([shots.classes.index(label) for label in test.labels()])
            made = variants(task)
            for name, values in judge(task, train(task, made), made, texts, truth).items():
                found.setdefault(name, []).append(values)
            print(target, draw, file=sys.stderr, flush=True)
    means = {name: [round(float(mean), 1) for mean in np.mean(values, 0)] for name, values in found.items()}
    result = {"machine": describe(), "per_class": chosen.per_class, "draws": chosen.draws, "balanced": means}
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    print("| trained on 4 rows per class, 90 steps | label words | with prototypes |\n|---|---|---|")
    for name, (words, both) in means.items():
        print(f"| {name} | {words:.1f} | {both:.1f} |")


if __name__ == "__main__":
    main()
