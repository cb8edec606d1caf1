"""Attention's softmax is as exact in bfloat16 as in float32."""

import torch

from crosspt_cli.core.attention import attend


def test_a_bias_too_small_for_large_scores_in_bfloat16_still_counts():
    """Scores of 16 have neighbours an eighth apart there: a bias of .05 would vanish before the softmax."""
    query, keys = torch.ones(1, 1, 1, 1), torch.full((1, 1, 2, 1), 16.0)
    values, bias = torch.tensor([0.0, 1.0]).view(1, 1, 2, 1), torch.tensor([0.0, 0.05]).view(1, 1, 1, 2)
    low = attend(*(each.to(torch.bfloat16) for each in (query, keys, values, bias)))
    assert low.dtype == torch.bfloat16
    assert abs(low.item() - attend(query, keys, values, bias).item()) < 2e-3  # the rounding of the answer
