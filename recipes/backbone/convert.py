"""Rewrite a BERT encoder as the encoder of a T5, without any training.

The teacher's blocks normalise after adding, with biases and absolute positions; T5's normalise before, without biases,
with relative positions. Per sublayer the teacher computes `y' = LN(y + G(y))` and T5 `x' = x + G'(w * x / rms(x))`.

- One dimension of the stream is the constant 1 and no layer writes to it: a matrix that reads it has a bias.
- Layer by layer, on the stream that the T5 really has, `y` is regressed on `x / rms(x)` in every dimension: the slope
  is T5's norm weight, the intercept goes into the reader's bias.
- What a sublayer adds is scaled to the stream by the slope of `x` on `y`. What it adds to every text alike needs no
  place: the next intercept absorbs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import BertModel, T5Config, T5ForConditionalGeneration

from recipes.backbone.vocabulary import END, PAD, SENTINELS

CLS = 101  # the id of [CLS] in every uncased BERT


@dataclass(frozen=True)
class Line:
    """A regression per dimension: `slope` [D], `intercept` [D], and `scale` [D], the slope the other way round."""

    slope: Tensor
    intercept: Tensor
    scale: Tensor


def make_config(teacher: BertModel, layers: int, decoder_layers: int, vocabulary: int, spare: int) -> T5Config:
    """Return the T5 that has room for the teacher's encoder: `spare` more dimensions and feed-forward units."""
    bert = teacher.config
    return T5Config(
        vocab_size=vocabulary,
        d_model=bert.hidden_size + spare,
        d_kv=bert.hidden_size // bert.num_attention_heads,
        d_ff=bert.intermediate_size + spare,
        num_heads=bert.num_attention_heads,
        num_layers=layers,
        num_decoder_layers=decoder_layers,
        feed_forward_proj=bert.hidden_act,
        dropout_rate=0.0,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=PAD,
        tie_word_embeddings=True,
    )


@torch.no_grad()
def convert(
    teacher: BertModel, config: T5Config, layers: Sequence[int], vocabulary: Tensor, batch: Sequence[list[int]]
) -> T5ForConditionalGeneration:
    """Return a T5 whose encoder computes nearly what the teacher does, and whose decoder adds nothing yet.

    Args:
        teacher: a BERT encoder with `gelu` and absolute positions.
        config: from `make_config`.
        layers: numbers of the teacher's layers, one for each of the T5's.
        vocabulary: the teacher's id of each entry of the new vocabulary, [V] int64.
        batch: a few hundred texts as ids of the new vocabulary, to calibrate on.
    """
    model = T5ForConditionalGeneration(config).eval()
    for parameter in model.encoder.parameters():
        parameter.zero_()
    _set_embeddings(model, teacher, vocabulary)
    _set_decoder(model)
    ids, mask = _pad(batch)
    states = _teacher_states(teacher, layers, vocabulary, ids, mask)
    for number, layer in enumerate(layers):
        bert, block = teacher.encoder.layer[layer], model.encoder.block[number].layer
        line = _fit(_stream(model, block[0], ids, mask), states[2 * number])
        _set_attention(block[0], bert.attention, line, config.d_kv)
        line = _fit(_stream(model, block[1], ids, mask), states[2 * number + 1])
        _set_feed_forward(block[1], bert, line)
    _set_norm(
        model.encoder.final_layer_norm, _fit(_stream(model, model.encoder.final_layer_norm, ids, mask), states[-1])
    )
    return model


def _set_embeddings(model: T5ForConditionalGeneration, teacher: BertModel, vocabulary: Tensor) -> None:
    parts, table = teacher.embeddings, model.shared.weight
    positions = parts.position_embeddings.weight[1:65].mean(0)  # of the positions that short texts have
    words = parts.word_embeddings.weight[vocabulary] + parts.token_type_embeddings.weight[0] + positions
    width = words.shape[1]
    table.zero_()
    table[:, :width] = parts.LayerNorm(words)
    table[:, width] = 1.0
    sentinels = torch.Generator().manual_seed(0)
    spread = table[:-SENTINELS, :width].std()
    table[-SENTINELS:, :width] = torch.randn(SENTINELS, width, generator=sentinels) * spread


def _set_decoder(model: T5ForConditionalGeneration) -> None:
    """Start every decoder block as the identity: what it adds is zero, and its gradients are not."""
    random = torch.Generator().manual_seed(1)
    for block in model.decoder.block:
        for name, weight in block.named_parameters():
            if name.endswith(("o.weight", "wo.weight")) or "relative" in name:
                weight.zero_()
            elif "layer_norm" in name:
                weight.fill_(1.0)
            else:
                weight.copy_(torch.randn(weight.shape, generator=random) * weight.shape[1] ** -0.5)
        for layer in block.layer[:2]:
            attention = layer.SelfAttention if hasattr(layer, "SelfAttention") else layer.EncDecAttention
            attention.q.weight.mul_(model.config.d_kv**-0.5)  # T5 does not divide its scores
    model.decoder.final_layer_norm.weight.fill_(1.0)


