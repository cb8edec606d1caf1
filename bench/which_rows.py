"""Which rows of a file are worth labelling next, when nothing is trained?

    python bench/which_rows.py --data DATA --out bench/results/which_rows.json

`suggest.py` asks the same of whole onboardings, which take hours and differ from each other by more than ways of
picking rows do. Here a target's rows are read once behind one source prompt, and hundreds of tasks are drawn from them:
4 rows per class are labelled, 16 and 32 more are picked out of half the rows, the prototypes are made anew, and the
other half is answered. Picked are random rows, those the task is least sure of, those that stand for most others, and
what `crosspt suggest` picks. Printed is balanced accuracy in %, how far each way is ahead of random rows, and how many
random rows are worth as much as the suggested ones.

Takes four minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import TARGETS, balanced, draw_rows, encode_rows
from suggest import worth

PER_CLASS = 4
ADDED = (16, 32)
MORE_RANDOM = (64,)
LOTS = 3  # random picks are averaged over so many
WEIGHT = 30.0
RANDOM, SUGGEST = "random", "suggest"


@dataclass(frozen=True)
class Read:
    """A target's rows behind one source: `nats` [n, C], `vectors` [n, H], `truth` [n], and the source's `leaning` [C].

    `plain` [n, H] are the vectors without a prompt; `unlike` tells of a row which others are no near-copies of it.
    """

    source: str
    nats: np.ndarray
    vectors: np.ndarray
    plain: np.ndarray
    truth: np.ndarray
    leaning: np.ndarray
    unlike: Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Task:
    """A draw: places of `read`'s rows that are `labelled`, that may be `asked` about, and that are to be `judged`."""

    read: Read
    labelled: np.ndarray
    asked: np.ndarray
    judged: np.ndarray

    def accuracy(self, added: Sequence[int]) -> float:
        """Return balanced accuracy on the judged rows once those at places `added` of `asked` are labelled too."""
        answers = self._log_shares(np.append(self.labelled, self.asked[list(added)]), self.judged, _both()).argmax(1)
        return balanced(answers, self.read.truth[self.judged])

    def views(self) -> tuple[np.ndarray, ...]:
        """Return the asked rows' class probabilities by label words alone, by prototypes alone and by both."""
        from crosspt_cli.core.score import Readout

        ways = (Readout(0.0), Readout(WEIGHT, words=False), _both())
        return tuple(np.exp(self._log_shares(self.labelled, self.asked, way)) for way in ways)

    def _log_shares(self, known: np.ndarray, rows: np.ndarray, readout) -> np.ndarray:
        from crosspt_cli.core.score import paired_prototypes

        read = self.read
        means = paired_prototypes(read.vectors[known], read.plain[known], read.truth[known], read.nats.shape[1])
        nearness = means.nearness(read.vectors[rows], read.plain[rows])
        return readout.log_shares(read.nats[rows], read.leaning, nearness)


def _both():
    from crosspt_cli.core.score import Readout

    return Readout(WEIGHT)


def read_target(folder: Path, backbone, sources, most: int) -> Read:
    """Return up to `most` test rows of a target behind the source that its first few rows speak for."""
    from crosspt_cli.core.train import answer_rows
    from crosspt_cli.data.near_duplicates import are_like, shingles_of
    from crosspt_cli.onboarding.prepare import label_tree, prepare
    from crosspt_cli.search.rank import UntouchedSources
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(folder, PER_CLASS, 0, most)
    spec = prepare(shots, backbone).spec
    tree = backbone.t5.place(label_tree(spec.verbalizer, backbone))
    classes, at_once = list(spec.verbalizer.classes), tokens_at_once(backbone.device)

    def read(prompt: torch.Tensor, rows):
        texts = encode_rows(rows, spec, backbone, sources.layer)
        places = torch.arange(len(texts))
        return answer_rows(backbone, prompt[None], places * 0, texts, places, tree, at_once)

    labels = np.array([classes.index(label) for label in shots.labels()])
    every = np.arange(len(labels))
    untouched = UntouchedSources(sources.names, every, np.stack([read(p, shots.rows).nats for p in sources.values]))
    best = untouched.ranks(labels, every)[0].name
    found = read(sources.values[sources.names.index(best)], test.rows)
    truth = np.array([classes.index(label) for label in test.labels()])
    shingles = [tuple(map(shingles_of, row.fields)) for row in test.rows]

    def unlike(row: int) -> np.ndarray:
        return np.array([not are_like(shingles[row], other) for other in shingles])

    return Read(best, found.nats, found.vectors, found.plain, truth, untouched.leaning(best, labels, every), unlike)


