"""Make a finished backbone faster: keep some of its encoder's layers, and learn from the whole encoder."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import nn
from torch.nn import functional as F
from transformers import T5ForConditionalGeneration

from crosspt_cli.core.backbone import text_means
from crosspt_cli.core.encode import EncodedTexts
from recipes.backbone.distil import Taught
from recipes.backbone.student import Student


def keep_layers(model: T5ForConditionalGeneration, layers: Sequence[int]) -> T5ForConditionalGeneration:
    """Return a copy of a T5 whose encoder has these of its layers, in this order; the decoder stays as it is."""
    short = deepcopy(model)
    bias = short.encoder.block[0].layer[0].SelfAttention.relative_attention_bias
    blocks = [deepcopy(short.encoder.block[layer]) for layer in layers]
    for number, block in enumerate(blocks):  # T5 keeps the position bias of all its layers in the first
        attention = block.layer[0].SelfAttention
        attention.layer_idx, attention.has_relative_attention_bias = number, number == 0
        attention._modules.pop("relative_attention_bias", None)
    blocks[0].layer[0].SelfAttention.relative_attention_bias = bias
    short.encoder.block = nn.ModuleList(blocks)
    short.config.num_layers = short.encoder.config.num_layers = len(layers)
    return short


class Parent:
    """The whole encoder, as the teacher of one that has fewer of its layers.

    Args:
        student: the whole backbone, which is not trained.
    """

    def __init__(self, student: Student) -> None:
        self.whole = student

    @torch.no_grad()
    def view(self, texts: EncodedTexts) -> Taught:
        """Return what the whole encoder makes of texts: its outputs, packed like the batch, and their means."""
        read, layout = self.whole.read(texts)
        sentences = text_means(read, layout, texts.lengths, 0)
        return Taught(layout.unpack(read).float(), F.normalize(sentences, dim=1))
