"""How honest is the printed score, over hundreds of studies in which nothing is trained?

    python bench/untrained.py --data DATA --out bench/results/untrained.json

`honesty.py` asks this of whole onboardings, which take minutes each, so that its mean error is known to a point or two
only. Here every target's rows are read once behind a few source prompts, and hundreds of tasks are drawn from them.
Each is a small study: the three sources that its rows speak for most are the candidates, untouched, each at every
weight and temperature; folds, choice and corrected score are `add-task`'s own. The truth is balanced accuracy on all
rows that were not drawn. Printed as by `honesty.py`, with standard errors.

Takes eight minutes on two cores.
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
from honesty import summary
from rows import TARGETS, balanced, draw_rows

SIZES = (4, 8, 16)
CANDIDATES = 3


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

    def drawn(self, count: int, random: np.random.Generator) -> np.ndarray | None:
        """Return the places of `count` rows per class; None where nothing of a class would be left to judge on."""
        of_class = [random.permutation(np.flatnonzero(self.truth == c)) for c in range(self.classes)]
        if any(len(rows) <= count for rows in of_class):
            return None
        return np.concatenate([rows[:count] for rows in of_class])


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
        """Return nats [n, C], bias [C] and similarity [n, C] of the source and the prototypes that `train` gives.

        Args:
            train: places among the labelled rows.
            asked: places in the pool.
            rank: of the source, 0 for the one that the training rows speak for most.
        """
        from crosspt_cli.evidence.bias import bias_of, class_share
        from crosspt_cli.evidence.prototypes import paired_prototypes
        from crosspt_cli.search.rank import UntouchedSources

        pool, labels = self.pool, self.labels
        untouched = UntouchedSources(pool.names, np.arange(len(labels)), pool.nats[:, self.rows])
        best = untouched.ranks(labels, train)[rank].name
        source = pool.names.index(best)
        known = self.rows[train]
        means = paired_prototypes(pool.vectors[source, known], pool.plain[known], labels[train], pool.classes)
        similarity = means.similarity(pool.vectors[source, asked], pool.plain[asked])
        bias = bias_of(pool.nats[source, known], labels[train], class_share(labels[train], pool.classes))
        return pool.nats[source, asked], bias, similarity

    def judged(self, count: int, seed: int, rank: int = 0) -> list:
        """Return every readout judged on held-out rows, by `count` folds."""
        from crosspt_cli.evidence.judge import find_readouts, judge_readouts
        from crosspt_cli.evidence.trial import TrialResult
        from crosspt_cli.search.folds import stratified_folds

        folds = stratified_folds(self.labels, count, seed)
        trials = []
        for number, fold in enumerate(folds):
            nats, bias, similarity = self.answers(fold.train, self.rows[fold.held_out], rank)
            nothing = np.zeros(1)
            trials.append(TrialResult(0, number, 0, "complete", 0, 0.0, fold.held_out, nats, similarity, bias, nothing))
        return list(judge_readouts(trials, find_readouts("auto"), self.labels))

    def truths(self, rank: int = 0) -> dict[float, float]:
        """Return weight → balanced accuracy on the pool's other rows, once all labelled rows are used."""
        from crosspt_cli.evidence.judge import WEIGHTS
        from crosspt_cli.evidence.readout import Readout

        asked = np.setdiff1d(np.arange(len(self.pool.truth)), self.rows)
        given = self.answers(np.arange(len(self.rows)), asked, rank)
        return {w: balanced(Readout(w).log_shares(*given).argmax(1), self.pool.truth[asked]) for w in WEIGHTS}


def read_pool(folder: Path, backbone, sources, most: int) -> Pool:
    """Return up to `most` test rows of a target as every source prompt reads them."""
    from crosspt_cli.reading.prepare import prepare

    shots, test = draw_rows(folder, 4, 0, most)
    return pool_of(test.rows, prepare(shots, backbone).spec, backbone, sources)


