"""Methods whose prompt is not mixed in the end: residual, multiplied and transferred prompts, by their equations."""

from __future__ import annotations

import math

import pytest
import torch
from method_samples import MIXED, STEPS, TOKENS, population_of, small_start, started
from population_samples import method_of, trained

from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.methods.multiplied import Multiplied
from crosspt_cli.core.methods.residual import Residual
from crosspt_cli.foundation.seeds import stream


def tokens_of(name: str, trial: int) -> torch.Tensor:
    """Return the prompt that plain prompt tuning draws for a trial, [P, H]."""
    given = small_start(name, [trial])
    return from_vocabulary(given.backbone, given.texts, given.rows[0], TOKENS, stream(0, "private", trial))


def test_a_residual_prompt_is_the_prompt_and_the_normed_output_of_its_network():
    """P' = P + LayerNorm(ReLU(P W_down) W_up), token by token and by hand: (x - mean) / √(variance + 1e-5) · γ + β."""
    values, down, up = torch.randn(2, 3, 4), torch.randn(2, 4, 5), torch.randn(2, 5, 4)
    method = Residual(values, down, up, torch.ones(2))
    method.gain.data, method.shift.data = torch.randn(2, 4), torch.randn(2, 4)
    for t in range(2):
        for p in range(3):
            out = (values[t, p] @ down[t]).clamp(min=0) @ up[t]
            mean = out.sum() / 4
            variance = ((out - mean) ** 2).sum() / 4
            normed = (out - mean) / (variance + 1e-5).sqrt()
            wanted = values[t, p] + normed * method.gain[t] + method.shift[t]
            torch.testing.assert_close(method.prompts()[t, 0, p], wanted, atol=1e-5, rtol=1e-5)


def test_a_residual_prompt_starts_at_tokens_and_trains_its_whole_network():
    """Gain and shift start at 0, so that nothing is added; from the second step on every weight has a gradient."""
    before = started("residual", [0, 1])
    for place, trial in enumerate((0, 1)):
        assert torch.equal(before.folded(place), tokens_of("residual", trial))
    assert not torch.equal(before.down[0], before.down[1])  # each trial draws its own network
    assert math.isclose(before.down.detach().std(), 1 / math.sqrt(before.down.shape[1]), rel_tol=0.05)
    after = method_of(trained(population_of("residual", [0, 1]), STEPS))
    for name, values in after.named_parameters():
        assert ((values - getattr(before, name)).flatten(1).abs().amax(1) > 0).all()
    assert after.saved(0) == {}


def test_a_multiplied_prompt_is_scaled_number_by_number():
    """P = P* ∘ (u vᵀ): P[p, h] = P*[p, h] u[p] v[h]."""
    method = Multiplied(torch.randn(2, 3, 4), torch.tensor([True, False]), torch.ones(2))
    method.of_token.data, method.of_width.data = torch.randn(2, 3), torch.randn(2, 4)
    for t in range(2):
        for p in range(3):
            for h in range(4):
                wanted = method.base[t, p, h] * method.of_token[t, p] * method.of_width[t, h]
                torch.testing.assert_close(method.prompts()[t, 0, p, h], wanted)


def test_a_multiplied_prompt_trains_its_base_only_where_that_is_no_source():
    """P* stays to the last bit where it is a source, and gets no gradient there."""
    before = started("multiplied", [0, 1])
    assert torch.equal(before.folded(0), tokens_of("multiplied", 0))
    assert torch.equal(before.folded(1), small_start("multiplied", [1]).sources[MIXED[1][0]])
    before.prompts().sum().backward()
    assert (before.base.grad[1] == 0).all()
    assert (before.base.grad[0] != 0).all()
    after = method_of(trained(population_of("multiplied", [0, 1]), STEPS))
    assert torch.equal(after.base[1], before.base[1])
    assert not torch.equal(after.base[0], before.base[0])
    assert torch.linalg.matrix_rank(after.folded(1) / after.base[1].detach(), rtol=1e-4) == 1


def test_a_transferred_prompt_starts_at_the_best_source_and_is_trained_by_itself():
    """P = P_s at the start, and no source has a share in the end; trial 2 may use several and takes the first."""
    before, sources = started("transfer", [0, 1, 2]), small_start("transfer", [0]).sources
    assert torch.equal(before.folded(0), tokens_of("transfer", 0))
    assert torch.equal(before.folded(1), sources[MIXED[1][0]])
    assert torch.equal(before.folded(2), sources[MIXED[2][0]])
    after = method_of(trained(population_of("transfer", [0, 1, 2]), STEPS))
    for trial in range(3):
        assert torch.equal(after.folded(trial), after.private[trial].detach())
        assert after.mixed(trial) is None


@pytest.mark.parametrize("name", ["transfer", "learned-sources", "mixture"])
def test_without_sources_it_is_prompt_tuning(name):
    """The same tokens, the same steps, the same prompt."""
    found = method_of(trained(population_of(name, [0]), STEPS)).folded(0)
    wanted = method_of(trained(population_of("transfer", [0]), STEPS)).folded(0)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
