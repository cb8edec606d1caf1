"""Passes are as large as the memory is, measured; one that was too large is done again in halves, and counts once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from population_samples import ROWS, method_of, nats_of, small_bank, small_population, trained, watched

from crosspt_cli.core.memory import MOST_TOKENS, PROBE_TOKENS, USED, Room
from crosspt_cli.core.read import read_to_layer, sentence_vectors
from crosspt_cli.foundation.errors import CrossptError, OutOfMemory

EVERYTHING = np.arange(ROWS)


class FakeMeter:
    """A device on which a pass takes `fixed` bytes and `per_token` for each of the `tokens` that it holds."""

    def __init__(self, per_token: int, free: int, fixed: int = 0) -> None:
        self.per_token, self.bytes_free, self.fixed, self.tokens, self.measured = per_token, free, fixed, 0, []

    def begin(self) -> None:
        self.tokens = 0

    def taken(self) -> int:
        self.measured.append(self.tokens)
        return self.fixed + self.per_token * self.tokens

    def free(self) -> int:
        return self.bytes_free


def run_metered(meter: FakeMeter, sizes: list[int], most: int = 10**9) -> list[slice]:
    """Return the slices in which items of these sizes are worked on."""
    room, slices = Room(meter), []

    def work(part: slice) -> None:
        meter.tokens = sum(sizes[part])
        slices.append(part)

    room.run(len(sizes), lambda first, end: sum(sizes[first:end]), most, work, "an item")
    assert [item for part in slices for item in range(part.start, part.stop)] == list(range(len(sizes)))
    return slices


def gradients(population) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradients that a step would give to the optimiser."""
    kept = []
    population.optimisers[0].step = lambda factor: kept.extend(
        parameter.grad.clone() for parameter in (method_of(population).private, method_of(population).logits)
    )
    population.step()
    del population.optimisers[0].step
    method_of(population).zero_grad()
    return tuple(kept)


