"""How much of what whole onboardings are off by is the luck of the rows that were drawn?

    python bench/same_rows.py --data DATA --out bench/results/same_rows.json

A handful of rows is easy or hard by luck, so 54 onboardings know the mean error of the printed score to a point or two
only. The same rows are easy or hard for a study in which nothing is trained, too, and what such studies are off by is
known from hundreds of draws (`untrained.py`). Every onboarding that `onboardings.py` kept is therefore done once more
as such a study, on its own rows, folds and test rows, behind the source prompts that `untrained.py` had. What the
onboardings are off by beyond these studies, plus what such studies are off by on average, is their mean error without
the luck (a control variate: Lavenberg and Welch 1981).

Takes eight minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from few_rows import Pool, Task, pool_of
from lines import read_lines
from rows import draw_rows
from untrained import readers, study

ESTIMATES = ("uncorrected", "corrected")
COLUMNS = (
    "onboardings", "the same rows, nothing trained", "correlation", "difference", "such studies on average",
    "onboardings without the luck of their rows",
)  # fmt: skip


def studies_of_target(folder: Path, onboardings: Sequence[dict], backbone, sources) -> list[dict]:
    """Return for each of a target's onboardings the untrained study of the same rows, and what both were off by."""
    from crosspt_cli.onboarding.prepare import prepare

    found, asked = [], None
    for line in onboardings:
        shots, test = draw_rows(folder, line["per_class"], line["draw"], line["test_rows"])
        spec = prepare(shots, backbone).spec
        if asked is None:
            asked = pool_of(test.rows, spec, backbone, sources)
        task = Task(joined(pool_of(shots.rows, spec, backbone, sources), asked), np.arange(len(shots)))
        untrained = study(task, line["per_class"], line["draw"])
        found.append({
            "target": line["target"], "per_class": line["per_class"], "draw": line["draw"],
            "onboarding": errors(line), "untrained": errors(untrained),
        })  # fmt: skip
    return found


def joined(first: Pool, second: Pool) -> Pool:
    """Return the rows of two pools of one target, read by the same sources, as one."""
    arrays = {name: np.concatenate([getattr(first, name), getattr(second, name)], 1) for name in ("nats", "vectors")}
    of_rows = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("plain", "truth")}
    return replace(first, **arrays, **of_rows)


def errors(line: dict) -> dict[str, float]:
    """Return what either estimate is off by, in points of balanced accuracy."""
    return {name: round(100 * (line[name] - line["balanced"]["crosspt"]), 2) for name in ESTIMATES}


def table(pairs: Sequence[dict], draws: Sequence[dict]) -> str:
    """Return a Markdown table of mean errors ± standard errors, per number of rows and overall.

    Args:
        pairs: from `studies_of_target`.
        draws: the studies that `untrained.py` kept.
    """
    out = ["| draws | estimate | " + " | ".join(COLUMNS) + " |", "|---" * (2 + len(COLUMNS)) + "|"]
    sizes = sorted({pair["per_class"] for pair in pairs})
    for title, of_sizes in [*((f"{size} per class", [size]) for size in sizes), ("all", sizes)]:
        part = [pair for pair in pairs if pair["per_class"] in of_sizes]
        for name in ESTIMATES:
            whole, same = (np.array([pair[kind][name] for pair in part]) for kind in ("onboarding", "untrained"))
            beyond, expected = _mean(whole - same), _expected(part, draws, name)
            without_luck = beyond[0] + expected[0], float(np.hypot(beyond[1], expected[1]))
            cells = [_said(_mean(whole)), _said(_mean(same)), f"{np.corrcoef(whole, same)[0, 1]:.2f}"]
            cells += map(_said, (beyond, expected, without_luck))
            out.append(f"| {title} | {name} | {' | '.join(cells)} |")
    return "\n".join(out)


def _expected(part: Sequence[dict], draws: Sequence[dict], name: str) -> tuple[float, float]:
    """Return what untrained studies are off by on average, with as much of each number of rows as `part` has."""
    mean = variance = 0.0
    for size in {pair["per_class"] for pair in part}:
        share = np.mean([pair["per_class"] == size for pair in part])
        of_size = np.array([errors(line)[name] for line in draws if line["per_class"] == size])
        found, error = _mean(of_size)
        mean, variance = mean + share * found, variance + (share * error) ** 2
    return float(mean), float(np.sqrt(variance))


def _said(found: tuple[float, float]) -> str:
    return f"{found[0]:+.1f} ± {found[1]:.1f}"


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone
    from crosspt_cli.onboarding.study_input import load_sources

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--onboardings", type=Path, default=Path("bench/results/onboardings-quick.jsonl"))
    parser.add_argument(
        "--untrained", type=Path, default=Path("bench/results/untrained.json"), help="what untrained.py kept"
    )
    parser.add_argument("--out", type=Path, default=Path("bench/results/same_rows.json"))
    chosen = parser.parse_args()
    registry = Registry.open()
    backbone = open_backbone(None, registry, "cpu")
    average, lines = json.loads(chosen.untrained.read_text()), read_lines(chosen.onboardings)
    reading = readers(load_sources(registry, backbone), average["targets"], average["sources"])
    pairs = [
        pair
        for target, sources in reading.items()
        for pair in studies_of_target(
            chosen.data / target, [line for line in lines if line["target"] == target], backbone, sources
        )
    ]
    chosen.out.write_text(json.dumps({"machine": describe(), "pairs": pairs}, indent=1) + "\n")
    print(table(pairs, average["studies"]))


if __name__ == "__main__":
    main()
