"""Muon in two number formats."""

from __future__ import annotations

import pytest
import torch

from recipes.backbone.muon import Muon

SHAPES = ((24, 8), (8, 24), (8, 8))


def trained(make) -> list[torch.Tensor]:
    """Return matrices after three steps towards a target of random numbers."""
    torch.manual_seed(0)
    matrices = [torch.randn(shape, requires_grad=True) for shape in SHAPES]
    targets = [torch.randn(shape) for shape in SHAPES]
    optimiser = make(matrices)
    for _ in range(3):
        optimiser.zero_grad()
        sum((matrix - target).square().sum() for matrix, target in zip(matrices, targets, strict=True)).backward()
        optimiser.step()
    return [matrix.detach() for matrix in matrices]


def test_in_bfloat16_it_is_torchs():
    mine = trained(lambda matrices: Muon(matrices, torch.bfloat16, lr=0.1, weight_decay=0.1))
    reference = trained(lambda matrices: torch.optim.Muon(matrices, lr=0.1))
    for one, other in zip(mine, reference, strict=True):
        assert torch.equal(one, other)


def test_in_float32_every_direction_is_nearly_orthogonal():
    """Singular values of what a step of rate 1 takes away lie near 1, however unequal the gradient's are."""
    matrix = torch.zeros(8, 8, requires_grad=True)
    matrix.grad = torch.diag(torch.logspace(0, -2, 8))
    Muon([matrix], torch.float32, lr=1.0).step()
    assert torch.linalg.svdvals(matrix.detach()).numpy() == pytest.approx(1, abs=0.4)


def test_products_are_as_exact_as_the_number_format():
    """What bfloat16 rounds off is kept in float32."""
    exact = trained(lambda matrices: Muon(matrices, torch.float64, lr=0.1))

    def off(dtype: torch.dtype) -> float:
        made = trained(lambda matrices: Muon(matrices, dtype, lr=0.1))
        return max((one - other).abs().max().item() for one, other in zip(made, exact, strict=True))

    assert off(torch.float32) < 1e-5
    assert off(torch.bfloat16) > 1e-4