def _teacher_states(
    teacher: BertModel, layers: Sequence[int], vocabulary: Tensor, ids: Tensor, mask: Tensor
) -> list[Tensor]:
    """Return what enters each of the chosen sublayers and what leaves the last, over real tokens, [n, D] each."""
    entering: dict[tuple[int, int], Tensor] = {}
    hooks = []
    for number, layer in enumerate(teacher.encoder.layer):
        hooks.append(layer.register_forward_pre_hook(_keep(entering, (number, 0))))
        hooks.append(layer.intermediate.register_forward_pre_hook(_keep(entering, (number, 1))))
    first = torch.full((len(ids), 1), CLS)
    seen = torch.cat([torch.ones(len(ids), 1, dtype=mask.dtype), mask], 1)
    last = teacher(input_ids=torch.cat([first, vocabulary[ids]], 1), attention_mask=seen).last_hidden_state
    for hook in hooks:
        hook.remove()
    states = [entering[layer, part] for layer in layers for part in (0, 1)]
    return [state[:, 1:][mask.bool()] for state in (*states, last)]


def _keep(store: dict, key: tuple[int, int]):
    def hook(_module, arguments, kwargs=None) -> None:
        store[key] = arguments[0]

    return hook


def _stream(model: T5ForConditionalGeneration, module: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """Return what enters `module` when the encoder reads the batch, over real tokens, [n, H]."""
    store: dict = {}
    hook = module.register_forward_pre_hook(_keep(store, (0, 0)))
    model.encoder(input_ids=ids, attention_mask=mask)
    hook.remove()
    return store[0, 0][mask.bool()]


def _fit(x: Tensor, y: Tensor) -> Line:
    """Return the line from `x / rms(x)` [n, H] to `y` [n, D]; the constant dimension H = D gets slope mean(rms)."""
    rms = x.square().mean(1, keepdim=True).sqrt()
    normed, width = x / rms, y.shape[1]
    a, plain = normed[:, :width], x[:, :width]
    slope = _covariance(a, y) / _covariance(a, a)
    return Line(
        slope=torch.cat([slope, (1 / normed[:, width]).mean()[None]]),
        intercept=y.mean(0) - slope * a.mean(0),
        scale=_covariance(plain, y) / _covariance(y, y),
    )


def _covariance(a: Tensor, b: Tensor) -> Tensor:
    return ((a - a.mean(0)) * (b - b.mean(0))).mean(0)


def _set_norm(norm: nn.Module, line: Line) -> None:
    """Set T5's norm; spare dimensions, silent so far, get the mean slope so that they can learn."""
    norm.weight.fill_(float(line.slope[:-1].mean()))
    norm.weight[: len(line.slope)] = line.slope


def _reader(weight: Tensor, bias: Tensor, line: Line, into: nn.Linear, factor: float = 1.0) -> None:
    """Make `into` compute `weight · y + bias` from T5's normed stream."""
    rows, width = weight.shape
    into.weight[:rows, :width] = weight * factor
    into.weight[:rows, width] = (weight @ line.intercept + bias) * factor


def _set_attention(layer: nn.Module, bert: nn.Module, line: Line, head_width: int) -> None:
    ours, theirs = layer.SelfAttention, bert.self
    _set_norm(layer.layer_norm, line)
    _reader(theirs.query.weight, theirs.query.bias, line, ours.q, head_width**-0.5)
    _reader(theirs.key.weight, theirs.key.bias, line, ours.k)
    _reader(theirs.value.weight, theirs.value.bias, line, ours.v)
    ours.o.weight[: len(line.scale)] = bert.output.dense.weight * line.scale[:, None]


def _set_feed_forward(layer: nn.Module, bert: nn.Module, line: Line) -> None:
    dense, inner = layer.DenseReluDense, bert.intermediate.dense
    _set_norm(layer.layer_norm, line)
    _reader(inner.weight, inner.bias, line, dense.wi)
    spare = dense.wi.weight[len(inner.weight) :]
    spare.copy_(torch.randn(spare.shape, generator=torch.Generator().manual_seed(2)) * spare.shape[1] ** -0.5)
    dense.wo.weight[: len(line.scale), : inner.out_features] = bert.output.dense.weight * line.scale[:, None]


def _pad(batch: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, batch))
    ids = torch.tensor([[*text, *[PAD] * (longest - len(text))] for text in batch])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in batch])
    return ids, mask
