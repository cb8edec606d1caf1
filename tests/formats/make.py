"""Makes `kept/`, a registry with an entry of every form that was ever written.

    python tests/formats/make.py new FOLDER        a backbone, source prompts and the task `current`
    python tests/formats/make.py task FOLDER NAME  one more task, by the crosspt that is on PYTHONPATH
    python tests/formats/make.py task FOLDER NAME METHOD  the same by another method than the mixture
    python tests/formats/make.py pool FOLDER NAME  one that has learned from rows without labels

The backbone is made first, by seed, from the vocabulary of `registry/backbones/mini`. It is kept as files and never
made again for a format that exists: its fingerprint is in every prompt and task beside it. Weights made by the same
seed depend on the version of torch, `config.json` and `tokenizer_config.json` on that of transformers.

The second form makes a task of an earlier version, as that version made it. With its checkout in OLD:

    PYTHONPATH=OLD python tests/formats/make.py task tests/formats/kept NAME

The paths of whoever runs this are not kept: tasks say that their rows came from `/data`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
MINI = HERE.parents[1] / "registry" / "backbones" / "mini"
GOOD = ("Lovely and warm.", "It works well, I am happy with it.", "Great value.", "Would buy it again at once!")
BAD = ("Broke on the first day.", "The worst I ever had.", "Dull, slow and too dear.", "I want my money back.")
TEXTS = [f"{text} Order {number}." for number in range(3) for pair in zip(GOOD, BAD, strict=True) for text in pair]
ASKED = ("It works, I am happy.", "Broke at once, the worst.", "Great!", "??? 12345")
CPU = {"device": "cpu", "dtype": "fp32"}
POOL = {"unlabelled": ["pool.csv"], "readout": "prototypes"}  # then rows without labels cannot count for nothing
BANK = """
backbone: tiny
prompt-tokens: 2
steps: 6
batch: 4
sources:
  - {name: mood, task: sentiment, train: rows.csv, held-out: rows.csv, licence: CC0-1.0, about: Moods.}
  - {name: praise, task: sentiment, train: rows.csv, held-out: rows.csv, licence: CC0-1.0}
"""


def main(words: list[str]) -> None:
    """Do what the words say."""
    form, home = words[0], Path(words[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that files are named without anybody's folders
        rows = [f'"{text}",{("positive", "negative")[number % 2]}' for number, text in enumerate(TEXTS)]
        Path("rows.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
        Path("bank.yaml").write_text(BANK, encoding="utf-8")
        if form == "new":
            add_backbone(home)
            add_sources(home)
        others = [f'"{text} Again."' for text in TEXTS]
        Path("pool.csv").write_text("\n".join(["text", *others]) + "\n", encoding="utf-8")
        name, *method = ["current"] if form == "new" else words[2:]
        chosen = {"method": method[0]} if method else {}  # versions of before there were others do not know the word
        add_task(home, name, **chosen, **(POOL if form == "pool" else {}))


def add_backbone(home: Path) -> None:
    """Save a random T5 of width 16 that knows single characters and the words of the rows."""
    from crosspt_cli.registry import Registry

    Registry.open(home).add_backbone("tiny", write_backbone, about="For tests.", licence="CC0-1.0")


def write_backbone(folder: Path) -> None:
    """Write the files of the backbone."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    size = write_tokenizer(folder)
    config = T5Config(
        vocab_size=size, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_decoder_layers=1, num_heads=2, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    T5ForConditionalGeneration(config).half().save_pretrained(folder)


def write_tokenizer(folder: Path) -> int:
    """Write mini's tokenizer with a small part of its vocabulary, and return how many tokens that has."""
    saved = json.loads((MINI / "tokenizer.json").read_text(encoding="utf-8"))
    words = {word for text in (*TEXTS, "positive negative") for word in text.lower().strip(".!").split()}
    letters = {prefix + letter for prefix in ("", "##") for letter in "abcdefghijklmnopqrstuvwxyz0123456789.,!?"}
    wanted = {"<pad>", "</s>", "<unk>"} | words | letters
    vocabulary = [piece for piece in saved["model"]["vocab"] if piece in wanted]
    saved["model"]["vocab"] = {piece: number for number, piece in enumerate(vocabulary)}
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["id"] < 3]
    (folder / "tokenizer.json").write_text(json.dumps(saved), encoding="utf-8")
    config = json.loads((MINI / "tokenizer_config.json").read_text(encoding="utf-8"))
    del config["extra_special_tokens"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return len(vocabulary)


def add_sources(home: Path) -> None:
    """Train two source prompts for a moment."""
    from crosspt_cli.pretraining.pretrain import pretrain
    from crosspt_cli.registry import Registry

    pretrain(Path("bank.yaml"), Path(), registry=Registry.open(home), **CPU)


def add_task(home: Path, name: str, **chosen) -> None:
    """Onboard the rows for a moment, and keep beside the registry what the task answers."""
    from crosspt_cli import Registry, onboard, predict
    from crosspt_cli.search import plan

    plan.BUDGETS["quick"] = replace(plan.BUDGETS["quick"], steps=8, folds=2)
    registry = Registry.open(home)
    onboard("rows.csv", "label", name=name, backbone="tiny", budget="quick", registry=registry, **chosen, **CPU)
    forget_folder(registry, name)
    os.environ["CROSSPT_DEVICE"] = "cpu"
    answers = [{"label": each.label, "confidence": each.confidence} for each in predict(name, ASKED, registry)]
    (home / "answers").mkdir(exist_ok=True)
    kept = json.dumps(dict(zip(ASKED, answers, strict=True)), indent=1) + "\n"
    (home / "answers" / f"{name}.json").write_text(kept, encoding="utf-8")


def forget_folder(registry, name: str) -> None:
    """Save the task again with another folder of its rows, all else as it was."""
    task = registry.load_task(name)
    files = dict(task.files)
    if "report.json" in files:
        files["report.json"] = json.dumps({**json.loads(files["report.json"]), "folder": "/data"})
    version = [2] if task.arrays["prompt"].ndim == 3 else []
    registry.save_task(name, task.document, task.arrays, files, True, *version)


if __name__ == "__main__":
    main(sys.argv[1:])
