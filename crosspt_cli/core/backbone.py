"""The frozen T5 with its tokenizer: the one thing that every task shares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from crosspt_cli.core.checkpoint import read_checkpoint
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import DeviceTree, FrozenT5
from crosspt_cli.core.memory import Room, room_on
from crosspt_cli.core.packing import Layout, prompted_layout, token_positions
from crosspt_cli.core.tokenizer import Tokenizer, read_tokenizer
from crosspt_cli.foundation.axes import require_shape
from crosspt_cli.foundation.errors import OptionError

UNIT_SCALE = 0.548
"""Root mean square of the embedded backbone's embeddings: learning rates are given for embeddings of this scale."""


@dataclass(frozen=True)
class Answers:
    """What rows are answered under their prompts.

    `nats` [R, C] label words' log-likelihoods · `vectors` [R, H] float32, the mean encoder output of each row's text.
    """

    nats: Tensor
    vectors: Tensor


@dataclass(frozen=True)
class Backbone:
    """A frozen T5 that scores the label words of many rows under many prompts at once.

    Attributes:
        name: what the person calls it (`mini`, a folder, or a hub id).
        fingerprint: hex digest of weights, configuration and tokenizer; prompts are keyed by it.
        t5: the frozen forward pass.
        tokenizer: the one that came with the weights.
        room: how many tokens of a pass fit into the device's memory, as far as is known by now.
    """

    name: str
    fingerprint: str
    t5: FrozenT5
    tokenizer: Tokenizer
    room: Room = field(default_factory=Room, repr=False, compare=False)

    @property
    def width(self) -> int:
        """H, the width of an input embedding and of a prompt token."""
        return self.t5.width

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.t5.device

    def learning_scale(self, texts: EncodedTexts, rows: Tensor) -> float:
        """Return what private learning rates are multiplied by: the scale of what a prompt stands beside.

        It is the root mean square of the embeddings, or of the stream that the texts `rows` [n] int64 carry, in units
        of `mini`'s embeddings.
        """
        if texts.stream is None:
            return float(self.t5.embedding.square().mean().sqrt()) / UNIT_SCALE
        lengths = torch.linalg.vector_norm(texts.stream, dim=1, dtype=torch.float32)[texts.places(rows)]
        return float((lengths.square().mean() / self.width).sqrt()) / UNIT_SCALE

    def require_layer(self, layer: int, option: str) -> None:
        """Raise unless prompts can enter before encoder layer `layer`.

        Raises:
            OptionError: there is no such layer; names `option`.
        """
        last = len(self.t5.encoder_layers) - 1
        if not 0 <= layer <= last:
            raise OptionError(option, f"is {layer}, but the encoder layers of {self.name} are 0 to {last}.")

    def tokenize(self, text: str) -> list[int]:
        """Return the token ids of a text, without an end-of-sequence token, and none of a special token."""
        return self.tokenizer.tokenize(text)

    def class_nats(self, prompts: Tensor, row_prompt: Tensor, texts: EncodedTexts, tree: DeviceTree) -> Tensor:
        """Return log-likelihoods over the label set, [R, C] float32 in nats; each row's exponentials sum to 1.

        Args:
            prompts: [T, P, H] float32, or [T, D, P, H] for D layers from the entry on; a gradient flows back to them
                where they ask for one.
            row_prompt: [R] int64, which of the T prompts stands before each row.
            texts: the R rows.
            tree: the label words, from `FrozenT5.place`.
        """
        encoded, layout = self._read(prompts, row_prompt, texts)
        return self._nats(encoded, layout, tree)

    @torch.no_grad()
    def answers(self, prompts: Tensor, row_prompt: Tensor, texts: EncodedTexts, tree: DeviceTree) -> Answers:
        """Return what `class_nats` returns, and each text's vector under its prompt, in one pass.

        Args:
            prompts: [T, P, H] float32, or [T, D, P, H].
            row_prompt: [R] int64, which of the T prompts stands before each row.
            texts: the R rows.
            tree: the label words, from `FrozenT5.place`.
        """
        encoded, layout = self._read(prompts, row_prompt, texts)
        vectors = text_means(encoded, layout, texts.lengths, prompts.shape[-2])
        return Answers(self._nats(encoded, layout, tree), vectors)

    @torch.no_grad()
    def vectors(self, prompts: Tensor, row_prompt: Tensor, texts: EncodedTexts) -> Tensor:
        """Return each text's vector under its prompt, [R, H] float32, without asking for an answer.

        Args:
            prompts: [T, P, H] float32, or [T, D, P, H].
            row_prompt: [R] int64, which of the T prompts stands before each row.
            texts: the R rows.
        """
        encoded, layout = self._read(prompts, row_prompt, texts)
        return text_means(encoded, layout, texts.lengths, prompts.shape[-2])

    def stream(self, texts: EncodedTexts) -> Tensor:
        """Return what stands in the encoder's residual stream where a prompt enters, [n, H] float32."""
        return self.t5.embed(texts.tokens) if texts.stream is None else texts.stream.float()

    @torch.no_grad()
    def read_to(self, texts: EncodedTexts, layer: int) -> EncodedTexts:
        """Return texts read through the first `layer` encoder layers, without any prompt, in the products' `dtype`."""
        layout = prompted_layout(texts.lengths, 0)
        tokens = self.t5.embed(texts.tokens)
        hidden = self.t5.run_layers(layout.pack(tokens[:0], tokens), layout, 0, layer)
        return replace(texts, stream=layout.unpack(hidden).to(self.t5.dtype), layer=layer)

    @torch.no_grad()
    def streams(self, texts: EncodedTexts) -> Tensor:
        """Return the stream before each encoder layer from `texts.layer` on, without any prompt, [D, n, H] float32."""
        layout = prompted_layout(texts.lengths, 0)
        stream = self.stream(texts)
        found, hidden = [stream], layout.pack(stream[:0], stream)
        for layer in range(texts.layer, len(self.t5.encoder_layers) - 1):
            hidden = self.t5.run_layers(hidden, layout, layer, layer + 1)
            found.append(layout.unpack(hidden))
        return torch.stack(found)

    @torch.no_grad()
    def sentence_vectors(self, texts: EncodedTexts) -> Tensor:
        """Return the mean of each text's encoder outputs without any prompt, [R, H] float32."""
        layout = prompted_layout(texts.lengths, 0)
        tokens = self.stream(texts)
        encoded = self.t5.encode(layout.pack(tokens[:0], tokens), layout, texts.layer)
        return text_means(encoded, layout, texts.lengths, 0)

    def _read(self, prompts: Tensor, row_prompt: Tensor, texts: EncodedTexts) -> tuple[Tensor, Layout]:
        """Return encoder outputs [n, H] of rows behind their prompts, and how they are packed."""
        prompts = prompts[:, None] if prompts.dim() == 3 else prompts  # of one layer, as source prompts are
        require_shape("prompts", tuple(prompts.shape), "T D P H", H=self.width)
        layout = prompted_layout(texts.lengths, prompts.shape[2])
        before = prompts[row_prompt].transpose(0, 1).flatten(1, 2)  # [D, R·P, H]
        packed = layout.pack(before[0], self.stream(texts))
        return self.t5.encode(packed, layout, texts.layer, before[1:]), layout

    def _nats(self, encoded: Tensor, layout: Layout, tree: DeviceTree) -> Tensor:
        """Return log-likelihoods over the label set, [R, C], from encoder outputs [n, H]."""
        return layout.unsort(tree_nats(self.t5.label_logits(encoded, layout, tree), tree))


