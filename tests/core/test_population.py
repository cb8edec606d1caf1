"""Many trials in one pass compute what each would alone; nothing frozen moves."""

import numpy as np
import pytest
import torch
from hf_reference import as_backbone, small_t5
from population_samples import (
    BATCH,
    ROWS,
    STEPS,
    TOKENS,
    WIDE,
    method_of,
    nats_of,
    small_bank,
    small_population,
    trained,
    watched,
)

from crosspt_cli.core.train import BIAS_FLOOR, RECENT_STEPS

HELD_OUT = np.arange(0, ROWS, 2)
ROUNDING = {torch.float32: {"atol": 1e-4, "rtol": 1e-4}, torch.bfloat16: {"atol": 5e-2, "rtol": 5e-2}}


def outcome(population, trial: int = 0) -> tuple[torch.Tensor, ...]:
    """Return everything that is ever read of a trial."""
    nats = nats_of(population, [HELD_OUT] * len(population.bank))[trial]
    bias = torch.from_numpy(population.bias()[trial])
    bank = method_of(population)
    parts = (bank.private[trial], bank.logits[trial], bank.prompts()[trial], population.losses[trial])
    return *(part.detach() for part in parts), torch.from_numpy(nats), bias


def assert_same(one, other, **tolerance) -> None:
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, **tolerance)


@pytest.mark.parametrize("at_once", [1, 120, WIDE])
@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("dtype", ROUNDING)
def test_together_equals_alone(dtype, count, at_once):
    """The promise behind the whole search, at every way of cutting the population."""
    bank = small_bank(count)
    together = trained(small_population(bank, list(range(count)), dtype, at_once))
    for trial in range(count):
        alone = trained(small_population(bank, [trial], dtype))
        assert_same(outcome(together, trial), outcome(alone), **ROUNDING[dtype])
    assert (method_of(together).private - bank.private).abs().amax(dim=(1, 2)).min() > 0.05  # all of them did train


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
@pytest.mark.parametrize("dtype", ROUNDING)
def test_a_neighbour_that_becomes_nan_changes_nothing(dtype, rate):
    """A learning rate too high is found in every search; the others must not notice."""
    together = trained(small_population(small_bank(3, {1: rate}), [0, 1, 2], dtype))
    assert together.failed() == [False, True, False]
    assert not method_of(together).private[1].isfinite().all()
    for trial in (0, 2):
        alone = trained(small_population(small_bank(3), [trial], dtype))
        assert_same(outcome(together, trial), outcome(alone), **ROUNDING[dtype])


def test_the_order_of_trials_does_not_change_a_trial():
    """Candidates are listed in one order today and another tomorrow."""
    bank = small_bank(4)
    forward = trained(small_population(bank, [0, 1, 2, 3]))
    backward = trained(small_population(bank, [3, 2, 1, 0]))
    for trial in range(4):
        assert_same(outcome(forward, trial), outcome(backward, 3 - trial), **ROUNDING[torch.float32])


@pytest.mark.parametrize("dtype", ROUNDING)
def test_the_same_run_twice_gives_the_same_bits(dtype):
    """Repeatable means to the last bit."""
    one, other = (trained(small_population(small_bank(3), [0, 1, 2], dtype)) for _ in range(2))
    for trial in range(3):
        assert_same(outcome(one, trial), outcome(other, trial), atol=0, rtol=0)


def test_only_prompts_and_attention_move():
    """Every frozen tensor and every source has the bits it started with."""
    model = small_t5("v1.1")
    backbone, bank = as_backbone(model), small_bank(3)
    frozen = [tensor.clone() for tensor in backbone.t5.tensors()]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    sources = bank.sources.clone()
    population = trained(small_population(bank, [0, 1, 2], backbone=backbone))
    assert all(map(torch.equal, frozen, backbone.t5.tensors()))
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert torch.equal(method_of(population).sources, sources)
    assert not any(tensor.requires_grad or tensor.grad is not None for tensor in backbone.t5.tensors())
    assert not torch.equal(method_of(population).private, bank.private)
    assert not torch.equal(method_of(population).logits[1:], bank.logits[1:])


