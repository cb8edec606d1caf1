"""Attention over packed rows, with gradients written out.

On CPUs, torch's fused attention takes most of a training step in bfloat16 backward, and a tenth more than plain
products on rows this short without gradients; so the products are written out here. GPUs get torch's fused kernel.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from crosspt_cli.core.packing import Group


class _Attend(torch.autograd.Function):
    """softmax(q kᵀ + bias) v, with the softmax kept for the way back."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        # torch's softmax takes several times as long in bfloat16 as in float32 where rows are no multiple of 32
        shares = torch.matmul(q, k.transpose(-1, -2)).float().add_(bias).softmax(-1).to(q.dtype)
        ctx.save_for_backward(q, k, v, shares)
        ctx.bias_shape = bias.shape
        return torch.matmul(shares, v)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, shares = ctx.saved_tensors
        grad_v = torch.matmul(shares.transpose(-1, -2), grad)
        grad_shares = torch.matmul(grad, v.transpose(-1, -2))
        grad_scores = torch._softmax_backward_data(grad_shares, shares, -1, shares.dtype)
        grad_k = torch.matmul(grad_scores.transpose(-1, -2), q)
        grad_bias = grad_scores.sum_to_size(ctx.bias_shape) if ctx.needs_input_grad[3] else None
        return torch.matmul(grad_scores, k), grad_k, grad_v, grad_bias


class _ToHeads(torch.autograd.Function):
    """Packed [m, parts·A] → padded [parts, r, heads, L, d]; the gradient is the reverse copy."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, cell: Tensor, shape: tuple[int, int, int, int, int]) -> Tensor:
        ctx.save_for_backward(cell)
        rows, longest = shape[:2]
        grid = packed.new_zeros(rows * longest, packed.shape[1]).index_copy_(0, cell, packed)
        grid = grid.view(shape).permute(2, 0, 3, 1, 4)
        return grid.contiguous() if ctx.needs_input_grad[0] else grid  # several products follow only when training

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (cell,) = ctx.saved_tensors
        grid = grad.permute(1, 3, 0, 2, 4).reshape(grad.shape[1] * grad.shape[3], -1)
        return grid.index_select(0, cell), None, None


class _FromHeads(torch.autograd.Function):
    """Padded [r, heads, L, d] → packed [m, A]; the gradient is the reverse copy."""

    @staticmethod
    def forward(ctx: Any, heads: Tensor, cell: Tensor) -> Tensor:
        ctx.save_for_backward(cell)
        ctx.grid = heads.shape
        return heads.transpose(1, 2).reshape(heads.shape[0] * heads.shape[2], -1).index_select(0, cell)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (cell,) = ctx.saved_tensors
        rows, heads, longest, width = ctx.grid
        grid = grad.new_zeros(rows * longest, grad.shape[1]).index_copy_(0, cell, grad)
        return grid.view(rows, longest, heads, width).transpose(1, 2).contiguous(), None


def to_heads(packed: Tensor, group: Group, parts: int, heads: int) -> tuple[Tensor, ...]:
    """Return `parts` tensors [r, heads, L, d] of one group from its packed tokens [m, parts·heads·d]."""
    rows = group.key_mask.shape[0]
    shape = (rows, group.longest, parts, heads, packed.shape[1] // (parts * heads))
    if group.is_full and not packed.requires_grad:  # nothing to pad, no products to come: a view will do
        return packed.view(shape).permute(2, 0, 3, 1, 4).unbind(0)
    return _ToHeads.apply(packed, group.cell, shape).unbind(0)


def from_heads(mixed: Tensor, group: Group) -> Tensor:
    """Return packed tokens [m, heads·d] from one group's grid [r, heads, L, d]."""
    if group.is_full and not mixed.requires_grad:
        return mixed.transpose(1, 2).reshape(len(group.cell), -1)
    return _FromHeads.apply(mixed, group.cell)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """Return softmax(q kᵀ + bias) v, [r, heads, Lq, d].

    Args:
        q: [r, heads, Lq, d]. T5 does not divide scores by the head width.
        k: [r, heads, L, d].
        v: [r, heads, L, d].
        bias: added to the scores, broadcast to [r, heads, Lq, L].
    """
    if not q.is_cuda:
        return _Attend.apply(q, k, v, bias)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)
