"""Make a backbone, stage by stage; started again, it goes on where it stopped.

    python -m recipes.backbone recipes/backbone/mini.yaml --encoder ENCODER --stronger STRONGER --data DATA --work WORK

ENCODER is a folder with a BERT encoder, STRONGER one with a second encoder of the same word pieces, for settings that
ask for one (README.md says where both are from). DATA holds `sources/`, `corpus/` and `targets/`, the last only to keep
its texts out. Everything between the stages goes to WORK. With --registry the finished backbone is put there, with its
card.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from recipes.backbone import stages
from recipes.backbone.settings import read_settings


def main() -> None:
    """Run every stage that is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", type=Path)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--stronger", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--registry", type=Path, help="folder `registry` of a checkout")
    parser.add_argument("--until", choices=stages.NAMES, default=stages.NAMES[-1])
    chosen = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = read_settings(chosen.settings)
    if settings.stronger_tokens and not chosen.stronger:
        parser.error(f"{chosen.settings} asks for a second encoder: name its folder with --stronger.")
    recipe = stages.Recipe(settings, chosen.encoder, chosen.stronger, chosen.data, chosen.work, device)
    recipe.run(chosen.until)
    if chosen.registry:
        recipe.publish(chosen.registry)


if __name__ == "__main__":
    main()