def pool_of(rows: Sequence, spec, backbone, sources) -> Pool:
    """Return labelled rows of the task that `spec` describes as every source prompt reads them."""
    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.core.read import answer_rows, read_alone
    from crosspt_cli.reading.prepare import input_encoder, label_tree
    from crosspt_cli.search.trials import tokens_at_once

    tree = backbone.t5.place(label_tree(spec.verbalizer, backbone))
    at_once, encoder = tokens_at_once(backbone.device), input_encoder(spec, backbone)
    texts = encode_texts([encoder.encode(row.fields)[0] for row in rows], backbone.device)
    texts, every = read_alone(backbone, texts, sources.layer, at_once), torch.arange(len(texts))
    read = [answer_rows(backbone, each[None], every * 0, texts, every, tree, at_once) for each in sources.values]
    classes = list(spec.verbalizer.classes)
    truth = np.array([classes.index(row.label) for row in rows])
    nats, vectors = (np.stack([getattr(each, name) for each in read]) for name in ("nats", "vectors"))
    return Pool(sources.names, nats, vectors, read[0].plain, truth)


def tasks(pools: Sequence[Pool], draws: int, size: int) -> Iterator[tuple[int, Task]]:
    """Yield draw and task, of `size` rows per class."""
    for pool in pools:
        for draw in range(draws):
            rows = pool.drawn(size, np.random.default_rng((draw, size)))  # so that larger draws hold no smaller ones
            if rows is not None:
                yield draw, Task(pool, rows)


def study(task: Task, per_class: int, draw: int) -> dict:
    """Return what `honesty.py` asks of an onboarding: the truth, and both estimates of it."""
    from crosspt_cli.evidence.choice import pick
    from crosspt_cli.evidence.corrected import corrected_score
    from crosspt_cli.evidence.judge import best_readout
    from crosspt_cli.evidence.trial import Candidate
    from crosspt_cli.foundation.seeds import stream
    from crosspt_cli.search.folds import count_folds
    from crosspt_cli.search.plan import find_budget

    folds = count_folds(find_budget("quick").folds, per_class)
    judged = [task.judged(folds, draw, rank) for rank in range(CANDIDATES)]
    best = [best_readout(of_one) for of_one in judged]
    candidates = [Candidate((f"source {rank}",), 0.0) for rank in range(CANDIDATES)]
    _, choice = pick(np.stack([each.utility for each in best]), candidates)
    doublings, random = np.log2(folds / (folds - 1)), stream(draw, "corrected")
    found = corrected_score(candidates, judged, task.pool.classes, doublings, random)
    correct = best[choice].correct
    return {
        "per_class": per_class, "balanced": {"crosspt": task.truths(choice)[best[choice].readout.weight]},
        "uncorrected": float(correct.mean()), "se": float(correct.std(ddof=1) / np.sqrt(len(correct))),
        "corrected": found.accuracy.value, "interval": list(found.accuracy.ends),
        "all_rows": found.all_rows, "rows_worth": found.rows_worth, "classes": task.pool.classes,
    }  # fmt: skip


def studies(pools: Sequence[Pool], draws: int) -> list[dict]:
    """Return a line for each target, draw and number of rows per class."""
    return [study(task, size, draw) for size in SIZES for draw, task in tasks(pools, draws, size)]


def readers(sources, targets: Sequence[str], count: int) -> dict[str, object]:
    """Return target → `count` of the source prompts by lot; the same for the same list of targets."""
    random = np.random.default_rng(0)
    return {target: _some_of(sources, count, random) for target in targets}


def _some_of(sources, count: int, random: np.random.Generator):
    kept = np.sort(random.choice(len(sources.names), min(count, len(sources.names)), replace=False))
    return replace(sources, names=tuple(sources.names[place] for place in kept), values=sources.values[kept])


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.study_input import load_sources
    from crosspt_cli.reading.backbones import open_backbone

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--rows", type=int, default=300, help="of each target's pool")
    parser.add_argument("--sources", type=int, default=8, help="that read them, drawn by lot for each target")
    parser.add_argument("--out", type=Path, default=Path("bench/results/untrained.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(None, registry, "cpu")
    targets = chosen.targets.split(",")
    reading = readers(load_sources(registry, backbone), targets, chosen.sources)
    lines = studies(
        [read_pool(chosen.data / name, backbone, reading[name], chosen.rows) for name in targets], chosen.draws
    )
    settings = {"targets": targets, "draws": chosen.draws, "rows": chosen.rows, "sources": chosen.sources}
    kept = {"machine": describe(), **settings, "studies": lines}
    chosen.out.write_text(json.dumps(kept, indent=1) + "\n")
    print(summary(lines))


if __name__ == "__main__":
    main()
