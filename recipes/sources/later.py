"""Write what the starts of a bank have become before the encoder layer where its prompts are to enter.

    python -m recipes.sources.later recipes/sources/bank.yaml START.safetensors OUT.safetensors --layer 2 --data CLEAN

Soft instructions that were trained at the input are read through the layers below `--layer`, each before rows of its
own data set in CLEAN, and what they are there is averaged over the rows, on which it hardly depends. OUT is what
`crosspt registry pretrain --start` takes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from crosspt_cli import Registry
from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.packing import prompted_layout, token_positions
from crosspt_cli.data import read_csv
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.bank_file import read_bank
from crosspt_cli.onboarding.prepare import prepare
from crosspt_cli.registry import dump_arrays, read_arrays

ROWS = 256


@torch.no_grad()
def read_prompt(backbone: Backbone, prompt: Tensor, texts: EncodedTexts, layer: int) -> Tensor:
    """Return the mean state [P, H] float32 of an input prompt's tokens before an encoder layer, over the texts.

    Args:
        backbone: the frozen T5.
        prompt: [P, H], at the input.
        texts: what it stands before, one row after the other.
        layer: before which its states are taken.
    """
    tokens, rows = len(prompt), len(texts)
    layout = prompted_layout(texts.lengths, tokens)
    hidden = layout.pack(prompt.repeat(rows, 1), backbone.stream(texts))
    hidden = backbone.t5.run_layers(hidden, layout, 0, layer)
    _, position = token_positions(texts.lengths[layout.order] + tokens)
    of_prompt = position < tokens
    sums = hidden.new_zeros(tokens, hidden.shape[1]).index_add_(0, position[of_prompt], hidden[of_prompt])
    return sums / rows


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    parser.add_argument("start", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layer", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", help="instead of the bank file's")
    chosen = parser.parse_args()
    spec, starts = read_bank(chosen.bank, chosen.backbone), read_arrays(chosen.start)
    if missing := sorted({source.name for source in spec.sources} - starts.keys()):
        raise SystemExit(f"{chosen.start}: has nothing for {', '.join(missing)}.")
    backbone, found = open_backbone(spec.backbone, Registry.open(), "auto"), {}
    backbone.require_layer(chosen.layer, "--layer")
    for source in spec.sources:
        examples = read_csv(chosen.data / source.train, source.label_col, source.text_cols, drop_rare=True)
        rows = np.random.default_rng(spec.seed).permutation(len(examples))[:ROWS]
        texts = prepare(examples.subset(rows.tolist()), backbone, source.template or None, spec.max_tokens).texts
        prompt = torch.as_tensor(starts[source.name], device=backbone.device)
        found[source.name] = read_prompt(backbone, prompt, texts, chosen.layer).cpu().numpy()
    chosen.out.write_bytes(dump_arrays(found))


if __name__ == "__main__":
    main()
