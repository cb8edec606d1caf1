"""The comparison of encoders: which words fewer pieces split, who agrees with whom, and what the tables say of it."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))
MINI = ROOT / "registry" / "backbones" / "mini" / "tokenizer.json"


def small_tokenizer() -> Tokenizer:
    """Return a WordPiece tokenizer that knows one long word and its letters."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##a", "##b", "abba", "ab", "##ba"]
    found = Tokenizer(WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    found.pre_tokenizer = Whitespace()
    found.add_special_tokens(pieces[:4])
    return found


def test_a_word_whose_piece_is_missing_is_spelled_in_smaller_ones_by_the_same_ids():
    """The encoder must know every piece that it is given, or it is not the vocabulary that is measured."""
    from encoders import split_words, with_pieces

    whole = small_tokenizer()
    reduced = with_pieces(whole, {"a", "b", "##a", "##b", "ab", "##ba"})
    assert whole.encode("abba ab").tokens == ["abba", "ab"]
    assert reduced.encode("abba ab").tokens == ["ab", "##ba", "ab"]
    assert reduced.encode("abba ab").ids == [whole.token_to_id(piece) for piece in ("ab", "##ba", "ab")]
    assert [reduced.token_to_id(piece) for piece in ("[CLS]", "[SEP]")] == [2, 3]
    words, split = split_words(whole, reduced, ["abba ab abba", "ab", ""])
    assert (words.tolist(), split.tolist()) == ([3, 1, 0], [2, 0, 0])


def test_words_are_split_as_the_backbone_splits_them():
    """A vocabulary of the encoder's pieces that mini has must spell every word as mini does."""
    from encoders import with_pieces

    mini = Tokenizer.from_file(str(MINI))
    document = json.loads(mini.to_str())
    document["model"]["vocab"]["lymphoma"] = len(document["model"]["vocab"])
    whole = Tokenizer.from_str(json.dumps(document))
    text = "A lymphoma, not a null pointer!"
    assert "lymphoma" in whole.encode(text).tokens
    assert with_pieces(whole, set(mini.get_vocab())).encode(text).tokens == mini.encode(text).tokens


def test_readers_agree_where_the_same_texts_are_alike_whatever_all_have_in_common():
    """By hand: turning, stretching and moving all vectors changes no cosine from their mean."""
    from encoders import agreement

    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 5))
    turned = 3 * vectors @ np.linalg.qr(random.normal(size=(5, 5)))[0] + 7
    assert agreement(vectors, turned) == pytest.approx(1)
    assert abs(agreement(vectors, random.normal(size=(60, 5)))) < 0.2


def test_paragraphs_are_told_apart_by_documents_that_the_backbones_have_not_seen(tmp_path):
    """What a document is about is the one label that plain text has; its first half may have been trained on."""
    from encoders import Comparison, of_documents, read_documents

    documents = [[f"{n} {m} " + "word " * 20 for m in range(40)] + ["A heading"] for n in range(4)]
    path = tmp_path / "books.txt.gz"
    path.write_bytes(gzip.compress("\n\n".join("\n".join(each) for each in documents).encode()))
    read = read_documents(path)
    assert [len(each) for each in read] == [40, 40]
    drawn = of_documents(read, Comparison(path, "encoder", (), 2, 400, 3))
    assert np.bincount(drawn.test.labels).tolist() == [10, 10]
    assert {key: np.bincount(shots.labels).tolist() for key, shots in drawn.shots.items()} == {
        (size, draw): [size, size] for size in (4, 16) for draw in (0, 1)
    }
    for shots in drawn.shots.values():
        assert not set(shots.texts) & set(drawn.test.texts)
        for text, label in zip(shots.texts, shots.labels, strict=True):
            number, _, word = text.split(" ")
            assert word == "word"
            assert {t.split(" ")[0] for t, of in zip(shots.texts, shots.labels, strict=True) if of == label} == {number}


def line(target: str, encoder: str, mini: str, split: str) -> dict:
    """What tables read of a line of two draws."""
    right = {"encoder": encoder, "encoder, fewer pieces": encoder, "mini": mini}
    agreed = {"encoder, fewer pieces": 1.0, "mini": 0.5}
    return {
        "target": target, "backbones": ["mini"], "draws": 2, "split_words": 0.1, "split": split, "agreement": agreed,
        "right": {"4": right, "16": right},
    }  # fmt: skip


def test_gains_over_the_encoder_are_paired_and_shown_by_whether_a_word_is_split():
    """By hand: every other row has a split word, and only there mini is behind."""
    from encoders import tables

    lines = [line("cr", "22" * 30, "12" * 30, "10" * 30), line("trec", "20", "22", "10")]
    gains, split, _, _, agreed = tables(lines).split("\n\n")
    assert gains.splitlines()[2:] == [
        "| cr | 10.0 % | 100.0 | +0.0 ± 0.0 | -25.0 ± 3.3 |",
        "| trec | 10.0 % | 50.0 | +0.0 ± 0.0 | +50.0 ± 50.0 |",
        "| mean of 2 |  |  | +0.0 ± 0.0 | +12.5 ± 37.5 |",
    ]
    assert split.splitlines()[2:4] == [
        "| cr, with a split word | 30 | +0.0 ± 0.0 | -50.0 ± 0.0 |",
        "| cr, without | 30 | +0.0 ± 0.0 | +0.0 ± 0.0 |",
    ]
    assert agreed.splitlines()[2:] == ["| cr | 10.0 % | 1.00 | 0.50 |", "| trec | 10.0 % | 1.00 | 0.50 |"]


def test_an_encoder_with_all_pieces_is_the_encoder(tmp_path):
    """From end to end on a small BERT: where the backbone lacks no piece of any text, nothing may differ."""
    from encoders import Comparison, measure
    from transformers import BertConfig, BertModel

    document = json.loads(MINI.read_text(encoding="utf-8"))
    vocabulary = document["model"]["vocab"]
    marks = {piece: len(vocabulary) + n for n, piece in enumerate(("[CLS]", "[SEP]"))}
    document["model"]["vocab"] |= marks
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False) | {"special": True}
    document["added_tokens"] += [{"id": number, "content": piece, **plain} for piece, number in marks.items()]
    folder = tmp_path / "encoder"
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    reviews = pandas.read_csv(ROOT / "examples" / "reviews.csv").rename(columns={"y": "label"})
    (tmp_path / "reviews").mkdir()
    for name in ("train", "test"):
        pandas.concat([reviews] * 3).to_csv(tmp_path / "reviews" / f"{name}.csv.gz", index=False)
    found = measure(Comparison(tmp_path / "reviews", str(folder), (("mini", "mini"),), 1, 20))
    assert found["split_words"] == 0
    assert found["agreement"]["encoder, fewer pieces"] == 1
    assert set(found["right"]) == {"4", "16"}
    for right in found["right"].values():
        assert right["encoder"] == right["encoder, fewer pieces"]
        assert {name: len(marks) for name, marks in right.items()} == dict.fromkeys(right, 20)
