"""The backbone's recipe in small: a random BERT with real word pieces, and data sets of a few rows."""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.append(str(ROOT))  # at the end: what is installed as crosspt_cli stays what is tested

EXAMPLES = {"reviews": ("sentiment", "text", "y"), "tickets": ("intent", "body", "team")}


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder made of the shipped examples: two labelled sets, a corpus of prose, and one measured set."""
    folder = tmp_path_factory.mktemp("data")
    for name, (kind, text, label) in EXAMPLES.items():
        with (ROOT / "examples" / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        cut = len(rows) // 2
        pairs = [(row[text], row[label]) for row in sorted(rows, key=lambda row: hash_of(row[text]))]
        write_set(folder / "sources" / name, kind, pairs[cut:], pairs[:cut])
    write_set(
        folder / "targets" / "measured", "topic", [("The moon rose late over the quiet northern harbour.", "a")], []
    )
    paragraphs = [part for path in sorted(ROOT.glob("docs/**/*.md")) for part in _prose(path)]
    (folder / "corpus").mkdir()
    with gzip.open(folder / "corpus" / "docs.txt.gz", "wt", encoding="utf-8") as handle:
        handle.write("\n".join(paragraphs))
    return folder


def hash_of(text: str) -> str:
    """Return a digest to order rows by, the same in every run."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_set(folder: Path, kind: str, train: list[tuple[str, str]], test: list[tuple[str, str]]) -> None:
    """Write a labelled set as the recipe reads it."""
    folder.mkdir(parents=True)
    for part, rows in (("train", train), ("test", test)):
        with gzip.open(folder / f"{part}.csv.gz", "wt", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows([("text", "label"), *rows])
    (folder / "SOURCE.yaml").write_text(f"task_type: {kind}\nlicence: {{stated: Apache-2.0, use: open}}\n")


def _prose(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if len(line) > 80 and not line.startswith(("|", "    ", "`"))]


@pytest.fixture(scope="session")
def small_bert(tmp_path_factory: pytest.TempPathFactory, mini: Path) -> Path:
    """Return the folder of a random BERT of two layers that reads the embedded backbone's word pieces."""
    import json

    import torch
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    document = json.loads((mini / "tokenizer.json").read_text())
    pieces = [piece for piece in document["model"]["vocab"] if not piece.startswith("<")]
    pieces = ["[PAD]", "[UNK]", "[SEP]", *pieces[:98], "[CLS]", *pieces[98:3000]]  # [CLS] is 101, as in every BERT
    document["model"] |= {"vocab": {piece: number for number, piece in enumerate(pieces)}, "unk_token": "[UNK]"}
    document["added_tokens"], document["post_processor"] = [], None
    Tokenizer.from_str(json.dumps(document)).save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        initializer_range=0.15,
    )  # fmt: skip
    bert = BertModel(config, add_pooling_layer=False)
    for name, weight in bert.named_parameters():
        if "LayerNorm" in name:  # a trained one has norms that differ from dimension to dimension, and shifts
            if name.endswith("weight"):
                torch.nn.init.uniform_(weight, 0.2, 1.8)
            else:
                torch.nn.init.normal_(weight, std=0.5)
    bert.save_pretrained(folder)
    return folder