def assert_equal_runs(one, other) -> None:
    """Assert that two populations stand at the same point, to rounding."""
    for name in ("losses", "seen"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=1e-5, rtol=1e-4)
    for a, b in zip(method_of(one).parameters(), method_of(other).parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_the_first_pass_is_small_and_the_next_as_large_as_it_showed_to_fit():
    """What a token takes is measured on it, and the free memory divided by that, less a margin."""
    meter = FakeMeter(per_token=1_000, free=10_000_000)
    slices = run_metered(meter, [100] * 300)
    assert slices[0] == slice(0, PROBE_TOKENS // 100)
    fitting = int(USED * 10_000_000 / 1_000) // 100
    assert slices[1] == slice(slices[0].stop, slices[0].stop + fitting)
    assert meter.measured == [PROBE_TOKENS, 8_000]  # and none of the ones of the same size after them


def test_a_larger_pass_is_measured_again():
    """A first pass of a handful of tokens says little about a token."""
    meter = FakeMeter(per_token=1_000, free=10_000_000, fixed=1_000_000)
    slices = run_metered(meter, [10, 3_995, *[5] * 2_000])
    assert meter.measured[0] == 10
    assert slices[1] == slice(1, 2)  # 10 tokens took 1,010,000 bytes: 79 would fit
    assert meter.measured[1:] == [3_995]  # and then 6,398 do, which is not twice as many
    assert slices[2] == slice(2, 2 + 6_398 // 5)


def test_a_large_device_still_gets_passes_that_kernels_can_count():
    """An H200 would fit more than a 32-bit index reaches."""
    slices = run_metered(FakeMeter(per_token=10, free=10**12), [100] * 10_000)
    assert max(part.stop - part.start for part in slices) == MOST_TOKENS // 100


def test_a_caller_may_want_less_than_would_fit():
    """On a CPU larger passes do not pay."""
    slices = run_metered(FakeMeter(per_token=10, free=10**12), [100] * 100, most=500)
    assert {part.stop - part.start for part in slices} == {5}


def test_passes_with_and_without_gradients_are_measured_by_themselves():
    """What is kept for the way back takes several times the memory."""
    meter = FakeMeter(per_token=1_000, free=10_000_000)
    room = Room(meter)

    def work(part: slice) -> None:
        meter.tokens = 100

    room.run(1, lambda first, end: 100, 10**9, work, "an item")
    meter.per_token = 100
    with torch.no_grad():
        room.run(1, lambda first, end: 100, 10**9, work, "an item")
        assert room.tokens() == 80_000
    assert room.tokens() == 8_000


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_pass_that_had_no_memory_is_repeated_in_halves_and_counts_once(failing, late):
    """Neither what was added before it nor the failed pass itself may be counted twice, early or late as it fails."""
    bank, trials, chosen = small_bank(6), list(range(6)), []
    plain = trained(small_population(bank, trials, at_once=100), 3)
    backbone = watched(fails=lambda number, tokens: number in chosen, late=late)
    disturbed = trained(small_population(bank, trials, at_once=100, backbone=backbone), 3)
    chosen.append(len(backbone.passes) + failing)
    for one, other in zip(gradients(disturbed), gradients(plain), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)
    failed = backbone.passes[chosen[0]]
    assert sum(backbone.passes[chosen[0] + 1 : chosen[0] + 3]) == failed
    assert_equal_runs(disturbed, plain)


@pytest.mark.parametrize("late", [False, True])
def test_a_run_on_a_device_with_little_memory_ends_where_an_undisturbed_one_does(late):
    """The search goes on as if nothing had happened, held-out answers and all."""
    bank, trials = small_bank(5), list(range(5))
    plain = trained(small_population(bank, trials))
    backbone = watched(fails=lambda number, tokens: tokens > 110, late=late)
    narrow = trained(small_population(bank, trials, backbone=backbone))
    assert_equal_runs(narrow, plain)
    found, wanted = (nats_of(population, [EVERYTHING] * 5) for population in (narrow, plain))
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert sum(tokens > 110 for tokens in backbone.passes) <= 8  # it was learnt once, not at every step


def test_a_single_trial_that_does_not_fit_is_told_with_what_to_type():
    """There is nothing left to halve."""
    backbone = watched(fails=lambda number, tokens: True)
    population = small_population(small_bank(2), [0, 1], backbone=backbone)
    with pytest.raises(OutOfMemory) as caught:
        population.step()
    assert str(caught.value) == (
        f"memory: a trial's batch of {backbone.passes[-1]} tokens does not fit into the memory on the device.\n"
        "Pass --dtype bf16 where it is fp32, a smaller --backbone or --device cpu, end other programs that hold memory "
        "of the device, or shorten the longest texts."
    )
    assert isinstance(caught.value, CrossptError)
    assert isinstance(caught.value, MemoryError)


def test_a_single_row_that_cannot_be_scored_is_told_with_the_memory_that_is_free():
    """Prediction has rows where training has trials."""
    backbone = watched(fails=lambda number, tokens: True, room=Room(FakeMeter(1, 3_000_000)))
    population = small_population(small_bank(1), [0], backbone=backbone)
    with pytest.raises(OutOfMemory, match=r"a row of \d+ tokens does not fit into the 3 MB that are free on the dev"):
        population.answers([EVERYTHING])


def test_scoring_with_failing_passes_gives_every_row_its_own_answer():
    """A repeated part must not end at another row's place."""
    bank = small_bank(2)
    plain = nats_of(small_population(bank, [0, 1]), [EVERYTHING, EVERYTHING[::-1]])
    backbone = watched(fails=lambda number, tokens: tokens > 40)
    found = nats_of(small_population(bank, [0, 1], backbone=backbone), [EVERYTHING, EVERYTHING[::-1]])
    np.testing.assert_allclose(found, plain, atol=1e-5)
    assert len(backbone.passes) > 4


def test_reading_texts_in_halves_gives_the_same_vectors_and_streams(monkeypatch):
    """What is computed once per row goes through the same room."""
    population = small_population(small_bank(1), [0])
    texts, backbone = population.texts, population.backbone
    vectors, streams = sentence_vectors(backbone, texts, 10_000), read_to_layer(backbone, texts, 1, 10_000).stream
    run_layers, failed = backbone.t5.run_layers, []

    def narrow(hidden, *rest):
        if len(hidden) > 30:
            failed.append(len(hidden))
            raise torch.OutOfMemoryError
        return run_layers(hidden, *rest)

    monkeypatch.setattr(backbone.t5, "run_layers", narrow)
    np.testing.assert_allclose(sentence_vectors(backbone, texts, 10_000), vectors, atol=1e-5)
    torch.testing.assert_close(read_to_layer(backbone, texts, 1, 10_000).stream, streams, atol=1e-4, rtol=1e-4)
    assert failed
