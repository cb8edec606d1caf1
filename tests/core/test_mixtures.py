"""Other mixtures of CrossPT, by their equations: an encoded private prompt, sources that learn along, the router."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from method_samples import ATTENTION, MIXED, RATES, SOURCES, STEPS, TOKENS, population_of, small_start, started
from population_samples import method_of, trained
from torch.distributions import RelaxedBernoulli

from crosspt_cli.core.methods.learned_sources import LearnedSources
from crosspt_cli.core.methods.router import COLDEST, Router, first_temperature, sample


def softmax_by_hand(logits: torch.Tensor) -> torch.Tensor:
    """Return softmax(M z) of one trial's logits over M sources and the private prompt."""
    m = max(1, len(logits) - 1)
    return (m * logits).exp() / (m * logits).exp().sum()


def test_an_encoded_private_prompt_passes_a_linear_layer():
    """P_t = Σ_s w_s P_s + w_u E W, with sources that do not pass W; it starts where the mixture does, at W = 1."""
    before, mixture = started("encoded", [0, 1, 2]), started("mixture", [0, 1, 2])
    assert torch.equal(before.prompts(), mixture.prompts())
    after = method_of(trained(population_of("encoded", [0, 1, 2]), STEPS))
    for trial in range(3):
        assert not torch.equal(after.encoder[trial], before.encoder[trial])
        places = list(MIXED[trial])
        shares = softmax_by_hand(after.logits[trial, [*places, SOURCES]])
        wanted = shares[-1] * (after.embedded[trial] @ after.encoder[trial])
        for share, place in zip(shares, places, strict=False):
            wanted = wanted + share * after.sources[place]
        torch.testing.assert_close(after.folded(trial), wanted.detach(), atol=1e-5, rtol=1e-5)


def test_learned_sources_are_each_trials_own_copies():
    """P_t = Σ_m w_m Q_m + w_u P_u, where Q_m starts at source m; the saved prompts stay as they are."""
    given, before = small_start("learned-sources", [0, 1, 2, 3]), started("learned-sources", [0, 1, 2, 3])
    for trial, places in enumerate(MIXED):
        assert torch.equal(before.copies[trial, : len(places)], given.sources[list(places)])
        assert (before.copies[trial, len(places) :] == 0).all()
    after = method_of(trained(population_of("learned-sources", [0, 1, 2, 3]), STEPS))
    for trial, places in enumerate(MIXED):
        m = len(places)
        shares = softmax_by_hand(after.logits[trial, [*range(m), -1]])
        wanted = shares[-1] * after.private[trial]
        for number in range(m):
            wanted = wanted + shares[number] * after.copies[trial, number]
        torch.testing.assert_close(after.folded(trial), wanted.detach(), atol=1e-5, rtol=1e-5)
        assert (after.copies[trial, m:] == 0).all()
        mixed = after.mixed(trial)
        assert mixed.sources == places
        assert torch.equal(mixed.learned, after.copies[trial, :m].detach())
    assert not torch.equal(after.copies[2, 0], after.copies[3, 1])  # both started at source 0


def test_learned_sources_learn_faster_than_the_private_prompt():
    """By the attention's rate against the private one, as the paper asks."""
    before, after = started("learned-sources", [2]), method_of(trained(population_of("learned-sources", [2]), 1))
    moved = [(getattr(after, name) - getattr(before, name)).detach().abs().mean() for name in ("copies", "private")]
    assert moved[0].item() == pytest.approx(ATTENTION / 5, rel=1e-2)  # the first of five steps of warm-up
    assert moved[1].item() == pytest.approx(RATES[2] / 5, rel=1e-2)


def test_a_source_that_was_learned_is_taken_out_as_it_was_learned():
    """What is left is made of the copies, not of the saved prompts."""
    method = method_of(trained(population_of("learned-sources", [2]), STEPS))
    mixed = method.mixed(0)
    left = mixed.without(1, method.copies[0] * float("nan"), private_is_copy=False)
    shares = mixed.shares / (mixed.shares.sum() - mixed.shares[1])
    copies = method.copies[0].detach()
    wanted = shares[0] * copies[0] + shares[2] * copies[2] + shares[3] * mixed.private
    torch.testing.assert_close(left, wanted)


