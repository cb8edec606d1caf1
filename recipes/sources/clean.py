"""Copy the data sets of a bank without any text that the benchmarks measure on.

    python -m recipes.sources.clean recipes/sources/bank.yaml --data DATA --out CLEAN

From the root of a checkout. DATA holds `sources/` and `targets/`; CLEAN gets `<set>/train.csv.gz` and
`<set>/test.csv.gz` for every set that the bank names. Prints how many rows were left out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import yaml

from recipes.backbone.texts import MeasuredTexts


def clean(source: Path, target: Path, measured: MeasuredTexts) -> tuple[int, int]:
    """Write `target` with the rows of `source` that are not measured ones; return how many stayed and how many not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = left_out = 0
    with (
        gzip.open(source, "rt", encoding="utf-8", newline="") as given,
        gzip.open(target, "wt", encoding="utf-8", newline="") as written,
    ):
        rows = csv.DictReader(given)
        writer = csv.DictWriter(written, rows.fieldnames)
        writer.writeheader()
        for row in rows:
            if measured.holds(tuple(row[column] for column in rows.fieldnames if column != "label")):
                left_out += 1
            else:
                writer.writerow(row)
                kept += 1
    return kept, left_out


def main() -> None:
    """Clean every file that the bank names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    measured = MeasuredTexts.read(chosen.data / "targets")
    for source in yaml.safe_load(chosen.bank.read_text())["sources"]:
        for file in (source["train"], source["held-out"]):
            kept, left_out = clean(chosen.data / "sources" / file, chosen.out / file, measured)
            print(f"{file}: {kept:,} rows, {left_out:,} left out")


if __name__ == "__main__":
    main()
