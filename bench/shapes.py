"""T5s with random weights in the shapes of known ones, and tasks of random rows: arithmetic as real ones have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import T5Config, T5ForConditionalGeneration

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.checkpoint import checkpoint_of
from crosspt_cli.core.encode import EncodedTexts, encode_texts
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.core.memory import room_on
from crosspt_cli.core.read import read_alone
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.rank import score_untouched
from crosspt_cli.search.trials import StudyTask, tokens_at_once
from crosspt_cli.tasks.label_tree import LabelTree

PAD, END = 0, 1
SHARING = 4  # classes whose label words begin with the same token


@dataclass(frozen=True)
class Shape:
    """What decides the cost of a T5: H, width of a head, F, encoder and decoder layers, heads, vocabulary."""

    width: int
    head_width: int
    inner: int
    layers: int
    decoder_layers: int
    heads: int
    vocabulary: int = 32_128

    def model(self, seed: int = 0) -> T5ForConditionalGeneration:
        """Return a T5 of this shape with random weights, in float32."""
        torch.manual_seed(seed)
        config = T5Config(
            vocab_size=self.vocabulary, d_model=self.width, d_kv=self.head_width, d_ff=self.inner,
            num_layers=self.layers, num_decoder_layers=self.decoder_layers, num_heads=self.heads,
            pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=PAD,
        )  # fmt: skip
        return T5ForConditionalGeneration(config).eval()


SHAPES = {
    "small-test": Shape(32, 8, 64, 2, 1, 4, 512),
    "mini": Shape(416, 32, 1568, 6, 2, 12, 20_480),
    "t5-small": Shape(512, 64, 2048, 6, 6, 8),
    "t5-base": Shape(768, 64, 3072, 12, 12, 12),
    "t5-large": Shape(1024, 64, 4096, 24, 24, 16),
}
"""By name; `mini` is the embedded backbone's, the others but `small-test` are those of google-t5/…"""


def freeze(model: T5ForConditionalGeneration, name: str, device: torch.device, dtype: torch.dtype) -> Backbone:
    """Return the package's frozen form of a model; it has no tokenizer."""
    return Backbone(name, "0" * 64, FrozenT5(checkpoint_of(model), device, dtype), None, room_on(device))


def random_rows(rows: int, vocabulary: int, seed: int = 0) -> list[list[int]]:
    """Return token ids of `rows` texts of 18 to 40 tokens, 29 on average: 20 words with a template around them."""
    random = np.random.default_rng(seed)
    return [[*random.integers(2, vocabulary, length - 1).tolist(), END] for length in random.integers(18, 41, rows)]


def random_words(classes: int, vocabulary: int) -> tuple[tuple[int, ...], ...]:
    """Return each class's label word: one token, or with more than four classes two, the first shared by four."""
    tokens = np.random.default_rng(1).permutation(np.arange(2, vocabulary))[: 2 * classes].tolist()
    if classes <= SHARING:
        return tuple((token,) for token in tokens[:classes])
    return tuple((tokens[number // SHARING], tokens[classes + number]) for number in range(classes))


def random_task(
    backbone: Backbone, rows: int = 64, classes: int = 2, prompt_tokens: int = 20, sources: int = 8
) -> StudyTask:
    """Return a task of random rows and random source prompts, as the search sees it."""
    vocabulary = len(backbone.t5.embedding)
    texts = encode_texts(random_rows(rows, vocabulary), backbone.device)
    labels = np.arange(rows) % classes
    values = random_prompts(backbone, sources, prompt_tokens)
    return task_of(backbone, texts, labels, random_words(classes, vocabulary), values)


def random_prompts(backbone: Backbone, count: int, prompt_tokens: int = 20) -> torch.Tensor:
    """Return random prompts [count, P, H] of the scale of the backbone's embeddings."""
    prompts = torch.randn(count, prompt_tokens, backbone.width, generator=torch.Generator().manual_seed(2))
    return prompts.to(backbone.device) * backbone.t5.embedding.square().mean().sqrt()


def task_of(
    backbone: Backbone,
    texts: EncodedTexts,
    labels: np.ndarray,
    words: tuple[tuple[int, ...], ...],
    sources: torch.Tensor,
) -> StudyTask:
    """Return the task that rows, labels, label words as tokens, and source prompts [S, P, H] make."""
    at_once = tokens_at_once(backbone.device)
    texts = read_alone(backbone, texts, texts.layer, at_once)
    names = tuple(f"source {number}" for number in range(len(sources)))
    tree = backbone.t5.place(LabelTree.build(words, backbone.t5.end_token))
    untouched = score_untouched(backbone, names, sources, texts, labels, tree, stream(0, "rank"), at_once)
    vectors = texts.vectors.cpu().numpy()
    named = tuple(f"class {number}" for number in range(len(words)))
    return StudyTask(backbone, texts, labels, tree, ("",) * len(labels), vectors, sources, untouched, named, 0)