def text_means(encoded: Tensor, layout: Layout, lengths: Tensor, prompt_tokens: int) -> Tensor:
    """Return the mean encoder output of every row's text, its prompt left out, [R, H] float32.

    Args:
        encoded: encoder outputs [n, H], packed as `layout` says.
        layout: of rows that begin with their prompt.
        lengths: text tokens per row, [R] int64, in the callers' order.
        prompt_tokens: P.
    """
    ordered = lengths[layout.order]
    row, position = token_positions(ordered + prompt_tokens)
    counted = (position >= prompt_tokens).to(torch.float32)
    sums = encoded.new_zeros(len(lengths), encoded.shape[1], dtype=torch.float32)
    sums.index_add_(0, row, encoded.float() * counted[:, None])
    return layout.unsort(sums / ordered[:, None])


def tree_nats(logits: Tensor, tree: DeviceTree) -> Tensor:
    """Return log-likelihoods per class [R, C] from logits at the tree's nodes [R, N, V].

    At every node where labels part, the model chooses among the children only; a class's log-likelihood is the sum
    over the choices on its path, so that probabilities over the classes sum to 1 whatever the labels' lengths.
    """
    masked = logits.masked_fill(~tree.allowed, float("-inf"))
    # a node without a choice has no allowed child: zeros there keep its softmax, and its gradient, finite
    masked = torch.where(tree.allowed.any(-1, keepdim=True), masked, 0.0)
    choices = masked.log_softmax(-1)[:, tree.path_node, tree.path_choice]  # [R, C, K]
    return torch.where(tree.path_used, choices, 0.0).sum(-1)


def load_backbone(folder: Path, name: str, fingerprint: str, device: torch.device, dtype: torch.dtype) -> Backbone:
    """Return the T5 in `folder`, frozen, without asking any network.

    Args:
        folder: a Hugging Face folder with config, weights and tokenizer.
        name: what to call it.
        fingerprint: its digest, from `registry.fingerprint_folder`.
        device: where to compute.
        dtype: float32 or bfloat16, for the matrix products.

    Raises:
        NotInstalled: what reads its tokenizer is missing.
        IntegrityError: it is no T5, or its files are damaged or incomplete.
    """
    t5 = FrozenT5(read_checkpoint(folder), device, dtype)
    return Backbone(name, fingerprint, t5, read_tokenizer(folder, name), room_on(device))
