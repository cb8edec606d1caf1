"""The forward pass of a frozen T5, written for many prompts at once.

The weights are Hugging Face's; only the arithmetic is ours, because the search spends all its time here:

- rows of different lengths are **packed**: every matrix product runs over real tokens only, and only attention sees
  padded grids, so a short text costs what a short text should;
- q, k, v (and the two halves of a gated feed-forward) are one product each;
- nothing frozen asks for a gradient, and the residual stream stays in float32 while products run in `dtype`;
- the decoder runs once over the tree of label words, and only the rows of the output matrix that belong to label
  words are multiplied.

Source: Raffel et al. 2020; equality with `transformers.T5ForConditionalGeneration` is a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crosspt_cli.core.architecture import ACTIVATIONS
from crosspt_cli.core.attention import attend, from_heads, to_heads
from crosspt_cli.core.checkpoint import EMBEDDING, Checkpoint
from crosspt_cli.core.packing import HIDDEN_KEY, Group, Layout
from crosspt_cli.tasks.label_tree import LabelTree


@dataclass(frozen=True)
class SelfAttention:
    """`norm` [H], `qkv` [3·A, H], `out` [H, A], where A = heads × head width."""

    norm: Tensor
    qkv: Tensor
    out: Tensor


@dataclass(frozen=True)
class CrossAttention:
    """`norm` [H], `query` [A, H], `key_value` [2·A, H], `out` [H, A]."""

    norm: Tensor
    query: Tensor
    key_value: Tensor
    out: Tensor


@dataclass(frozen=True)
class FeedForward:
    """`norm` [H], `into` [F, H] or, gated, [2·F, H], `out` [H, F]."""

    norm: Tensor
    into: Tensor
    out: Tensor


@dataclass(frozen=True)
class EncoderLayer:
    """One encoder block."""

    attention: SelfAttention
    feed_forward: FeedForward


@dataclass(frozen=True)
class DecoderLayer:
    """One decoder block."""

    attention: SelfAttention
    cross: CrossAttention
    feed_forward: FeedForward


class RmsNorm(torch.autograd.Function):
    """T5's layer norm, `x / rms(x) · weight`, its gradient in one pass over `x`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        """Return the norm of x [..., H] float32 in `dtype`."""
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(x, weight, scale)
        return (x * scale).mul_(weight).to(dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient for x, and for the weight where it is in training."""
        x, weight, scale = ctx.saved_tensors
        grad_weight = None
        if ctx.needs_input_grad[1]:
            grad_weight = (grad.float() * x * scale).flatten(0, -2).sum(0)
        g = grad.float() * weight
        dot = (g * x).mean(-1, keepdim=True)
        return g.mul_(scale).addcmul_(x, dot * scale.pow(3), value=-1), grad_weight, None, None


class FrozenT5:
    """A T5 that never changes: embeds, encodes and scores label words.

    Args:
        checkpoint: architecture and weights; these are copied in `dtype`, norms and embeddings in float32.
        device: where the arithmetic runs.
        dtype: what the matrix products run in: float32 or bfloat16.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> None:
        form, stored = checkpoint.architecture, checkpoint.tensors
        self.device, self.dtype = device, dtype
        self.width, self.heads, self.head_width = form.width, form.heads, form.head_width
        self.epsilon, self.gated, self.activation = form.epsilon, form.gated, ACTIVATIONS[form.activation]
        self.buckets, self.max_distance = form.buckets, form.max_distance
        self.start_token, self.end_token = form.start_token, form.end_token
        self.output_scale = form.width**-0.5 if form.scales_output else 1.0
        self.embedding = self._norm(stored[EMBEDDING])
        output = checkpoint.untied_output()
        self.output = self.embedding if output is None else self._norm(output)
        encoder, decoder = (_Part(stored, stack) for stack in ("encoder", "decoder"))
        self.encoder_layers = [self._encoder_layer(block) for block in encoder.blocks(form.layers)]
        self.decoder_layers = [self._decoder_layer(block) for block in decoder.blocks(form.decoder_layers)]
        self.encoder_norm, self.decoder_norm = (self._norm(part["final_layer_norm"]) for part in (encoder, decoder))
        self.encoder_bias, self.decoder_bias = (
            self._norm(part["block.0.layer.0.SelfAttention.relative_attention_bias"]) for part in (encoder, decoder)
        )

    def tensors(self) -> list[Tensor]:
        """Return every frozen tensor, for tests that nothing moved."""
        layers = [*self.encoder_layers, *self.decoder_layers]
        parts = [part for layer in layers for part in vars(layer).values()]
        return [self.embedding, self.output, *(tensor for part in parts for tensor in vars(part).values())]

    def embed(self, tokens: Tensor) -> Tensor:
        """Return input embeddings [n, H] float32 for token ids [n] int64."""
        return F.embedding(tokens, self.embedding)

    def output_rows(self, tokens: Tensor) -> Tensor:
        """Return rows of the output matrix [n, H] float32 for token ids [n] int64."""
        return F.embedding(tokens, self.output)

    def encode(self, hidden: Tensor, layout: Layout, first: int = 0, deeper: Tensor | None = None) -> Tensor:
        """Return encoder outputs [n, H] in `dtype` for packed inputs [n, H] float32.

        Args:
            hidden: residual stream of all rows' tokens before layer `first`, in the order that `layout` describes;
                before layer 0 these are the input embeddings.
            layout: which row and position each packed token belongs to.
            first: the layer to begin with.
            deeper: what stands at the prompts' places before each layer after the first, [D-1, R·P, H] float32, rows in
                the callers' order; None or D = 1 leaves there what the layers make of the prompts.
        """
        hidden = self.run_layers(hidden, layout, first, len(self.encoder_layers), deeper)
        return RmsNorm.apply(hidden, self.encoder_norm, self.epsilon, self.dtype)

    def run_layers(self, hidden: Tensor, layout: Layout, first: int, last: int, deeper: Tensor | None = None) -> Tensor:
        """Return the residual stream [n, H] float32 after encoder layers `first` to `last` - 1; see `encode`."""
        biases = [self._encoder_bias(group) for group in layout.groups]
        depth = 0 if deeper is None else len(deeper)
        places = layout.prompt_places(deeper.shape[1]) if deeper is not None and depth else None
        for number, layer in enumerate(self.encoder_layers[first:last]):
            if deeper is not None and places is not None and 1 <= number <= depth:
                hidden = hidden.index_copy(0, places, deeper[number - 1])
            hidden = _plus(hidden, self._self_attention(hidden, layer.attention, layout, biases))
            hidden = _plus(hidden, self._feed_forward(hidden, layer.feed_forward))
        return hidden

    def label_logits(self, encoded: Tensor, layout: Layout, tree: DeviceTree) -> Tensor:
        """Return logits [R, N, V] float32 of the label-word tokens at every node of the tree, rows in layout order.

        The decoder reads the N nodes of the tree as one short sequence in which a node sees its ancestors only, so
        a prefix that several labels share is computed once, and the encoder's output is never repeated per class.

        Args:
            encoded: encoder outputs [n, H], packed as `layout` says.
            layout: rows and positions of `encoded`.
            tree: the label words' tree, on this device.
        """
        hidden = tree.embeddings.repeat(len(layout.order), 1, 1)  # [R, N, H]
        bias = self._relative_bias(tree.distance, self.decoder_bias, bidirectional=False) + tree.mask
        return self.decode(hidden, bias, encoded, layout) @ tree.output.T

    def decode(self, hidden: Tensor, bias: Tensor, encoded: Tensor, layout: Layout) -> Tensor:
        """Return decoder outputs [R, N, H] float32, ready for the output matrix.

        Args:
            hidden: embeddings of the decoder's inputs [R, N, H], rows in layout order.
            bias: position bias plus mask of its self-attention, [heads, N, N].
            encoded: encoder outputs [n, H], packed as `layout` says.
            layout: rows and positions of `encoded`.
        """
        bias = bias.to(self.dtype)
        for layer in self.decoder_layers:
            hidden = _plus(hidden, self._tree_attention(hidden, layer.attention, bias))
            hidden = _plus(hidden, self._cross_attention(hidden, encoded, layer.cross, layout))
            hidden = _plus(hidden, self._feed_forward(hidden, layer.feed_forward))
        return RmsNorm.apply(hidden, self.decoder_norm, self.epsilon, torch.float32) * self.output_scale

    def place(self, tree: LabelTree) -> DeviceTree:
        """Return the label tree as tensors on this device, with the embedding and output rows it needs."""
        token = torch.as_tensor(np.where(tree.node_token < 0, self.start_token, tree.node_token), device=self.device)
        depth = torch.as_tensor(tree.node_depth, device=self.device)
        hidden_from = torch.where(torch.as_tensor(tree.ancestors, device=self.device), 0.0, HIDDEN_KEY)
        path_node = torch.as_tensor(tree.path_node, device=self.device)
        return DeviceTree(
            embeddings=self.embed(token)[None],
            distance=depth[None] - depth[:, None],
            mask=hidden_from[None],
            output=self.output_rows(torch.as_tensor(tree.label_tokens, device=self.device)),
            allowed=torch.as_tensor(tree.allowed, device=self.device),
            path_node=path_node.clamp(min=0),
            path_choice=torch.as_tensor(tree.path_choice, device=self.device).clamp(min=0),
            path_used=path_node >= 0,
        )

    def _self_attention(self, hidden: Tensor, weights: SelfAttention, layout: Layout, biases: list[Tensor]) -> Tensor:
        qkv = RmsNorm.apply(hidden, weights.norm, self.epsilon, self.dtype) @ weights.qkv.T  # [n, 3A]
        parts = qkv.split([group.cell.shape[0] for group in layout.groups])
        mixed = []
        for part, group, bias in zip(parts, layout.groups, biases, strict=True):
            q, k, v = to_heads(part, group, 3, self.heads)
            mixed.append(from_heads(attend(q, k, v, bias), group))
        return torch.cat(mixed) @ weights.out.T

    def _tree_attention(self, hidden: Tensor, weights: SelfAttention, bias: Tensor) -> Tensor:
        qkv = RmsNorm.apply(hidden, weights.norm, self.epsilon, self.dtype) @ weights.qkv.T  # [R, N, 3A]
        q, k, v = qkv.view(*qkv.shape[:2], 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = attend(q, k, v, bias[None])
        return mixed.transpose(1, 2).flatten(2) @ weights.out.T

    def _cross_attention(self, hidden: Tensor, encoded: Tensor, weights: CrossAttention, layout: Layout) -> Tensor:
        query = RmsNorm.apply(hidden, weights.norm, self.epsilon, self.dtype) @ weights.query.T  # [R, N, A]
        query = query.view(*query.shape[:2], self.heads, self.head_width).transpose(1, 2)
        key_value = encoded @ weights.key_value.T  # [n, 2A]
        parts = key_value.split([group.cell.shape[0] for group in layout.groups])
        mixed = []
        for part, group in zip(parts, layout.groups, strict=True):
            k, v = to_heads(part, group, 2, self.heads)
            mixed.append(attend(query[group.rows], k, v, group.key_mask.to(self.dtype)))
        return torch.cat(mixed).transpose(1, 2).flatten(2) @ weights.out.T

    def _feed_forward(self, hidden: Tensor, weights: FeedForward) -> Tensor:
        inner = RmsNorm.apply(hidden, weights.norm, self.epsilon, self.dtype) @ weights.into.T
        if self.gated:
            gate, linear = inner.chunk(2, dim=-1)
            inner = self.activation(gate) * linear
        else:
            inner = self.activation(inner)
        return inner @ weights.out.T

    def _encoder_bias(self, group: Group) -> Tensor:
        """Return position bias plus padding mask, [r, heads, L, L], shared by all encoder layers."""
        position = torch.arange(group.longest, device=self.device)
        relative = self._relative_bias(position[None] - position[:, None], self.encoder_bias, bidirectional=True)
        return (relative[None] + group.key_mask).to(self.dtype)

    def _relative_bias(self, relative: Tensor, table: Tensor, bidirectional: bool) -> Tensor:
        """Return T5's position bias [heads, L, L] for key position − query position [L, L]."""
        buckets = self.buckets // 2 if bidirectional else self.buckets
        distance = relative.abs() if bidirectional else (-relative).clamp(min=0)
        exact = buckets // 2
        spread = torch.log(distance.clamp(min=1) / exact) / np.log(self.max_distance / exact) * (buckets - exact)
        far = (exact + spread.long()).clamp(max=buckets - 1)
        bucket = torch.where(distance < exact, distance, far)
        if bidirectional:
            bucket = bucket + (relative > 0) * buckets
        return F.embedding(bucket, table).permute(2, 0, 1)

    def _norm(self, weight: Tensor) -> Tensor:
        return weight.detach().to(self.device, torch.float32, copy=True).contiguous()

    def _matrix(self, *weights: Tensor) -> Tensor:
        rows = [len(weight) for weight in weights]
        joined = torch.empty(sum(rows), weights[0].shape[1], device=self.device, dtype=self.dtype)
        for part, weight in zip(joined.split(rows), weights, strict=True):
            part.copy_(weight.detach())
        return joined

    def _attention(self, layer: _Part) -> SelfAttention:
        q, k, v, out = (layer[f"SelfAttention.{name}"] for name in "qkvo")
        return SelfAttention(self._norm(layer["layer_norm"]), self._matrix(q, k, v), self._matrix(out))

    def _cross_weights(self, layer: _Part) -> CrossAttention:
        q, k, v, out = (layer[f"EncDecAttention.{name}"] for name in "qkvo")
        return CrossAttention(self._norm(layer["layer_norm"]), self._matrix(q), self._matrix(k, v), self._matrix(out))

    def _feed_forward_weights(self, layer: _Part) -> FeedForward:
        into = [layer[f"DenseReluDense.{name}"] for name in (("wi_0", "wi_1") if self.gated else ("wi",))]
        return FeedForward(
            self._norm(layer["layer_norm"]), self._matrix(*into), self._matrix(layer["DenseReluDense.wo"])
        )

    def _encoder_layer(self, block: _Part) -> EncoderLayer:
        return EncoderLayer(self._attention(block.layer(0)), self._feed_forward_weights(block.layer(1)))

    def _decoder_layer(self, block: _Part) -> DecoderLayer:
        attention, cross = self._attention(block.layer(0)), self._cross_weights(block.layer(1))
        return DecoderLayer(attention, cross, self._feed_forward_weights(block.layer(2)))


@dataclass(frozen=True)
class _Part:
    """The weights whose names begin with `prefix`, by the rest of their names."""

    stored: Mapping[str, Tensor]
    prefix: str

    def __getitem__(self, name: str) -> Tensor:
        return self.stored[f"{self.prefix}.{name}.weight"]

    def blocks(self, count: int) -> list[_Part]:
        """Return a stack's blocks."""
        return [_Part(self.stored, f"{self.prefix}.block.{number}") for number in range(count)]

    def layer(self, number: int) -> _Part:
        """Return a block's layer."""
        return _Part(self.stored, f"{self.prefix}.layer.{number}")


@dataclass(frozen=True)
class DeviceTree:
    """A `LabelTree` as tensors, with the frozen rows it needs.

    `embeddings` [1, N, H] · `distance` [N, N] key depth − query depth · `mask` [1, N, N] 0 on ancestors ·
    `output` [V, H] · `allowed` [N, V] · `path_node`, `path_choice`, `path_used` [C, K].
    """

    embeddings: Tensor
    distance: Tensor
    mask: Tensor
    output: Tensor
    allowed: Tensor
    path_node: Tensor
    path_choice: Tensor
    path_used: Tensor

    @property
    def size(self) -> int:
        """How many nodes the decoder reads."""
        return self.distance.shape[0]


def _plus(stream: Tensor, change: Tensor) -> Tensor:
    """Return the residual stream float32 plus what a sublayer adds; without gradients it is changed in place.

    A fresh tensor of a pass without gradients costs more to allocate than to add.
    """
    return stream + change if torch.is_grad_enabled() else stream.add_(change)
