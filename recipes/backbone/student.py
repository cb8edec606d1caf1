"""The T5 in training: crosspt's own forward pass, with a gradient for every weight."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import T5ForConditionalGeneration

from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.core.packing import HIDDEN_KEY, Layout, prompted_layout


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
        super().__init__(model, device, dtype)

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

    def read(self, texts: EncodedTexts, prompts: Tensor | None = None) -> tuple[Tensor, Layout]:
        """Return encoder outputs [n, H] and their layout, for texts behind one prompt [P, H] or none."""
        tokens = self.embed(texts.tokens)
        before = tokens[:0] if prompts is None else prompts.repeat(len(texts), 1)
        layout = prompted_layout(texts.lengths, 0 if prompts is None else len(prompts))
        return self.encode(layout.pack(before, tokens), layout), layout

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