def test_at_ratio_zero_the_private_prompt_stays_where_it_was():
    """Attention only: the private prompt keeps its bits while the shares move."""
    bank = small_bank(3, {2: 0.0})
    population = trained(small_population(bank, [0, 1, 2]))
    assert torch.equal(method_of(population).private[2], bank.private[2])
    assert not torch.equal(method_of(population).logits[2], bank.logits[2])
    assert not torch.equal(method_of(population).private[1], bank.private[1])


def test_a_source_that_is_not_allowed_never_gets_a_share():
    """Its logit has no gradient either."""
    population = trained(small_population(small_bank(3), [0, 1, 2]))
    shares = method_of(population).shares().detach()
    assert (shares[~method_of(population).allowed] == 0).all()
    assert (method_of(population).logits[~method_of(population).allowed] == 0).all()
    torch.testing.assert_close(shares.sum(1), torch.ones(3))


def test_trials_kept_go_on_as_if_the_others_had_never_been():
    """Pruning in mid-run: the survivors end where they would have ended alone."""
    bank = small_bank(4)
    population = trained(small_population(bank, [0, 1, 2, 3]), steps=3)
    population.keep([3, 1])
    trained(population, STEPS - 3)
    for place, trial in enumerate((3, 1)):
        alone = trained(small_population(bank, [trial]))
        assert_same(outcome(population, place), outcome(alone), **ROUNDING[torch.float32])


def test_training_lowers_the_loss():
    """Moving without learning would pass every test above."""
    population = small_population(small_bank(3), [0, 1, 2])
    population.batches = population.batches[:, :1].expand(-1, 40, -1)  # the same batch at every step
    population.step()
    first = population.losses.clone()
    trained(population, 39)
    assert (population.losses < first - 0.05).all()


def test_a_pass_holds_no_more_tokens_than_it_may():
    """The bound on memory is a bound, but for a single trial that is larger by itself."""
    backbone = watched()
    population = small_population(small_bank(5), list(range(5)), at_once=90, backbone=backbone)
    sizes = population.texts.lengths[population.batches[:, 0]].sum(1) + BATCH * TOKENS
    population.step()
    held = [0]
    for size in sizes.tolist():
        held[-1:] = [held[-1] + size] if held[-1] + size <= 90 or not held[-1] else [held[-1], size]
    assert backbone.passes == held
    assert len(held) > 1


def test_the_bias_is_what_recent_batches_were_given_over_what_they_were():
    """Against running means written out: new batches count with their number at first, by a tenth later.

    Rows count by how much rarer their class is in the trial's batches than among all rows.
    """
    population = small_population(small_bank(2), [0, 1])
    of_all = np.bincount(np.arange(ROWS) % 3) / ROWS
    weights = [
        of_all / (np.bincount(each.flatten() % 3, minlength=3) / each.size) for each in population.batches.numpy()
    ]
    given, true = np.zeros((2, 2, 3))
    for step in range(STEPS):
        rows = population.batches[:, step].numpy()
        nats = nats_of(population, list(rows))  # before the step: what the loss was computed from
        population.step()
        share = max(1 / max(RECENT_STEPS, ROWS / BATCH), 1 / (step + 1))
        each = np.stack([of_trial[labels] for of_trial, labels in zip(weights, rows % 3, strict=True)])[..., None]
        given += ((np.exp(np.stack(nats)) * each).mean(1) - given) * share
        true += ((np.eye(3)[rows % 3] * each).mean(1) - true) * share
    floor = BIAS_FLOOR / 3
    np.testing.assert_allclose(population.bias(), np.log((given + floor) / (true + floor)), atol=1e-4)


def test_an_untrained_trial_leans_nowhere():
    """Asked before the first step, the answer is finite."""
    assert small_population(small_bank(1), [0]).bias().tolist() == [[0.0, 0.0, 0.0]]
