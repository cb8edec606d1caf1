"""The losses of all stages as one picture."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path


def read_losses(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return name → (step, loss) from a file that `training.Stage` wrote."""
    losses: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with path.open(newline="") as handle:
        for step, name, loss in csv.reader(handle):
            losses[name].append((int(step), float(loss)))
    return losses


def draw_curves(folder: Path, picture: Path) -> None:
    """Draw every loss of `heal.csv` and `joint.csv` in `folder` into one SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    curves = [
        (stage, name, points)
        for stage in ("heal", "joint")
        if (folder / f"{stage}.csv").is_file()
        for name, points in read_losses(folder / f"{stage}.csv").items()
    ]
    figure, axes = plt.subplots(1, len(curves), figsize=(2.6 * len(curves), 2.4), squeeze=False)
    for axis, (stage, name, points) in zip(axes[0], curves, strict=True):
        axis.plot(*zip(*points, strict=True), color="#3465a4", linewidth=1)
        axis.set_title(f"{stage}: {name}", fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("loss", fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)
