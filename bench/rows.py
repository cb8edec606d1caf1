"""The rows that benchmarks train and test on: the same for the same target, draw and number of rows per class."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

TARGETS = "cr,imdb_sentences,subj,trec,emotion,financial_phrasebank,sick,snips,sms_spam"
OTHERS = f"{TARGETS},banking77"  # whose texts may be another target's unusual ones; 77 classes take hours to onboard


def draw_rows(folder: Path, per_class: int, draw: int, most: int) -> tuple:
    """Return the training rows of a draw, and at most `most` test rows, the same for every draw."""
    from crosspt_cli.data import few_shots, read_csv

    shots = few_shots(read_csv(folder / "train.csv.gz", "label"), per_class, draw)
    test = read_csv(folder / "test.csv.gz", "label", min_per_class=1)
    order = np.random.default_rng(0).permutation(len(test))[:most]
    return shots, test.subset(sorted(order.tolist()))


def draw_pool(folder: Path, shots, draw: int, most: int):
    """Return at most `most` training rows that are not among `shots`, as frequent in each class as they are there."""
    from crosspt_cli.data import read_csv
    from crosspt_cli.foundation.seeds import stream

    rows = read_csv(folder / "train.csv.gz", "label")
    labelled = {row.line for row in shots.rows}
    order = stream(draw, "pool").permutation(len(rows)).tolist()
    free = [place for place in order if rows.rows[place].line not in labelled]
    return rows.subset(sorted(free[:most]))


def write_rows(path: Path, examples, labels: bool = True) -> None:
    """Write rows as a CSV with their text columns and, unless they are to be without, `label`."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow([*examples.text_columns, *["label"][:labels]])
        writer.writerows([*row.fields, *[row.label][:labels]] for row in examples.rows)


def joined(fields: tuple[str, ...]) -> str:
    """Return a row as the one text that a sentence encoder reads; pairs as crosspt's templates join them."""
    return fields[0] if len(fields) == 1 else f"first: {fields[0]} second: {fields[1]}"


def balanced(answers: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean over classes of the share of rows that got the right answer."""
    return float(np.mean([(answers[truth == c] == c).mean() for c in np.unique(truth)]))


def scores(answers: dict[str, np.ndarray], truth: np.ndarray) -> dict[str, dict[str, float]]:
    """Return accuracy and balanced accuracy of each of several answers [n] int64, by name."""
    return {
        "accuracy": {name: round(float((got == truth).mean()), 4) for name, got in answers.items()},
        "balanced": {name: round(balanced(got, truth), 4) for name, got in answers.items()},
    }


def mean_and_error(values: np.ndarray) -> str:
    """Return the mean of values in points ± its standard error, e.g. "+0.4 ± 2.1"; a dash for fewer than two."""
    if len(values) < 2:
        return "–"
    return f"{values.mean():+.1f} ± {values.std(ddof=1) / np.sqrt(len(values)):.1f}"
