"""Rows are told apart by the means of the other rows of each class."""

import pytest
import torch

from recipes.backbone.episodes import SHARPNESS, nearest_mean_loss


def test_the_loss_is_the_nearest_mean_of_the_other_rows():
    """Written out row by row."""
    random = torch.Generator().manual_seed(0)
    vectors, labels = torch.randn(7, 5, generator=random), torch.tensor([0, 0, 0, 1, 1, 1, 2])
    centred = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)
    losses = []
    for row in range(6):  # the last row is alone in its class: a class to be taken for, never a question
        scores = []
        for label in range(3):
            others = [n for n in range(7) if labels[n] == label and n != row]
            scores.append(SHARPNESS * torch.cosine_similarity(centred[others].sum(0), centred[row], dim=0))
        losses.append(torch.stack(scores).logsumexp(0) - scores[int(labels[row])])
    assert nearest_mean_loss(vectors, labels) == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_classes_far_apart_cost_nothing_and_mixed_ones_do():
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.0], [-1.0, 0.1]])
    assert nearest_mean_loss(apart, torch.tensor([0, 0, 1, 1])) < 1e-6
    assert nearest_mean_loss(apart, torch.tensor([0, 1, 0, 1])) > 1.0


def test_gradients_are_finite_and_one_row_per_class_is_refused():
    vectors = torch.randn(4, 3, requires_grad=True)
    nearest_mean_loss(vectors, torch.tensor([0, 0, 1, 1])).backward()
    assert vectors.grad.isfinite().all()
    with pytest.raises(ValueError, match="two rows"):
        nearest_mean_loss(vectors, torch.tensor([0, 1, 2, 3]))
