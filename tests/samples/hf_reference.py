"""Small T5s, and what transformers itself says of them: slow, plain, and sharing no line with the package."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import T5Config, T5ForConditionalGeneration

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.checkpoint import checkpoint_of
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.tasks.label_tree import LabelTree

VOCABULARY, WIDTH, START, END = 64, 32, 0, 1
KINDS = {
    "v1.0": {"feed_forward_proj": "relu", "tie_word_embeddings": True},
    "v1.1": {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "gelu": {"feed_forward_proj": "gelu", "tie_word_embeddings": True},
}
WORDS = {
    "one token each": ((5,), (9,), (7,)),
    "two classes": ((5, 6), (8,)),
    "shared prefixes": ((5, 6, 7), (5, 6, 8), (5, 9), (10, 11), (10,)),
    "deep": ((3, 4, 5, 6, 7), (3, 4, 5, 6, 8), (3, 4, 12), (3, 4, 12, 13), (20,)),
}
CPU = torch.device("cpu")


def small_t5(kind: str = "v1.0", seed: int = 0) -> T5ForConditionalGeneration:
    """Return a random T5 of width 32 whose far positions share buckets already at length 12."""
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=VOCABULARY, d_model=WIDTH, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=2, num_heads=4,
        relative_attention_num_buckets=8, relative_attention_max_distance=12, dropout_rate=0.1,
        pad_token_id=0, eos_token_id=END, decoder_start_token_id=START, **KINDS[kind],
    )  # fmt: skip
    return T5ForConditionalGeneration(config).eval()


def as_backbone(model, dtype: torch.dtype = torch.float32, device: torch.device = CPU) -> Backbone:
    """Return the package's frozen form of a model."""
    return Backbone("small", "f" * 64, FrozenT5(checkpoint_of(model), device, dtype), tokenizer=None)


def random_texts(lengths: Sequence[int], seed: int = 0, most: int = VOCABULARY) -> list[list[int]]:
    """Return token ids of texts of these lengths, the end token last."""
    random = np.random.default_rng(seed)
    return [[*random.integers(2, most, length - 1).tolist(), END] for length in lengths]


def random_prompts(trials: int, tokens: int = 3, width: int = WIDTH, seed: int = 0) -> torch.Tensor:
    """Return prompts [T, P, H]."""
    return torch.randn(trials, tokens, width, generator=torch.Generator().manual_seed(seed))


def closed(words: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Return the words, those that begin another one with the end token after them."""
    return [
        (*word, END) if any(len(o) > len(word) and o[: len(word)] == word for o in words) else word for word in words
    ]


def reference_nats(model, prompt: torch.Tensor, ids: Sequence[int], words: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return one row's class log-likelihoods [C]: teacher-forced logits, restricted to the children where labels part.

    Args:
        model: the Hugging Face model.
        prompt: [P, H].
        ids: the row's token ids.
        words: per class, its label-word tokens.
    """
    ended = closed([tuple(word) for word in words])
    embedded = torch.cat([prompt, model.shared(torch.tensor(ids))])[None]
    nats = []
    for word in ended:
        read = torch.tensor([[START, *word[:-1]]])
        logits = model(inputs_embeds=embedded, decoder_input_ids=read).logits[0]
        total = logits.new_zeros(())
        for place, token in enumerate(word):
            children = sorted({other[place] for other in ended if len(other) > place and other[:place] == word[:place]})
            if len(children) > 1:
                total = total + logits[place, children].log_softmax(-1)[children.index(token)]
        nats.append(total)
    return torch.stack(nats)


def our_nats(backbone: Backbone, prompts: torch.Tensor, row_prompt: Sequence[int], texts, words) -> torch.Tensor:
    """Return the package's class log-likelihoods [R, C] of rows given as token ids."""
    tree = backbone.t5.place(LabelTree.build(words, END))
    rows = torch.tensor(row_prompt, device=backbone.device)
    return backbone.class_nats(prompts, rows, encode_texts(texts, backbone.device), tree)
