"""The tokenizer that is opened without torch says what the backbone's own says."""

from __future__ import annotations

import json
import shutil

import pytest

from crosspt_cli.core.backbone import Backbone, load_tokenizer
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.reading.tokenizer import open_tokenizer
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
    backbone = Backbone("mini", "", None, reference)
    assert opened.tokenize(text) == backbone.tokenize(text)
    assert opened.pieces(opened.tokenize(text)) == reference.convert_ids_to_tokens(opened.tokenize(text))
    assert (opened.unknown, opened.end) == (reference.unk_token_id, reference.eos_token_id)


@pytest.mark.parametrize("text", [text for text in TEXTS if "</s>" not in text])
def test_an_ordinary_text_has_the_tokenizers_own_ids(mini, text):
    """Source prompts and saved tasks were fitted to these."""
    reference = load_tokenizer(mini)
    assert Backbone("mini", "", None, reference).tokenize(text) == reference.encode(text, add_special_tokens=False)


SPELLED = ("</s>", "a<unk>b", "It <extra_id_0> works </s> <pad>", "</s></s>", "<</s>>", "<extra_id_31>", "<EXTRA_ID_0>")


@pytest.mark.parametrize("text", SPELLED)
def test_a_special_token_that_is_spelled_out_is_text(mini, home, text):
    """A log or a web page has them; read as its end, the rest of the text would count for nothing."""
    reference = load_tokenizer(mini)
    special = set(reference.all_special_ids)
    for tokenize in (open_tokenizer("mini", Registry.open()).tokenize, Backbone("mini", "", None, reference).tokenize):
        ids = tokenize(text)
        assert not special & set(ids)
        spelled = "".join(reference.convert_ids_to_tokens(ids)).replace("##", "")
        assert spelled == text.lower().replace(" ", "")


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
