"""What the search relies on, of every method there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hf_reference import WIDTH
from method_samples import MIXED, SOURCES, STEPS, TOKENS, population_of, started
from population_samples import ROWS, method_of, nats_of, trained

from crosspt_cli.core.methods import METHODS
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.methods import METHODS as KNOWN
from crosspt_cli.foundation.methods import Sizes, about, find_method

EVERY = list(range(len(MIXED)))
HELD_OUT = np.arange(0, ROWS, 2)


def assert_near(one: torch.Tensor, other: torch.Tensor) -> None:
    """Hold two arrays against each other as wholes.

    A number whose gradient is nearly nothing goes where rounding sends it, because Adam takes its size away.
    """
    assert torch.linalg.vector_norm(one - other) < 5e-3 * torch.linalg.vector_norm(one)


def assert_same_trial(one, place: int, other, other_place: int) -> None:
    """Hold against each other what is read of a trial: its prompt, its answers, and what is kept of it."""
    assert not one.failed()[place]
    assert_near(method_of(one).folded(place), method_of(other).folded(other_place))
    nats = [
        nats_of(population, [HELD_OUT] * len(population.bank))[at]
        for population, at in ((one, place), (other, other_place))
    ]
    np.testing.assert_allclose(*nats, atol=1e-2)
    saved, wanted = method_of(one).saved(place), method_of(other).saved(other_place)
    assert saved.keys() == wanted.keys()
    for name, values in saved.items():
        assert_near(values, wanted[name])


@pytest.mark.parametrize("name", METHODS)
def test_trials_of_a_method_train_together_as_each_does_alone(name):
    """With other rows, rates, sources and random numbers beside them."""
    together = trained(population_of(name, EVERY), STEPS)
    for trial in EVERY:
        assert_same_trial(together, trial, trained(population_of(name, [trial]), STEPS), 0)


@pytest.mark.parametrize("name", METHODS)
def test_trials_of_a_method_that_are_kept_go_on_as_if_they_were_all(name):
    """In another order, in the middle of the run."""
    whole, kept = population_of(name, EVERY), trained(population_of(name, EVERY), 4)
    trained(whole, STEPS)
    kept.keep([3, 1])
    trained(kept, STEPS - 4)
    for place, trial in enumerate((3, 1)):
        assert_same_trial(kept, place, whole, trial)


@pytest.mark.parametrize("name", METHODS)
def test_the_same_trials_twice_have_the_same_bits(name):
    """Whatever they draw comes from their own random numbers."""
    one, other = (trained(population_of(name, [1, 2]), STEPS) for _ in range(2))
    for trial in range(2):
        assert torch.equal(method_of(one).folded(trial), method_of(other).folded(trial))


@pytest.mark.parametrize("name", METHODS)
def test_every_trial_of_a_method_leaves_its_start(name):
    """By about its learning rate at each step: neither stuck nor thrown far away."""
    before, after = started(name, EVERY), method_of(trained(population_of(name, EVERY), STEPS))
    sources = started("mixture", EVERY).sources.clone()
    for trial, rate in enumerate((0.05, 0.1, 0.02, 0.05)):
        moved = (after.folded(trial) - before.folded(trial)).square().mean().sqrt()
        assert 0.5 * rate < moved < 12 * rate + 0.6 * (len(before_mixed(before, trial)) > 1)
    if "sources" in dict(after.named_buffers()):
        assert torch.equal(after.sources, sources)


def before_mixed(method, trial: int) -> tuple[int, ...]:
    """Return the sources whose shares may change a trial's prompt."""
    mixed = method.mixed(trial)
    return () if mixed is None else mixed.sources


@pytest.mark.parametrize("name", METHODS)
def test_what_a_prompt_is_mixed_from_makes_the_prompt(name):
    """Σ share × source + share × private is the folded prompt, of every method that says that it mixes."""
    population = trained(population_of(name, EVERY), 3)
    method = method_of(population)
    for trial in EVERY:
        mixed = method.mixed(trial)
        assert (mixed is not None) == about(name).is_mixed
        if mixed is not None:
            assert sorted(mixed.sources) == sorted(MIXED[trial])
            values = started("mixture", EVERY).sources
            values = values[list(mixed.sources)] if mixed.learned is None else mixed.learned
            parts = torch.cat([values, mixed.private[None]])
            torch.testing.assert_close(torch.einsum("m,mph->ph", mixed.shares, parts), method.folded(trial))
            torch.testing.assert_close(method.saved(trial)["private"], mixed.private)


@pytest.mark.parametrize("name", METHODS)
def test_as_many_parameters_as_are_told_are_trained(name):
    """What `crosspt methods list` says is counted, not typed."""
    used = min(SOURCES, about(name).most_sources)
    trials = started(name, [2])
    sizes = Sizes(tokens=TOKENS, width=WIDTH, sources=used, layers=2)
    trained_alone = [group for group in trials.groups() if group.rates.abs().sum() > 0]
    assert about(name).parameters(sizes) == sum(group.values.numel() for group in trained_alone)


def test_every_method_is_described_and_every_description_is_of_a_method():
    """Both tables have the same names in the same order."""
    assert list(METHODS) == list(KNOWN)
    for known in KNOWN.values():
        assert known.trained and known.source and known.alone
        assert ("{sources}" in known.beside) == (known.most_sources > 0)
        assert replace(known, is_mixed=False) == known or known.most_sources > 1


def test_an_unknown_method_is_told_with_those_there_are():
    with pytest.raises(OptionError) as told:
        find_method("lora")
    assert f"is 'lora', but must be one of {', '.join(METHODS)}." in str(told.value)


def test_a_method_of_a_later_version_is_called_by_its_name():
    """A task of it has one folded prompt like any other, and can be read."""
    assert about("lora").alone == about("lora").beside == "prompts of the method lora"
