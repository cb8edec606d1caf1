"""One Adam for all trials is one Adam per trial."""

import pytest
import torch
from population_samples import small_bank

from crosspt_cli.core.methods.mixture import ATTENTION_EPSILON, EPSILON
from crosspt_cli.core.optimise import BETAS, CLIP, Schedule, TrialAdam


def draw_gradients(bank, step: int, scales: torch.Tensor) -> list[torch.Tensor]:
    """Give the bank random gradients, each trial's of its own size."""
    draw = torch.Generator().manual_seed(step)
    gradients = []
    for parameter in (bank.private, bank.logits):
        shape = (-1, *[1] * (parameter.dim() - 1))
        parameter.grad = torch.randn(parameter.shape, generator=draw) * scales.view(shape)
        gradients.append(parameter.grad.clone())
    return gradients


def groups(pair) -> list[dict]:
    """Return one trial's two tensors as torch's optimisers take them."""
    return [{"params": [p], "eps": eps} for p, eps in zip(pair, (EPSILON, ATTENTION_EPSILON), strict=True)]


def test_each_trial_moves_as_under_its_own_adam_and_clip():
    """torch.optim.Adam with clip_grad_norm_ over the trial's two tensors, one optimiser per trial."""
    bank, factors = small_bank(3), (0.2, 1.0, 0.7, 0.1, 0.4, 0.9)
    alone = [[p.detach()[t].clone().requires_grad_() for p in (bank.private, bank.logits)] for t in range(3)]
    adams = [torch.optim.Adam(groups(pair), betas=BETAS) for pair in alone]
    together = TrialAdam(bank)
    for step, factor in enumerate(factors):
        gradients = draw_gradients(bank, step, torch.tensor([0.001, 0.5, 30.0]))
        for t, (pair, adam) in enumerate(zip(alone, adams, strict=True)):
            for parameter, gradient in zip(pair, gradients, strict=True):
                parameter.grad = gradient[t].clone()
            torch.nn.utils.clip_grad_norm_(pair, CLIP)
            rates = (bank.private_rate[t], bank.attention_rate[t])
            for group, rate in zip(adam.param_groups, rates, strict=True):
                group["lr"] = float(rate) * factor
            adam.step()
        together.step(factor)
    for t, (private, logits) in enumerate(alone):
        torch.testing.assert_close(bank.private.detach()[t], private.detach(), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(bank.logits.detach()[t], logits.detach(), atol=1e-5, rtol=1e-4)
    assert together.steps == len(factors)
    assert bank.private.grad is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_gradient_that_is_no_number_stops_its_trial_only(bad):
    """It stays where it was, is reported for good, and its neighbours move to the very same bits."""
    banks = small_bank(3), small_bank(3)
    adams = [TrialAdam(bank) for bank in banks]
    start = banks[0].private.detach().clone()
    for step in range(3):
        for bank, adam in zip(banks, adams, strict=True):
            draw_gradients(bank, step, torch.ones(3))
            if bank is banks[0] and step == 0:
                bank.private.grad[1, 0, 0] = bad
            adam.step(1.0)
    assert adams[0].failed.tolist() == [False, True, False]
    assert adams[1].failed.tolist() == [False, False, False]
    assert torch.equal(banks[0].private[1], start[1])
    assert torch.equal(banks[0].private[[0, 2]], banks[1].private[[0, 2]])
    assert torch.equal(banks[0].logits[[0, 2]], banks[1].logits[[0, 2]])


def test_kept_trials_go_on_as_if_nothing_had_been_pruned():
    """Moments and step count go with them."""
    whole, part = small_bank(3), small_bank(3)
    adams = [TrialAdam(whole), TrialAdam(part)]
    for step in range(2):
        for bank, adam in zip((whole, part), adams, strict=True):
            draw_gradients(bank, step, torch.ones(3))
            adam.step(1.0)
    index = torch.tensor([2, 0])
    kept = part.keep(index)
    adam = adams[1].keep(kept, index)
    gradients = draw_gradients(whole, 7, torch.ones(3))
    kept.private.grad, kept.logits.grad = (gradient[index] for gradient in gradients)
    adams[0].step(0.5)
    adam.step(0.5)
    assert torch.equal(kept.private, whole.private[index])
    assert torch.equal(kept.logits, whole.logits[index])


def test_the_learning_rate_rises_then_falls_to_its_floor():
    """Every value of a short run, and no surprise beyond its end."""
    schedule = Schedule(steps=15, warmup=5, floor=0.1)
    factors = [schedule.factor(step) for step in range(18)]
    wanted = [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.91, 0.82, 0.73, 0.64, 0.55, 0.46, 0.37, 0.28, 0.19, 0.1, 0.1, 0.1]
    assert factors == pytest.approx(wanted)


@pytest.mark.parametrize("steps", [1, 3, 5])
def test_a_run_shorter_than_its_warm_up_still_moves(steps):
    """No division by nothing."""
    assert [Schedule(steps).factor(step) for step in range(steps)] == pytest.approx(
        [(step + 1) / 5 for step in range(steps)]
    )


def test_a_logit_without_a_gradient_stays_though_rounding_says_otherwise():
    """The private prompt starts at its sources' mean: its logit's first gradient is rounding alone."""
    bank = small_bank(1)
    bank.private.grad, bank.logits.grad = torch.zeros_like(bank.private), torch.full_like(bank.logits, 1e-7)
    TrialAdam(bank).step(1.0)
    assert bank.logits.abs().max() < 0.02 * bank.attention_rate.max()