def test_trials_without_any_sources_can_learn_none():
    """K = 0: there are no copies, and the prompt is the private one."""
    method = method_of(trained(population_of("learned-sources", [0]), STEPS))
    assert isinstance(method, LearnedSources)
    assert method.copies.shape[:2] == (1, 0)
    assert torch.equal(method.folded(0), method.private[0].detach())


def test_the_router_samples_a_relaxed_bernoulli():
    """y = σ((z + ε) / t) with logistic ε has the mean and the spread of what torch draws."""
    logits, temperature = torch.randn(2, 4), torch.tensor([0.5, 2.0])
    distribution = RelaxedBernoulli(temperature[:, None].expand(2, 4), logits=logits)
    drawn = torch.stack([distribution.sample() for _ in range(4000)])
    noise = torch.from_numpy(np.random.default_rng(0).logistic(size=(4000, 2, 4))).float()
    ours = torch.stack([sample(logits, each, temperature) for each in noise])
    torch.testing.assert_close(ours.mean(0), drawn.mean(0), atol=0.04, rtol=0)
    torch.testing.assert_close(ours.std(0), drawn.std(0), atol=0.04, rtol=0)


@pytest.mark.parametrize("step", [0, 3, 7])
def test_in_training_the_shares_are_those_of_the_samples(step):
    """w = softmax(M y), y = σ((z + ε_n) / t), t = t₀ (1 - n/N), source by source and never one not used."""
    method = started("router", [0, 1, 2])
    method.logits.data = torch.randn(3, SOURCES + 1)
    cooled = 5.0 * (1 - step / STEPS)  # six rows each
    prompts = method.training_prompts(step)
    assert prompts.shape == (3, 1, TOKENS, 32)
    for trial in range(3):
        slots = [*MIXED[trial], SOURCES]
        y = 1 / (1 + (-(method.logits[trial, slots] + method.noise[trial, step, slots]) / cooled).exp())
        shares = softmax_by_hand(y)
        wanted = shares[-1] * method.private[trial]
        for share, place in zip(shares, slots[:-1], strict=False):
            wanted = wanted + share * method.sources[place]
        torch.testing.assert_close(prompts[trial, 0], wanted)


def test_what_answers_has_plain_shares():
    """At prediction w = softmax(M z), without noise: the folded prompt is the same whenever it is asked for."""
    method = method_of(trained(population_of("router", [0, 1, 2]), STEPS))
    assert isinstance(method, Router)
    for trial in range(3):
        slots = [*MIXED[trial], SOURCES]
        torch.testing.assert_close(method.shares()[trial, slots], softmax_by_hand(method.logits[trial, slots]))
        assert torch.equal(method.folded(trial), method.folded(trial))


def test_the_router_draws_of_each_trials_own_numbers():
    """Neighbours and their order change none of them, and every step and slot has its own."""
    together, alone = started("router", [0, 1, 2]), started("router", [2])
    assert torch.equal(together.noise[2], alone.noise[0])
    assert len(together.noise.flatten().unique()) == together.noise.numel()
    assert together.noise.shape == (3, STEPS, SOURCES + 1)


def test_the_router_cools_down():
    """From a temperature that falls with the rows to one that never reaches 0."""
    assert [first_temperature(rows) for rows in (9, 10, 19, 20)] == [5.0, 3.0, 3.0, 1.0]
    method = started("router", [2])
    method.temperature.fill_(0.0)
    y = torch.sigmoid((method.logits + method.noise[:, 0]) / COLDEST)
    wanted = softmax_by_hand(y[0])
    prompt = wanted[-1] * method.private[0] + torch.einsum("s,sph->ph", wanted[:-1], method.sources)
    torch.testing.assert_close(method.training_prompts(0)[0, 0], prompt)
