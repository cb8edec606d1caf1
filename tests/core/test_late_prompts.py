"""Prompts that enter before a later encoder layer: what lies below is computed once per row."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hf_reference import END, as_backbone, our_nats, random_prompts, random_texts, small_t5

from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.read import read_alone, read_to_layer, score_rows, sentence_vectors
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.tasks.label_tree import LabelTree

WORDS = ((5, 6, 7), (5, 6, 8), (5, 9), (10,))
TEXTS = random_texts([3, 9, 5, 14])


def upper_half(model):
    """Return a copy of transformers' model without its first encoder block, whose position bias it keeps."""
    upper = copy.deepcopy(model)
    first, second = upper.encoder.block[0].layer[0].SelfAttention, upper.encoder.block[1].layer[0].SelfAttention
    second.relative_attention_bias, second.has_relative_attention_bias = first.relative_attention_bias, True
    upper.encoder.block = upper.encoder.block[1:]
    return upper


@pytest.mark.parametrize("kind", ["v1.0", "v1.1", "gelu"])
def test_a_prompt_before_layer_one_is_what_transformers_upper_blocks_read(kind):
    """The text goes through the first block alone; then the prompt stands before it."""
    model, prompt = small_t5(kind), random_prompts(1)[0]
    backbone = as_backbone(model)
    texts = read_to_layer(backbone, encode_texts(TEXTS, backbone.device), 1, 10)
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    rows = torch.arange(len(TEXTS))
    ours = score_rows(backbone, prompt[None], rows * 0, texts, rows, tree, 20)

    upper = upper_half(model)
    for row, ids in enumerate(TEXTS):
        with torch.no_grad():
            below = model.encoder(torch.tensor([ids]), output_hidden_states=True).hidden_states[1]
            read = upper.encoder(inputs_embeds=torch.cat([prompt[None], below], 1))
            nats = []
            for word in WORDS:
                given = torch.tensor([[0, *word]])
                logits = model(encoder_outputs=read, decoder_input_ids=given).logits[0]
                nats.append(logits)
        # at the root the classes part by their first token alone: compare the two branches there
        root = nats[0][0][[5, 10]].log_softmax(0)
        got = torch.tensor([np.logaddexp.reduce(ours[row][:3]), ours[row][3]])
        torch.testing.assert_close(got, root, atol=2e-4, rtol=1e-4)


def test_texts_read_in_one_pass_or_many_are_the_same():
    backbone = as_backbone(small_t5())
    texts = encode_texts(TEXTS, backbone.device)
    whole, parts = read_to_layer(backbone, texts, 1, 10_000), read_to_layer(backbone, texts, 1, 1)
    torch.testing.assert_close(whole.stream, parts.stream, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(whole.stream, backbone.read_to(texts, 1).stream, atol=1e-5, rtol=1e-4)


def test_layer_zero_leaves_texts_as_they_are():
    backbone = as_backbone(small_t5())
    texts = encode_texts(TEXTS, backbone.device)
    assert read_to_layer(backbone, texts, 0, 10) is texts


def test_rows_that_are_picked_take_stream_and_vectors_along():
    backbone = as_backbone(small_t5())
    texts = encode_texts(TEXTS, backbone.device)
    picked = read_alone(backbone, texts, 1, 50).take(torch.tensor([3, 0, 3]))
    again = backbone.read_to(texts.take(torch.tensor([3, 0, 3])), 1)
    assert picked.layer == again.layer == 1
    torch.testing.assert_close(picked.stream, again.stream, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(picked.vectors, backbone.sentence_vectors(again), atol=1e-5, rtol=1e-4)


def test_vectors_without_a_prompt_do_not_depend_on_where_prompts_enter():
    """Prototypes and the encoder baseline stay what they are."""
    backbone = as_backbone(small_t5())
    texts = encode_texts(TEXTS, backbone.device)
    early, late = (sentence_vectors(backbone, read_to_layer(backbone, texts, layer, 30), 30) for layer in (0, 1))
    np.testing.assert_allclose(early, late, atol=1e-5, rtol=1e-4)


def test_a_prompt_learns_where_it_enters_and_nothing_below_it_is_asked_for_a_gradient():
    backbone = as_backbone(small_t5())
    texts = read_to_layer(backbone, encode_texts(TEXTS, backbone.device), 1, 30)
    prompt = random_prompts(1).requires_grad_()
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    backbone.class_nats(prompt, torch.zeros(4, dtype=torch.int64), texts, tree)[:, 0].sum().backward()
    assert prompt.grad.abs().sum() > 0
    assert not texts.stream.requires_grad


def test_a_prompt_starts_from_tokens_as_they_stand_there():
    backbone = as_backbone(small_t5())
    texts = read_to_layer(backbone, encode_texts(TEXTS, backbone.device), 1, 30)
    start = from_vocabulary(backbone, texts, np.arange(len(texts)), 4, stream(0, "private", 0))
    assert all(any(torch.equal(row, token) for token in texts.stream) for row in start)


def test_prompts_of_another_layer_say_something_else():
    """Or the layer would not matter."""
    backbone = as_backbone(small_t5())
    prompt, texts = random_prompts(1), encode_texts(TEXTS, backbone.device)
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    row = torch.zeros(4, dtype=torch.int64)
    early, late = (
        backbone.class_nats(prompt, row, read_to_layer(backbone, texts, layer, 30), tree) for layer in (0, 1)
    )
    torch.testing.assert_close(early, our_nats(backbone, prompt, [0] * 4, TEXTS, WORDS))
    assert (early - late).abs().max() > 1e-3


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(OptionError) as caught:
        as_backbone(small_t5()).require_layer(2, "--prompt-layer")
    assert str(caught.value) == "--prompt-layer: is 2, but the encoder layers of small are 0 to 1."
