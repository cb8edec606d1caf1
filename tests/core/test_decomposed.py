"""A private prompt that is the product of two thin factors, alone and in the mixture."""

from __future__ import annotations

import math

import torch
from method_samples import MIXED, STEPS, TOKENS, population_of, small_start, started
from population_samples import method_of, trained

from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.methods.decomposed import Decomposed, factor_rates, factors_of
from crosspt_cli.core.methods.mixture import attention_shares
from crosspt_cli.foundation.methods import RANK
from crosspt_cli.foundation.seeds import stream


def test_the_prompt_is_the_product_of_its_factors():
    """P = A · B, summed by hand: P[p, h] = Σ_r A[p, r] B[r, h]."""
    left, right = torch.randn(2, 3, 2), torch.randn(2, 2, 4)
    prompts = Decomposed(left, right, torch.ones(2)).prompts()
    assert prompts.shape == (2, 1, 3, 4)
    for t in range(2):
        for p in range(3):
            for h in range(4):
                wanted = sum(left[t, p, r] * right[t, r, h] for r in range(2))
                torch.testing.assert_close(prompts[t, 0, p, h], wanted)


def test_factors_start_at_the_nearest_product_of_their_rank():
    """What is lost is what the singular values beyond the rank hold (Eckart and Young); with a full rank nothing."""
    prompts = torch.randn(2, 6, 9)
    left, right = factors_of(prompts, rank=4)
    assert (left.shape, right.shape) == ((2, 6, 4), (2, 4, 9))
    lost = (prompts - left @ right).square().sum((1, 2))
    torch.testing.assert_close(lost, torch.linalg.svdvals(prompts)[:, 4:].square().sum(1))
    full_left, full_right = factors_of(prompts, rank=10)
    assert full_left.shape == (2, 6, 6)
    torch.testing.assert_close(full_left @ full_right, prompts, atol=1e-5, rtol=1e-5)


def test_directions_that_the_tokens_do_not_span_can_still_be_learned():
    """Tokens drawn twice leave fewer directions; B has all of them, as long as a token, and A starts at exactly 0."""
    prompt = torch.randn(2, 9)[[0, 1, 0, 1, 1]]
    left, right = factors_of(prompt[None], rank=4)
    torch.testing.assert_close(left[0] @ right[0], prompt, atol=1e-5, rtol=1e-5)
    assert (left[0, :, 2:] == 0).all()
    torch.testing.assert_close(right[0] @ right[0].T, torch.eye(4) * prompt.square().sum(1).mean(), atol=1e-4, rtol=0)


def test_a_step_moves_the_product_as_far_as_a_plain_prompt():
    """A step of Adam is its rate in every number, with either sign; A · B then moves by `rate`, root mean square."""
    left, right = factors_of(torch.randn(1, 20, 64) * 3)
    rate = torch.tensor([0.01])
    of_left, of_right = factor_rates(left, right, rate)
    moved = []
    for _ in range(50):
        signs = torch.randn_like(left).sign(), torch.randn_like(right).sign()
        after = (left + of_left * signs[0]) @ (right + of_right * signs[1])
        moved.append((after - left @ right).square().mean().sqrt())
    assert math.isclose(torch.stack(moved).mean(), 0.01, rel_tol=0.05)


def test_a_decomposed_prompt_starts_near_tokens_of_its_rows():
    """Those that plain prompt tuning draws with the same random numbers."""
    given, method = small_start("decomposed", [0, 3]), started("decomposed", [0, 3])
    assert method.left.shape == (2, TOKENS, RANK)
    for place, trial in enumerate((0, 3)):
        plain = from_vocabulary(given.backbone, given.texts, given.rows[place], TOKENS, stream(0, "private", trial))
        left, right = factors_of(plain[None])
        torch.testing.assert_close(method.prompts()[place, 0], (left @ right)[0])
        assert (method.prompts()[place, 0] - plain).square().mean() < 0.1 * plain.square().mean()


def test_a_mixture_has_the_product_as_its_private_prompt():
    """P_t = Σ_s w_s P_s + w_u A · B, written out, for trials with no, one and several sources."""
    method = method_of(trained(population_of("mixture-decomposed", [0, 1, 2]), STEPS))
    assert sorted(name for name, _ in method.named_parameters()) == ["left", "logits", "right"]
    shares = attention_shares(method.logits, method.allowed)
    for trial in range(3):
        wanted = shares[trial, -1] * method.left[trial] @ method.right[trial]
        for source in MIXED[trial]:
            wanted = wanted + shares[trial, source] * method.sources[source]
        torch.testing.assert_close(method.folded(trial), wanted.detach())
        assert torch.linalg.matrix_rank(method.saved(trial)["private"]) == RANK


def test_a_decomposed_mixture_starts_near_its_sources_mean():
    """As near as the rank allows; and without sources where a decomposed prompt starts alone."""
    method, alone = started("mixture-decomposed", [0, 2]), started("decomposed", [0])
    left, right = factors_of(method.sources.mean(0)[None])
    torch.testing.assert_close(method.own()[1], (left @ right)[0])
    torch.testing.assert_close(method.prompts()[0], alone.prompts()[0])
    assert torch.equal(method.left_rate[:1], alone.left_rate)
