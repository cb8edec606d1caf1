"""The tokenizer that is read without transformers says what transformers' own says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from transformers import AutoTokenizer, T5Tokenizer

from crosspt_cli.core.tokenizer import read_tokenizer
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.reading.tokenizer import open_tokenizer
from crosspt_cli.registry import Registry
from crosspt_cli.tasks.plain_text import as_plain_text

TEXTS = (
    "",
    " ",
    "It works.",
    "  two  spaces ",
    "naïve café 日本 🙂",
    "ﬁve ½ Ⅳ e\u0301 \u202eabc",
    "</s> <unk> <extra_id_0>",
    "<s>[CLS] ▁it ##s <extra_id_7777>",
    "Ünïcode\u200b\n\ttab",
    "\x00\x07\ufffd\ufeff",
    "x" * 3000,
    "it works very well " * 2000,
)
SPELLED = ("</s>", "a<unk>b", "It <extra_id_0> works </s> <pad>", "</s></s>", "<</s>>", "<extra_id_31>", "<EXTRA_ID_0>")
FOLDERS = ("mini", "mini-fast", "unigram")


@pytest.fixture(scope="module")
def folders(mini, tmp_path_factory) -> dict[str, Path]:
    """Return the embedded backbones' folders, and one with a tokenizer as T5's own are: pieces with their scores."""
    folder = tmp_path_factory.mktemp("unigram")
    words = ("▁it", "▁works", "▁very", "▁well", "▁two", "▁", *"abcdefghijklmnopqrstuvwxyzIU.é")
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((word, -2.0 - n / 9) for n, word in enumerate(words))]
    T5Tokenizer(vocab=pieces, extra_ids=4).save_pretrained(folder)
    return {"mini": mini, "mini-fast": mini.parent / "mini-fast", "unigram": folder}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("name", FOLDERS)
def test_both_libraries_give_the_same_tokens(folders, name, text):
    """Source prompts and saved tasks were fitted to these."""
    reference, opened = AutoTokenizer.from_pretrained(folders[name]), read_tokenizer(folders[name], name)
    assert opened.tokenize(text) == reference.encode(as_plain_text(text), add_special_tokens=False, verbose=False)
    assert opened.pieces(opened.tokenize(text)) == reference.convert_ids_to_tokens(opened.tokenize(text))
    assert (opened.unknown, opened.end) == (reference.unk_token_id, reference.eos_token_id)
    piece = reference.convert_tokens_to_ids("▁")
    assert opened.piece == (None if piece == reference.unk_token_id else piece)


@pytest.mark.parametrize("text", SPELLED)
@pytest.mark.parametrize("name", FOLDERS)
def test_a_special_token_that_is_spelled_out_is_text(folders, name, text):
    """A log or a web page has them; read as its end, the rest of the text would count for nothing."""
    reference, opened = AutoTokenizer.from_pretrained(folders[name]), read_tokenizer(folders[name], name)
    ids = opened.tokenize(text)
    assert not set(reference.all_special_ids) - {reference.unk_token_id} & set(ids)
    if name != "unigram":  # that one lacks most characters
        assert reference.unk_token_id not in ids
        assert "".join(opened.pieces(ids)).replace("##", "") == text.lower().replace(" ", "")


def test_a_backbone_without_its_weights_has_the_same_tokenizer(mini, home):
    """Label words and cut texts are told before torch is there; telling others than those used would be a lie."""
    opened, read = open_tokenizer("mini", Registry.open()), read_tokenizer(mini, "mini")
    assert opened.tokenize("It works.") == read.tokenize("It works.")
    assert opened.backbone == "mini"


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
        vocab_size=19, hard_vocab_limit=False, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    opened = open_tokenizer(str(folder), Registry.open())
    assert "".join(opened.pieces(opened.tokenize("it works"))).replace("▁", " ").strip() == "it works"
    assert (opened.end, opened.unknown) == (1, 2)
    # this kind of tokenizer knows special tokens as pieces of text as well
    assert not {0, 1} & set(opened.tokenize("it </s> works <pad> well"))


def test_a_damaged_tokenizer_is_told(tiny_backbone, home, tmp_path):
    """Not with the library's own exception."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_backbone, folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"tokenizer.json: is damaged: it holds no tokenizer."):
        open_tokenizer(str(folder), Registry.open())
