"""What comes out of the joint stage may lie between its beginning and its end."""

import pytest
import torch
from small_models import small_model

from recipes.backbone.blend import blend


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_where_the_share_says(share):
    start, end = small_model(), small_model()
    with torch.no_grad():
        for weight in end.parameters():
            weight.add_(torch.randn_like(weight))
    trained = {name: weight.clone() for name, weight in end.named_parameters()}
    blend(end, start, share)
    for name, weight in end.named_parameters():
        wanted = share * dict(start.named_parameters())[name] + (1 - share) * trained[name]
        assert weight.detach() == pytest.approx(wanted.detach().numpy(), abs=1e-6), name
    assert end.lm_head.weight is end.shared.weight
