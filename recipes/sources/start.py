"""Write where the sources of a bank start: at the soft instruction of their data set, trained with the backbone.

    python -m recipes.sources.start recipes/sources/bank.yaml WORK/soft_instructions.safetensors OUT.safetensors

Soft instructions are named after the data set's folder, sources as the bank file names them. OUT is what `crosspt
registry pretrain --start` takes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml

from crosspt_cli.registry import dump_arrays, read_arrays


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    parser.add_argument("instructions", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    instructions = read_arrays(chosen.instructions)
    bank = yaml.safe_load(chosen.bank.read_text())
    sources = {each["name"]: Path(each["train"]).parts[0] for each in bank["sources"]}
    if missing := sorted(set(sources.values()) - instructions.keys()):
        raise SystemExit(f"{chosen.instructions}: has nothing for {', '.join(missing)}.")
    starts = {name: instructions[data_set] for name, data_set in sources.items()}
    chosen.out.write_bytes(dump_arrays(starts))


if __name__ == "__main__":
    main()
