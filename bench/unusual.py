"""How many rows of a task's own kind does `unusual` mark, and how many of another data set's?

    python bench/unusual.py --data DATA --out bench/results/unusual.json

What is unusual is told from vectors that no prompt had a part in, so nothing has to be trained: a few rows per class of
every target are made familiar as `add-task` does it, and test rows of the same target and of the next one are looked
at as `predict` does it. Printed are means over targets and draws, and the area under the curve of telling the two
apart. Takes three minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from rows import TARGETS, draw_rows

SIZES = (4, 16)
NUMBERS = ("auroc", "own_flagged", "other_flagged", "own_unreadable")


def look(backbone, shots, own, other) -> dict:
    """Return how well another target's rows are told from the task's own, and how many of either are marked."""
    from sklearn.metrics import roc_auc_score

    from crosspt_cli.evidence.unusual import distances, familiar, is_unreadable
    from crosspt_cli.reading.prepare import input_encoder, prepare

    prepared = prepare(shots, backbone)
    spec, width = prepared.spec, len(shots.text_columns)
    known = familiar(vectors(shots.rows, spec, backbone), prepared.labels, len(shots.classes))
    encoder = input_encoder(spec, backbone)
    far, marked, unreadable = [], [], []
    for rows in (own, other):
        # a pair's first text stands for it where the task reads single texts, and the other way round
        rows = [replace(row, fields=(row.fields * width)[:width]) for row in rows]
        plain = vectors(rows, spec, backbone)
        odd = [is_unreadable(r.fields, encoder.tokens(r.fields), backbone.tokenizer.unknown) for r in rows]
        far.append(distances(known.means, plain))
        marked.append(known.unusual(plain, plain) | odd)
        unreadable.append(np.mean(odd))
    found = roc_auc_score(np.repeat([0, 1], [len(own), len(other)]), np.concatenate(far))
    values = (found, marked[0].mean(), marked[1].mean(), unreadable[0])
    return {name: round(float(value), 4) for name, value in zip(NUMBERS, values, strict=True)}


def vectors(rows, spec, backbone) -> np.ndarray:
    """Return the rows' vectors without a prompt, [n, H]."""
    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.core.read import sentence_vectors
    from crosspt_cli.reading.prepare import input_encoder
    from crosspt_cli.search.trials import tokens_at_once

    encoder = input_encoder(spec, backbone)
    texts = encode_texts([encoder.encode(row.fields)[0] for row in rows], backbone.device)
    return sentence_vectors(backbone, texts, tokens_at_once(backbone.device))


def table(lines: list[dict]) -> str:
    """Return the means as a Markdown table, a row per number of rows per class."""
    out = ["| rows | tasks | AUROC | own rows marked | other rows marked |", "|---|---|---|---|---|"]
    for size in sorted({line["per_class"] for line in lines}):
        part = [line for line in lines if line["per_class"] == size]
        means = (f"{np.mean([line[name] for line in part]):.2f}" for name in NUMBERS[:3])
        out.append(f"| {size} per class | {len(part)} | {' | '.join(means)} |")
    return "\n".join(out)


def main() -> None:
    """Measure every target and print the table."""
    from crosspt_cli import Registry
    from crosspt_cli.reading.backbones import open_backbone

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--rows", type=int, default=200, help="test rows of each target")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    backbone = open_backbone("mini", Registry.open(), "cpu", "fp32")
    targets, lines = chosen.targets.split(","), []
    for at, target in enumerate(targets):
        other = draw_rows(chosen.data / targets[(at + 1) % len(targets)], 4, 0, chosen.rows)[1]
        for size in SIZES:
            for draw in range(chosen.draws):
                shots, own = draw_rows(chosen.data / target, size, draw, chosen.rows)
                found = look(backbone, shots, own.rows, other.rows)
                lines.append({"target": target, "per_class": size, "draw": draw} | found)
    if chosen.out:
        chosen.out.write_text(json.dumps({"machine": describe(), "lines": lines}, indent=1) + "\n")
    print(table(lines))


if __name__ == "__main__":
    main()
