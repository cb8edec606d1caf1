"""A T5 small enough to be trained in a test."""

from __future__ import annotations

import torch
from transformers import T5Config, T5ForConditionalGeneration


def small_model(layers: int = 2) -> T5ForConditionalGeneration:
    """Return a random T5 with tied embeddings and a plain gelu, as the recipe makes them; `layers` of its encoder."""
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=200, d_model=32, d_kv=8, d_ff=48, num_layers=layers, num_decoder_layers=2, num_heads=4,
        feed_forward_proj="gelu", dropout_rate=0.0, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    return T5ForConditionalGeneration(config)
