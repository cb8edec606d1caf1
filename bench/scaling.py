"""How do seconds and memory of a training step and of scoring grow with the size of what is searched?

    python bench/scaling.py --quick          a few minutes on two cores
    python bench/scaling.py                  everything; a GPU is used where there is one

Around one centre a single size is changed at a time: trials, rows, classes, prompt tokens, backbone. Training and
scoring run at every point in processes of their own, so that the peak memory is theirs. Backbones have random weights
in the shapes of known ones, rows are random (`shapes.py`): the arithmetic is that of real ones.

Measured are the median of `--repeats` training steps of all trials (each on a batch of 8 rows), and one scoring of
every row under every trial's prompt. Memory is what the process held at most: resident on a CPU, weights, libraries and
loading included, and allocated on a GPU. The slope is that of log value over log size, by least squares: 1 means that
twice the size takes twice as much. Backbones are placed by the number of their parameters.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
MEASURES = {
    "step_seconds": "seconds of a training step",
    "score_seconds": "seconds of scoring all rows",
    "step_mb": "peak MB, training",
    "score_mb": "peak MB, scoring",
}


@dataclass(frozen=True)
class Point:
    """Sizes at which to measure."""

    trials: int = 16
    rows: int = 64
    classes: int = 4
    prompt_tokens: int = 20
    backbone: str = "mini"


CENTRE = Point()
AXES = {
    "trials": (1, 2, 4, 8, 16, 32, 64, 128, 256),
    "rows": (16, 64, 256, 1024, 4096),
    "classes": (2, 5, 15, 50, 150),
    "prompt_tokens": (5, 10, 20, 50, 100),
    "backbone": ("mini", "t5-small", "t5-base", "t5-large"),
}
QUICK = {
    "trials": (1, 4, 16, 64),
    "rows": (16, 64, 256),
    "classes": (2, 15, 150),
    "prompt_tokens": (5, 20, 100),
    "backbone": ("mini", "t5-small"),
}
QUICK_CENTRE = Point(trials=4, rows=32)


def measure(point: Point, part: str, device_name: str, dtype_name: str, repeats: int) -> dict:
    """Return the measures of one point in this process; `part` is "step" or "score"."""
    import torch
    from shapes import SHAPES, freeze, random_task

    from crosspt_cli.core.devices import choose_device, choose_dtype, peak_memory_mb
    from crosspt_cli.evidence.trial import Fold
    from crosspt_cli.search.candidates import make_candidates
    from crosspt_cli.search.trials import Trial, make_population

    device = choose_device(device_name)
    model = SHAPES[point.backbone].model()
    backbone = freeze(model, point.backbone, device, choose_dtype(dtype_name, device))
    parameters = sum(weights.numel() for weights in model.parameters())
    del model
    task = random_task(backbone, point.rows, point.classes, point.prompt_tokens)
    candidates = make_candidates(task.untouched.names, (0, 1, 3, 8), (0.1, 1.0))
    trials = [Trial(number % len(candidates), 0, number) for number in range(point.trials)]
    everything = np.arange(point.rows)
    population = make_population(task, candidates, trials, [Fold(everything, everything)], repeats + 1)
    if part == "step":
        population.step()  # what is compiled, measured or allocated once
        seconds = statistics.median(timed(population.step, device) for _ in range(repeats))
    else:
        seconds = timed(lambda: population.answers([everything] * point.trials), device)
    return {
        f"{part}_seconds": seconds, f"{part}_mb": round(peak_memory_mb(device)),
        "parameters": parameters, "dtype": str(backbone.t5.dtype).removeprefix("torch."),
        "device": device.type, "threads": torch.get_num_threads(),
    }  # fmt: skip


def timed(work: Callable[[], object], device) -> float:
    """Return the seconds that some work takes."""
    from flops import wait_for

    wait_for(device)
    began = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - began


def measure_apart(point: Point, part: str, chosen: argparse.Namespace) -> dict:
    """Return the measures of one point, from a process of its own."""
    command = [sys.executable, __file__, "--point", json.dumps(asdict(point)), "--part", part]
    command += ["--device", chosen.device, "--dtype", chosen.dtype, "--repeats", str(chosen.repeats)]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode:
        raise SystemExit(f"{point} failed:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


def run(axes: dict[str, tuple], centre: Point, chosen: argparse.Namespace) -> list[dict]:
    """Return one record per axis and size; a point that lies on several axes is measured once."""
    known: dict[Point, dict] = {}
    records = []
    for axis, sizes in axes.items():
        for size in sizes:
            point = replace(centre, **{axis: size})
            if point not in known:
                known[point] = measure_apart(point, "step", chosen) | measure_apart(point, "score", chosen)
                print(f"{axis} {size}: {known[point]['step_seconds']:.3f} s", file=sys.stderr, flush=True)
            records.append({"axis": axis, **asdict(point), **known[point]})
    return records


def series(records: list[dict], axis: str, measure_name: str) -> tuple[list[float], list[float]]:
    """Return the sizes along an axis, and a measure at each of them."""
    found = [record for record in records if record["axis"] == axis]
    return [record["parameters" if axis == "backbone" else axis] for record in found], [
        record[measure_name] for record in found
    ]


def slope(sizes: list[float], values: list[float]) -> float:
    """Return the slope of log value over log size, by least squares; NaN with fewer than two sizes."""
    if len(set(sizes)) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def table(records: list[dict]) -> str:
    """Return one line per axis: its range, and of each measure the values at both ends and the slope."""
    lines = [f"{'':<14}" + "".join(f"{name:>34}" for name in MEASURES.values())]
    for axis in dict.fromkeys(record["axis"] for record in records):
        cells = []
        for name in MEASURES:
            sizes, values = series(records, axis, name)
            cells.append(f"{values[0]:.4g} to {values[-1]:.4g}, slope {slope(sizes, values):.2f}")
        lines.append(f"{axis.replace('_', ' '):<14}" + "".join(f"{cell:>34}" for cell in cells))
    return "\n".join(lines)


def draw(records: list[dict], picture: Path) -> None:
    """Draw every measure over every axis, both logarithmic, into one SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    axes_names = list(dict.fromkeys(record["axis"] for record in records))
    figure, grid = plt.subplots(2, len(axes_names), figsize=(2.6 * len(axes_names), 4.6), squeeze=False, sharey="row")
    kinds = (("step_seconds", "score_seconds"), ("step_mb", "score_mb"))
    for column, axis in enumerate(axes_names):
        for row, names in enumerate(kinds):
            panel = grid[row][column]
            for name, colour in zip(names, ("#3465a4", "#ce5c00"), strict=True):
                sizes, values = series(records, axis, name)
                panel.loglog(sizes, values, "o-", color=colour, linewidth=1, markersize=3, label=MEASURES[name])
            names_of_sizes = [f"{record[axis]}" for record in records if record["axis"] == axis]
            panel.set_xticks(sizes, names_of_sizes, rotation=45 if axis == "backbone" else 0)
            panel.set_xticks([], minor=True)
            panel.tick_params(which="both", labelsize=6)
            panel.spines[["top", "right"]].set_visible(False)
        grid[1][column].set_xlabel(axis.replace("_", " "), fontsize=8)
    for row in grid:
        row[0].legend(fontsize=6, frameon=False)
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Measure every point, print the table, keep the records and the picture."""
    from machine import describe, typed

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller points")
    parser.add_argument("--axes", default=",".join(AXES), help="which to measure; default all")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--repeats", type=int, default=5, help="training steps behind a median")
    parser.add_argument("--out", type=Path, default=Path("bench/results/scaling.json"))
    parser.add_argument("--picture", type=Path, default=Path("docs/pictures/scaling.svg"))
    parser.add_argument("--centre", type=json.loads, default={}, help="other than the built-in, as '{\"rows\": 16}'")
    parser.add_argument("--point", type=json.loads, help=argparse.SUPPRESS)  # one point, in this process
    parser.add_argument("--part", choices=("step", "score"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.point:
        point = Point(**chosen.point)
        print(json.dumps(measure(point, chosen.part, chosen.device, chosen.dtype, chosen.repeats)))
        return
    axes = {axis: (QUICK if chosen.quick else AXES)[axis] for axis in chosen.axes.split(",")}
    centre = replace(QUICK_CENTRE if chosen.quick else CENTRE, **chosen.centre)
    records = run(axes, centre, chosen)
    command = typed(["bench/scaling.py", *sys.argv[1:]], None)
    result = {"machine": describe(), "command": command, "centre": asdict(centre), "records": records}
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    draw(records, chosen.picture)
    print(table(records))


if __name__ == "__main__":
    main()
