"""A second encoder reads some texts once, and the student finds them as alike as it does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from tokenizers import Tokenizer, models
from transformers import BertModel, MPNetConfig, MPNetModel

from crosspt_cli.core.packing import prompted_layout
from recipes.backbone.alike import LONGEST, OF_CORPUS, KnownTexts, alike_loss, choose_texts, know_texts
from recipes.backbone.distil import Teacher
from recipes.backbone.settings import read_settings
from recipes.backbone.store import TokenSet, TokenTexts, encoded
from recipes.backbone.vocabulary import SENTINELS, first_id, teacher_ids

CPU = torch.device("cpu")


def texts_of(lengths, first: int = 10) -> TokenTexts:
    """Return texts of these lengths, no two with a token in common."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return TokenTexts((first + np.arange(starts[-1])).astype(np.uint16), starts)


def test_the_loss_compares_cosines_around_the_mean():
    """Written out for texts of one token; what all texts have in common, and any turn of the space, costs nothing."""
    random = torch.Generator().manual_seed(0)
    own, wanted = torch.randn(6, 8, generator=random), torch.randn(6, 12, generator=random)
    lengths = torch.ones(6, dtype=torch.int64)
    layout = prompted_layout(lengths, 0)

    def cosines(vectors):
        apart = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)
        return apart @ apart.T

    by_hand = 100 * (cosines(own) - cosines(wanted)).square().mean()
    assert alike_loss(own, layout, lengths, wanted) == pytest.approx(by_hand.item(), rel=1e-5)
    turned = 3 * own @ torch.linalg.qr(torch.randn(8, 8, generator=random))[0] + 5
    assert alike_loss(own, layout, lengths, turned) < 1e-8


def test_its_gradient_makes_texts_as_alike_as_they_should_be():
    random = torch.Generator().manual_seed(0)
    own, wanted = torch.randn(12, 8, generator=random).requires_grad_(), torch.randn(12, 24, generator=random)
    lengths = torch.ones(12, dtype=torch.int64)
    layout, adam = prompted_layout(lengths, 0), torch.optim.Adam([own], 0.05)
    losses = []
    for _ in range(100):
        losses.append(alike_loss(own, layout, lengths, wanted))
        adam.zero_grad()
        losses[-1].backward()
        adam.step()
    assert losses[-1] < 0.3 * losses[0]


def test_chosen_texts_are_cut_and_share_the_tokens():
    sets = [
        TokenSet("short", "topic", (texts_of([6] * 300),), np.zeros(300, np.int64), ("a",)),
        TokenSet("pairs", "nli", (texts_of([9] * 200), texts_of([2] * 200)), np.zeros(200, np.int64), ("a",)),
    ]
    corpus = texts_of([100] * 90)
    texts, group = choose_texts(sets, corpus, 3_000, np.random.default_rng(0))
    tokens = np.bincount(group, texts.lengths + 1)
    assert tokens == pytest.approx([900, 900, 3_000 * OF_CORPUS], abs=LONGEST + 1)
    assert set(texts.lengths[group == 1]) == {9}  # the fields of two tokens are hardly texts
    assert set(texts.lengths[group == 2]) == {LONGEST}
    assert len({texts[row][0] for row in np.flatnonzero(group == 0)}) == (group == 0).sum()  # none twice


def test_texts_are_drawn_with_their_own_vectors_and_half_of_the_time_from_one_set(tmp_path):
    texts, group = texts_of(np.arange(40) % 7 + 4), np.arange(40) // 10
    vectors = np.stack([texts.starts[:-1], group], 1).astype(np.float16)
    KnownTexts(texts, group, vectors).save(tmp_path / "alike.npz")
    known, random = KnownTexts.load(tmp_path / "alike.npz"), np.random.default_rng(0)
    from_one = 0
    for _ in range(200):
        rows, found = known.draw(50, random)
        assert [row[0] - 10 for row in rows] == found[:, 0].tolist()
        assert 30 < sum(len(row) + 1 for row in rows) < 75
        from_one += len(set(found[:, 1])) == 1
    assert 70 < from_one < 130
    assert [path.name for path in tmp_path.iterdir()] == ["alike.npz"]


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_vectors_are_those_of_each_text_alone(kind, small_bert):
    """Whatever it was read beside; MPNet counts positions from its padding, BERT does not."""
    if kind == "bert":
        encoder, vocabulary, first = BertModel.from_pretrained(small_bert, add_pooling_layer=False), range(3000), 101
    else:
        torch.manual_seed(0)
        config = MPNetConfig(
            vocab_size=3000, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96
        )
        encoder, vocabulary, first = MPNetModel(config, add_pooling_layer=False), range(3000), 0
    teacher = Teacher(encoder, torch.tensor(vocabulary), first, CPU, torch.float32)
    texts = texts_of([30, 4, 12, 61, 7])
    known = know_texts(teacher, texts, np.zeros(5, np.int64), CPU)
    for row in range(5):
        alone = teacher.view(encoded([texts[row]], CPU)).sentences[0].numpy()
        assert known.vectors[row] == pytest.approx(alone, abs=2e-3)
    assert np.abs(known.vectors[0] - known.vectors[1]).max() > 0.05


@pytest.mark.parametrize("marks", [("[CLS]", "[SEP]"), ("<s>", "</s>", "[CLS]", "[SEP]")])
def test_texts_begin_and_end_as_each_encoder_knows_them(marks):
    """BERT's marks, or MPNet's, whose vocabulary has BERT's as well."""
    vocabulary = {piece: number for number, piece in enumerate([*marks, "[PAD]", "[UNK]", "word", "##s"])}
    teacher = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    unknown, kept = vocabulary["[UNK]"], [vocabulary["word"], vocabulary["##s"]]
    assert first_id(teacher) == 0
    assert teacher_ids(teacher, kept).tolist() == [vocabulary["[PAD]"], 1, unknown, *kept, *[unknown] * SENTINELS]


@pytest.mark.parametrize(("tokens", "mix"), [(0, {"soft": 0.5, "alike": 0.5}), (3000, {"soft": 1.0})])
def test_settings_have_both_the_second_encoder_and_its_objective_or_neither(tokens, mix, tmp_path):
    every = yaml.safe_load((ROOT / "recipes" / "backbone" / "short.yaml").read_text())
    path = tmp_path / "half.yaml"
    path.write_text(yaml.safe_dump(every | {"stronger-tokens": tokens, "mix": mix}))
    with pytest.raises(ValueError, match=r"half\.yaml: 'alike' in mix needs stronger-tokens"):
        read_settings(path)