def draw_task(read: Read, draw: int) -> Task:
    """Return a draw of a target's rows: half of them are judged, `PER_CLASS` of each class of the rest are labelled."""
    order = np.random.default_rng(draw).permutation(len(read.truth))
    judged, rest = np.split(order, [len(order) // 2])
    labelled = np.concatenate([rest[read.truth[rest] == c][:PER_CLASS] for c in range(read.nats.shape[1])])
    return Task(read, labelled, np.setdiff1d(rest, labelled), judged)


def at_random(task: Task, n: int, draw: int) -> float:
    """Return the accuracy with rows picked by lot, on average."""
    lots = (np.random.default_rng((draw, n, lot)).permutation(len(task.asked))[:n] for lot in range(LOTS))
    return float(np.mean([task.accuracy(picked) for picked in lots]))


def least_sure(task: Task, n: int) -> Sequence[int]:
    """Pick the rows whose two likeliest classes are nearest to each other."""
    likeliest = np.sort(task.views()[-1], axis=1)
    return np.argsort(likeliest[:, -1] - likeliest[:, -2], kind="stable")[:n]


def most_alike(task: Task, n: int) -> Sequence[int]:
    """Pick the rows that stand for most others, whatever the task thinks of them."""
    from crosspt_cli.search.cover import choose_cover

    everything = np.ones(len(task.asked), bool)
    return choose_cover(task.read.vectors[task.asked], everything * 1.0, everything, n, _unlike(task))


def suggested(task: Task, n: int) -> Sequence[int]:
    """Pick as `crosspt suggest` does."""
    from crosspt_cli.search.cover import choose_rows

    return choose_rows(task.views(), task.read.vectors[task.asked], n, _unlike(task))


def _unlike(task: Task) -> Callable[[int], np.ndarray]:
    return lambda row: task.read.unlike(task.asked[row])[task.asked]


WAYS = {"least sure": least_sure, "stand for most others": most_alike, SUGGEST: suggested}


def measure(reads: dict[str, Read], draws: int) -> list[dict]:
    """Return per target and draw the accuracy before, and by way and number of rows added."""
    lines = []
    for target, read in reads.items():
        for draw in range(draws):
            task = draw_task(read, draw)
            reached = {f"{RANDOM} {n}": at_random(task, n, draw) for n in (*ADDED, *MORE_RANDOM)}
            reached |= {f"{way} {n}": task.accuracy(pick(task, n)) for way, pick in WAYS.items() for n in ADDED}
            lines.append({"target": target, "draw": draw, "start": task.accuracy(()), **reached})
    return lines


def summary(lines: Sequence[dict]) -> dict:
    """Return per column its mean accuracy, per way and number how far it is ahead of random rows, and what it is worth.

    Differences are in points, with their standard error over tasks.
    """
    columns = [name for name in lines[0] if name not in ("target", "draw")]
    found = {name: {"accuracy": _mean(lines, name)} for name in columns}
    counts = (0, *ADDED, *MORE_RANDOM)
    curve = [found[f"{RANDOM} {n}" if n else "start"]["accuracy"] for n in counts]
    for way in WAYS:
        for n in ADDED:
            ahead = 100 * np.array([line[f"{way} {n}"] - line[f"{RANDOM} {n}"] for line in lines])
            of_column = found[f"{way} {n}"]
            of_column["ahead"] = round(float(ahead.mean()), 2)
            of_column["se"] = round(float(ahead.std(ddof=1) / np.sqrt(len(ahead))), 2)
            of_column["random_rows"] = worth(of_column["accuracy"], counts, curve)
    return found


def _mean(lines: Sequence[dict], name: str) -> float:
    return round(100 * float(np.mean([line[name] for line in lines])), 1)


def print_table(lines: Sequence[dict]) -> None:
    """Print targets by rows and ways by columns, then the means and how far each is ahead."""
    found = summary(lines)
    print(f"| target | {' | '.join(found)} |\n|---{'|---' * len(found)}|")
    for target in dict.fromkeys(line["target"] for line in lines):
        of_target = [line for line in lines if line["target"] == target]
        print(f"| {target} | {' | '.join(f'{_mean(of_target, name):.1f}' for name in found)} |")
    print(f"| **mean of {len(lines)} tasks** | {' | '.join(str(each['accuracy']) for each in found.values())} |")
    ahead = (f"{each['ahead']:+.1f} ± {each['se']:.1f}" if "ahead" in each else "" for each in found.values())
    print(f"| ahead of random | {' | '.join(ahead)} |")
    print(f"| random rows worth as much | {' | '.join(each.get('random_rows', '') for each in found.values())} |")


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
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("--rows", type=int, default=800, help="of each target, asked and judged")
    parser.add_argument("--out", type=Path, default=Path("bench/results/which_rows.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(chosen.backbone, registry, "cpu")
    sources = load_sources(registry, backbone)
    reads = {
        name: read_target(chosen.data / name, backbone, sources, chosen.rows) for name in chosen.targets.split(",")
    }
    lines = measure(reads, chosen.draws)
    result = {
        "machine": describe(), "draws": chosen.draws, "rows": chosen.rows, "weight": WEIGHT,
        "sources": {name: read.source for name, read in reads.items()},
        "summary": summary(lines), "lines": lines,
    }  # fmt: skip
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    print_table(lines)


if __name__ == "__main__":
    main()
