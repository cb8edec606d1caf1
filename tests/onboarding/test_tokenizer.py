"""The tokenizer that is opened without torch says what the backbone's own says."""

from __future__ import annotations

import json
import shutil

import pytest

from crosspt_cli.core.backbone import load_tokenizer
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.onboarding.tokenizer import open_tokenizer
from crosspt_cli.registry import Registry

TEXTS = (
    "",
    " ",
    "It works.",
    "  two  spaces ",
    "naïve café 日本 🙂",
    "</s> <unk> <extra_id_0>",
    "Ünïcode\u200b\n\ttab",
    "x" * 3000,
)


@pytest.mark.parametrize("text", TEXTS)
def test_both_ways_give_the_same_tokens(mini, home, text):
    """Label words and cut texts are told before torch is there; telling others than those used would be a lie."""
    reference = load_tokenizer(mini)
    opened = open_tokenizer("mini", Registry.open())
    assert opened.tokenize(text) == reference(text, add_special_tokens=False, verbose=False)["input_ids"]
    assert opened.pieces(opened.tokenize(text)) == reference.convert_ids_to_tokens(opened.tokenize(text))
    assert (opened.unknown, opened.end) == (reference.unk_token_id, reference.eos_token_id)


def test_lengths_that_somebody_else_trained_with_cut_nothing(tiny_backbone, home, tmp_path):
    """Some folders keep a truncation and padding in tokenizer.json."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_backbone, folder)
    saved = json.loads((folder / "tokenizer.json").read_text())
    saved["truncation"] = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    assert len(open_tokenizer(str(folder), Registry.open()).tokenize("a text of more than three words")) > 3


def test_a_folder_with_a_sentencepiece_model_only_is_opened_the_long_way(tiny_backbone, home, tmp_path):
    """Older T5 folders have nothing else."""
    import sentencepiece

    folder = tmp_path / "tiny"
    shutil.copytree(tiny_backbone, folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["it works very well", "it broke very soon"] * 20), model_prefix=str(folder / "spiece"),
        vocab_size=19, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    opened = open_tokenizer(str(folder), Registry.open())
    assert "".join(opened.pieces(opened.tokenize("it works"))).replace("▁", " ").strip() == "it works"
    assert (opened.end, opened.unknown) == (1, 2)


def test_a_damaged_tokenizer_is_told(tiny_backbone, home, tmp_path):
    """Not with the library's own exception."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_backbone, folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"tokenizer.json: is damaged: it holds no tokenizer."):
        open_tokenizer(str(folder), Registry.open())
