"""A BERT becomes a T5: the same word pieces, and nearly the same vectors, before any training."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertModel

from recipes.backbone import convert, vocabulary

TEXTS = ["The parcel never came, and nobody answers.", "good film; a little long", "Where is my refund? I paid twice!"]


@pytest.fixture(scope="module")
def made(small_bert, tmp_path_factory):
    """Return teacher tokenizer, kept pieces, and the new tokenizer."""
    teacher = Tokenizer.from_file(str(small_bert / "tokenizer.json"))
    kept = vocabulary.choose_pieces(teacher, vocabulary.count_pieces(teacher, TEXTS * 3), 1000)
    folder = tmp_path_factory.mktemp("tokenizer")
    vocabulary.save_tokenizer(vocabulary.make_tokenizer(teacher, kept), folder)
    return teacher, kept, AutoTokenizer.from_pretrained(folder)


def test_both_tokenizers_cut_a_text_into_the_same_pieces(made):
    teacher, kept, ours = made
    map_back = vocabulary.teacher_ids(teacher, kept)
    for text in TEXTS:
        assert map_back[ours(text)["input_ids"]].tolist()[:-1] == teacher.encode(text, add_special_tokens=False).ids


def test_a_text_ends_with_the_end_token_and_sentinels_are_single_tokens(made):
    ours = made[2]
    ids = ours("good <extra_id_0> film <extra_id_31>")["input_ids"]
    assert ids[-1] == ours.eos_token_id == vocabulary.END
    assert (ids[1], ids[3]) == (len(ours) - 1, len(ours) - 32)


def test_words_of_known_characters_can_be_spelled(made):
    ours = made[2]
    assert ours.unk_token_id not in ours("refilm")["input_ids"]


@pytest.fixture(scope="module")
def converted(small_bert):
    """Return the teacher, the T5 made of it, and texts to compare them on: not those it was calibrated on."""
    bert = BertModel.from_pretrained(small_bert, add_pooling_layer=False).eval()
    random = np.random.default_rng(0)
    ids = torch.as_tensor([0, 2, 1, *range(103, 700), *([1] * vocabulary.SENTINELS)])
    config = convert.make_config(bert, 2, 2, len(ids), 8)
    texts = [[*random.integers(3, 600, random.integers(5, 30)).tolist(), vocabulary.END] for _ in range(400)]
    return bert, ids, convert.convert(bert, config, (0, 1), ids, texts[:300]), texts[300:]


def test_the_t5_says_nearly_what_the_teacher_says(converted):
    """Much of what sets the teacher's tokens apart survives without a single training step."""
    bert, ids, model, texts = converted
    padded, mask = convert._pad(texts)
    with torch.no_grad():
        ours = model.encoder(input_ids=padded, attention_mask=mask).last_hidden_state[mask.bool()][:, :48]
        theirs = convert._teacher_states(bert, (0, 1), ids, padded, mask)[-1]
        embeddings = model.shared.weight[padded][mask.bool()][:, :48]
    near = torch.cosine_similarity(ours - ours.mean(0), theirs - theirs.mean(0)).mean()
    before = torch.cosine_similarity(embeddings - embeddings.mean(0), theirs - theirs.mean(0)).mean()
    assert near > 0.4
    assert near > before + 0.1


def test_the_constant_dimension_is_one_everywhere_and_no_layer_writes_to_it(converted):
    model = converted[2]
    assert torch.all(model.shared.weight[: -vocabulary.SENTINELS, 48] == 1)
    for block in model.encoder.block:
        assert torch.all(block.layer[0].SelfAttention.o.weight[48] == 0)
        assert torch.all(block.layer[1].DenseReluDense.wo.weight[48] == 0)


def test_the_decoder_starts_as_the_identity(converted):
    """What its blocks add is zero, so training starts from the embeddings and leaves its plateau."""
    model = converted[2]
    with torch.no_grad():
        start = torch.zeros(1, 1, dtype=torch.int64)
        out = model.decoder(input_ids=start, encoder_hidden_states=torch.randn(1, 5, model.config.d_model))
    row = model.shared.weight[0]
    np.testing.assert_allclose(
        out.last_hidden_state[0, 0].detach(), (row / row.square().mean().sqrt()).detach(), rtol=1e-3, atol=1e-5
    )
