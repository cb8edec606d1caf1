"""What do a handful of rows tell: by how many folds, with which weight on prototypes, from uneven classes?

    python bench/few_rows.py --data DATA --out bench/results/few_rows.json

All with the best source prompt untouched, so that nothing is trained: every source answers the pool of a target's rows
once, and then hundreds of tasks are drawn from it. Three questions, each in one table (balanced accuracy, %):

- folds: what cross-validation says of the task against the pool's other rows, and what the corrected score says.
- the weight: how good each weight is, and what is chosen on held-out rows alone and with the prior.
- uneven classes of 2 to 16 rows: with prototypes of few rows held to be farther off, as their means are, or not.

Takes four minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import TARGETS, balanced, draw_rows, encode_rows

SIZES = (4, 8, 16)
FOLDS = (3, 4, 0)  # 0: every row is a fold
UNEVEN = (2, 4, 8, 16)


@dataclass(frozen=True)
class Pool:
    """A target's rows as every source reads them: `nats` [S, n, C], `vectors` [S, n, H], and their classes [n].

    `plain` [n, H] are the vectors without any prompt.
    """

    names: tuple[str, ...]
    nats: np.ndarray
    vectors: np.ndarray
    plain: np.ndarray
    truth: np.ndarray

    @property
    def classes(self) -> int:
        """C."""
        return self.nats.shape[2]

    def drawn(self, counts: Sequence[int], random: np.random.Generator) -> np.ndarray | None:
        """Return the places of so many rows per class; None where nothing of a class would be left to judge on."""
        of_class = [random.permutation(np.flatnonzero(self.truth == c)) for c in range(self.classes)]
        if any(len(rows) <= count for rows, count in zip(of_class, counts, strict=True)):
            return None
        return np.concatenate([rows[:count] for rows, count in zip(of_class, counts, strict=True)])


@dataclass(frozen=True)
class Task:
    """The rows of a pool, at `rows`, that were drawn as labelled ones."""

    pool: Pool
    rows: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Of the labelled rows, [rows]."""
        return self.pool.truth[self.rows]

    def answers(self, train: np.ndarray, asked: np.ndarray, rank: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return nats [n, C], leaning [C] and nearness [n, C] of the source and the prototypes that `train` gives.

        Args:
            train: places among the labelled rows.
            asked: places in the pool.
            rank: of the source, 0 for the one that the training rows speak for most.
        """
        from crosspt_cli.core.score import paired_prototypes
        from crosspt_cli.search.rank import UntouchedSources

        pool, labels = self.pool, self.labels
        untouched = UntouchedSources(pool.names, np.arange(len(labels)), pool.nats[:, self.rows])
        best = untouched.ranks(labels, train)[rank].name
        source = pool.names.index(best)
        known = self.rows[train]
        means = paired_prototypes(pool.vectors[source, known], pool.plain[known], labels[train], pool.classes)
        nearness = means.nearness(pool.vectors[source, asked], pool.plain[asked])
        return pool.nats[source, asked], untouched.leaning(best, labels, train), nearness

    def judged(self, count: int, seed: int, rank: int = 0) -> list:
        """Return every readout judged on held-out rows, by `count` folds; 0 holds out one row at a time."""
        from crosspt_cli.search.folds import Fold, stratified_folds
        from crosspt_cli.search.outcome import TrialResult
        from crosspt_cli.search.readouts import find_readouts, judge_readouts

        places = np.arange(len(self.rows))
        folds = stratified_folds(self.labels, count, seed) if count else [
            Fold(np.delete(places, place), places[[place]]) for place in places
        ]  # fmt: skip
        trials = []
        for number, fold in enumerate(folds):
            nats, leaning, nearness = self.answers(fold.train, self.rows[fold.held_out], rank)
            nothing = np.zeros(len(nats))
            trials.append(
                TrialResult(
                    0, number, 0, "complete", 0, 0.0, fold.held_out, nats, nearness, nothing, leaning, nothing[:1]
                )
            )
        return list(judge_readouts(trials, find_readouts("auto"), self.labels))

    def truths(self, rank: int = 0) -> dict[float, float]:
        """Return weight → balanced accuracy on the pool's other rows, once all labelled rows are used."""
        from crosspt_cli.core.score import Readout
        from crosspt_cli.search.readouts import WEIGHTS

        asked = np.setdiff1d(np.arange(len(self.pool.truth)), self.rows)
        given = self.answers(np.arange(len(self.rows)), asked, rank)
        return {w: balanced(Readout(w).log_shares(*given).argmax(1), self.pool.truth[asked]) for w in WEIGHTS}


def read_pool(folder: Path, backbone, sources, most: int) -> Pool:
    """Return up to `most` test rows of a target as every source prompt reads them."""
    from crosspt_cli.onboarding.prepare import prepare

    shots, test = draw_rows(folder, 4, 0, most)
    return pool_of(test.rows, prepare(shots, backbone).spec, backbone, sources)


def pool_of(rows: Sequence, spec, backbone, sources) -> Pool:
    """Return labelled rows of the task that `spec` describes as every source prompt reads them."""
    from crosspt_cli.core.train import answer_rows
    from crosspt_cli.onboarding.prepare import label_tree
    from crosspt_cli.search.trials import tokens_at_once

    tree = backbone.t5.place(label_tree(spec.verbalizer, backbone))
    texts = encode_rows(rows, spec, backbone, sources.layer)
    every, at_once = torch.arange(len(texts)), tokens_at_once(backbone.device)
    read = [answer_rows(backbone, each[None], every * 0, texts, every, tree, at_once) for each in sources.values]
    classes = list(spec.verbalizer.classes)
    truth = np.array([classes.index(row.label) for row in rows])
    nats, vectors = (np.stack([getattr(each, name) for each in read]) for name in ("nats", "vectors"))
    return Pool(sources.names, nats, vectors, read[0].plain, truth)


def tasks(pools: Sequence[Pool], draws: int, size: int | None) -> Iterator[tuple[int, Task]]:
    """Yield draw and task, of `size` rows per class, or of uneven classes."""
    for pool in pools:
        for draw in range(draws):
            random = np.random.default_rng((draw, size or 0))  # so that larger draws are no longer smaller ones
            counts = random.choice(UNEVEN, pool.classes) if size is None else [size] * pool.classes
            rows = pool.drawn(counts, random)
            if rows is not None:
                yield draw, Task(pool, rows)


def even_tasks(pools: Sequence[Pool], draws: int, size: int) -> tuple[dict, dict]:
    """Return weight → accuracy, and (folds, prior) → accuracy of the choice and what is said of it, over all tasks."""
    by_weight, by_folds = [], {}
    for draw, task in tasks(pools, draws, size):
        truths = task.truths()
        by_weight.append(list(truths.values()))
        for count in (each for each in FOLDS if each <= size):
            judged = task.judged(count, draw)
            for prior in (False, True):
                options = judged if prior else [replace(each, log_prior=0.0) for each in judged]
                found = _chosen(options, truths, task.pool.classes, count or len(task.rows), draw)
                by_folds.setdefault((count, prior), []).append(found)
    weights = {f"{weight:g}": _mean([each[at] for each in by_weight]) for at, weight in enumerate(truths)}
    return weights, {key: _summary(np.array(found)) for key, found in by_folds.items()}


def _chosen(
    judged: Sequence, truths: dict[float, float], classes: int, folds: int, draw: int
) -> tuple[float, float, float]:
    from crosspt_cli.foundation.seeds import stream
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.corrected import corrected_score
    from crosspt_cli.search.readouts import best_readout

    best = best_readout(judged)
    doublings, random = np.log2(folds / (folds - 1)), stream(draw, "corrected")
    corrected = corrected_score([Candidate((), 1.0)], [judged], classes, doublings, random)
    return truths[best.readout.weight], float(best.correct.mean()), corrected.mean


def _summary(found: np.ndarray) -> dict[str, float]:
    """Return means in points of [tasks, 3] truths, uncorrected and corrected scores, and the scores' errors."""
    errors = found[:, 1:] - found[:, :1]
    spread = errors.std(0, ddof=1) / np.sqrt(len(errors))
    return {
        "tasks": len(found), "truth": _mean(found[:, 0]), "uncorrected": _mean(errors[:, 0]),
        "uncorrected_se": round(100 * spread[0], 1), "corrected": _mean(errors[:, 1]),
        "corrected_se": round(100 * spread[1], 1),
    }  # fmt: skip


def _mean(values) -> float:
    return round(100 * float(np.mean(values)), 1)


def uneven_tasks(pools: Sequence[Pool], draws: int) -> dict:
    """Return per weight the accuracy with few rows' means as far off as they seem, as used, and the difference."""
    from crosspt_cli.core import score

    used, seeming = [], []
    for _, task in tasks(pools, draws, None):
        used.append(list(task.truths().values()))
        before, score._extra_distance = score._extra_distance, lambda *_: 0.0
        try:
            seeming.append(list(task.truths().values()))
        finally:
            score._extra_distance = before
    gain = np.array(used) - np.array(seeming)
    spread = 100 * gain.std(0, ddof=1) / np.sqrt(len(gain))
    return {
        f"{weight:g}": {
            "as they seem": _mean([each[at] for each in seeming]), "used": _mean([each[at] for each in used]),
            "gain": _mean(gain[:, at]), "se": round(float(spread[at]), 1), "tasks": len(gain),
        }
        for at, weight in enumerate(task.truths())
    }  # fmt: skip


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=",".join(name for name in TARGETS.split(",") if name != "banking77"))
    parser.add_argument("--backbone")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--rows", type=int, default=400, help="of each target's pool")
    parser.add_argument("--out", type=Path, default=Path("bench/results/few_rows.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(chosen.backbone, registry, "cpu")
    sources = load_sources(registry, backbone)
    targets = chosen.targets.split(",")
    pools = [read_pool(chosen.data / name, backbone, sources, chosen.rows) for name in targets]
    even = {size: even_tasks(pools, chosen.draws, size) for size in SIZES}
    uneven = uneven_tasks(pools, chosen.draws)
    result = {
        "machine": describe(), "targets": targets, "draws": chosen.draws, "backbone": backbone.name,
        "weights": {size: weights for size, (weights, _) in even.items()},
        "folds": [
            {"per_class": size, "folds": count, "prior": prior} | found
            for size, (_, by_folds) in even.items()
            for (count, prior), found in by_folds.items()
        ],
        "uneven": uneven,
    }  # fmt: skip
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    print_tables(result)


def print_tables(result: dict) -> None:
    """Print a result as three Markdown tables."""
    print("| rows per class | folds | weight chosen | accuracy | cross-validation is off by | corrected is off by |")
    print("|---|---|---|---|---|---|")
    for line in result["folds"]:
        count = line["folds"] or "one per row"
        how = "with the prior" if line["prior"] else "by rows alone"
        off = (f"{line[name]:+.1f} ± {line[f'{name}_se']:.1f}" for name in ("uncorrected", "corrected"))
        print(f"| {line['per_class']} | {count} | {how} | {line['truth']:.1f} | {' | '.join(off)} |")
    weights = list(result["uneven"])
    print(f"\n| weight on prototypes | {' | '.join(weights)} |\n|---|{'---|' * len(weights)}")
    for size, of_size in result["weights"].items():
        print(f"| {size} per class | {' | '.join(f'{of_size[weight]:.1f}' for weight in weights)} |")
    uneven = result["uneven"].values()
    for name in ("as they seem", "used"):
        print(f"| uneven classes, {name} | {' | '.join(f'{of_weight[name]:.1f}' for of_weight in uneven)} |")
    gains = (f"{of_weight['gain']:+.1f} ± {of_weight['se']:.1f}" for of_weight in uneven)
    print(f"| gain | {' | '.join(gains)} |")


if __name__ == "__main__":
    main()
