"""The T5 in training: crosspt's own forward pass, with a gradient for every weight."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import T5ForConditionalGeneration

from crosspt_cli.core.checkpoint import checkpoint_of
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.core.packing import HIDDEN_KEY, Layout, prompted_layout, token_positions


class Student(FrozenT5):
    """A T5 whose matrix products run in `dtype` while the optimiser moves the model's own float32 weights.

    A step is: forward, backward, `gather_gradients`, the optimiser's step on `model.parameters()`, `refresh`.

    Args:
        model: float32, tied embeddings; what is trained.
        device: where the arithmetic runs.
        dtype: of the matrix products.
    """

    def __init__(self, model: T5ForConditionalGeneration, device: torch.device, dtype: torch.dtype) -> None:
        self.model = model
        self.copies: list[tuple[Tensor, tuple[torch.nn.Parameter, ...]]] = []
        super().__init__(checkpoint_of(model), device, dtype)

    def gather_gradients(self) -> None:
        """Give every weight of the model the gradient of its copy."""
        for copy, weights in self.copies:
            if copy.grad is not None:
                parts = copy.grad.split([len(weight) for weight in weights])
                for weight, part in zip(weights, parts, strict=True):
                    weight.grad = part.to(weight.device, torch.float32)
                copy.grad = None

    @torch.no_grad()
    def refresh(self) -> None:
        """Bring the copies up to the model's weights."""
        for copy, weights in self.copies:
            for part, weight in zip(copy.split([len(weight) for weight in weights]), weights, strict=True):
                part.copy_(weight)

    def embed(self, tokens: Tensor) -> Tensor:
        """Return input embeddings [n, H] float32 for token ids [n] int64."""
        return _Rows.apply(self.embedding, tokens)

    def output_rows(self, tokens: Tensor) -> Tensor:
        """Return rows of the output matrix [n, H] float32 for token ids [n] int64."""
        return _Rows.apply(self.output, tokens)

    def every_logit(self, written: Tensor) -> Tensor:
        """Return logits [n, V] float32 over the whole vocabulary, for decoder outputs [n, H]."""
        return _EveryLogit.apply(self.output, written, self.dtype)

    def prompt_ids(self, prompts: Tensor, which: int) -> list[int]:
        """Return the ids by which `read` knows soft prompt `which` of [S, P, H]: they follow the vocabulary's."""
        first = len(self.embedding) + which * prompts.shape[1]
        return list(range(first, first + prompts.shape[1]))

    def read(self, texts: EncodedTexts, prompts: Tensor | None = None, prompt_layer: int = 0) -> tuple[Tensor, Layout]:
        """Return encoder outputs [n, H] and their layout.

        Args:
            texts: may hold `prompt_ids` of the prompts.
            prompts: soft prompts [S, P, H], or None.
            prompt_layer: the encoder layer before which they enter; those below do not see them.
        """
        layout = prompted_layout(texts.lengths, 0)
        if prompts is None:
            hidden = self.embed(texts.tokens)
            return self.encode(layout.pack(hidden[:0], hidden), layout), layout
        soft = texts.tokens >= len(self.embedding)
        row, _ = token_positions(texts.lengths)
        bare = prompted_layout(row[~soft].bincount(minlength=len(texts)), 0)
        hidden = self.embed(texts.tokens[~soft])
        hidden = bare.unpack(self.run_layers(bare.pack(hidden[:0], hidden), bare, 0, prompt_layer))
        before = prompts.flatten(0, 1)[texts.tokens[soft] - len(self.embedding)]
        every = hidden.new_zeros(len(soft), self.width)
        every = every.index_put((~soft,), hidden).index_put((soft,), before)
        return self.encode(layout.pack(every[:0], every), layout, prompt_layer), layout

    def write(self, encoded: Tensor, layout: Layout, ids: Tensor) -> Tensor:
        """Return decoder outputs [R, N, H] at every position of decoder inputs [R, N] int64, rows in layout order."""
        position = torch.arange(ids.shape[1], device=ids.device)
        bias = self._relative_bias(position[None] - position[:, None], self.decoder_bias, bidirectional=False)
        future = torch.where(position[None] > position[:, None], HIDDEN_KEY, 0.0)
        hidden = self.embed(ids.flatten()).view(*ids.shape, self.width)
        return self.decode(hidden, bias + future, encoded, layout)

    def _norm(self, weight: torch.nn.Parameter) -> Tensor:
        return self._copy((weight,), torch.float32)

    def _matrix(self, *weights: torch.nn.Parameter) -> Tensor:
        return self._copy(weights, self.dtype)

    def _copy(self, weights: Sequence[torch.nn.Parameter], dtype: torch.dtype) -> Tensor:
        copy = torch.cat([weight.detach() for weight in weights]).to(self.device, dtype).clone().requires_grad_()
        self.copies.append((copy, tuple(weights)))
        return copy


class _Rows(torch.autograd.Function):
    """Rows of a table; their gradient is added where it belongs.

    Autograd would make a gradient as large as the table for every lookup: half of a step's time.
    """

    @staticmethod
    def forward(ctx, table: Tensor, rows: Tensor) -> Tensor:
        ctx.table = table
        ctx.save_for_backward(rows)
        return table.detach().index_select(0, rows)

    @staticmethod
    def backward(ctx, grad: Tensor):
        (rows,) = ctx.saved_tensors
        _gradient_of(ctx.table).index_add_(0, rows, grad.to(ctx.table.dtype))
        return None, None


class _EveryLogit(torch.autograd.Function):
    """The product with the whole output matrix, for the same reason."""

    @staticmethod
    def forward(ctx, table: Tensor, written: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.table = table
        low, matrix = written.to(dtype), table.detach().to(dtype)
        ctx.save_for_backward(low, matrix)
        return (low @ matrix.T).float()

    @staticmethod
    def backward(ctx, grad: Tensor):
        low, matrix = ctx.saved_tensors
        grad = grad.to(low.dtype)
        _gradient_of(ctx.table).add_(grad.T @ low)
        return None, (grad @ matrix).float(), None


def _gradient_of(leaf: Tensor) -> Tensor:
    if leaf.grad is None:
        leaf.grad = torch.zeros_like(leaf)
    return leaf.grad
