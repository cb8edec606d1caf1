"""Prompts that differ from layer to layer, and populations of several methods."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hf_reference import END, as_backbone, our_nats, random_prompts, random_texts, small_t5
from population_samples import ROWS, STEPS, nats_of, small_bank, small_population, trained

from crosspt_cli.core.bank import Part, TrialBank
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.initialise import from_vocabulary, from_vocabulary_by_layer
from crosspt_cli.core.methods.layers import Layers
from crosspt_cli.core.packing import prompted_layout
from crosspt_cli.core.read import read_to_layer
from crosspt_cli.core.train import Population
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.tasks.label_tree import LabelTree

WORDS = ((5, 6, 7), (5, 6, 8), (5, 9), (10,))
TEXTS = random_texts([3, 9, 5, 14])


def layers_of(trials: int) -> Layers:
    """Return trials with a prompt for each of the small T5's two encoder layers."""
    draw = torch.Generator().manual_seed(5)
    values = torch.randn(trials, 2, 3, small_bank(1).private.shape[2], generator=draw)
    return Layers(values, torch.full((trials, 2), 0.05))


def both(order: list[int]) -> Population:
    """Return a population of three mixtures and two prompts of every layer, whose places are `order`."""
    mixtures, layers = small_bank(3), layers_of(2)
    bank = TrialBank([Part(mixtures, torch.tensor(order[:3])), Part(layers, torch.tensor(order[3:]))])
    one = small_population(mixtures, [0, 1, 2])
    batches = np.stack([np.random.default_rng(order.index(t)).integers(0, ROWS, (STEPS, 4)) for t in range(5)])
    return Population(
        one.backbone, one.texts, one.labels, one.tree, bank, batches, np.full((5, 3), 1 / 3), one.schedule, 100_000
    )


def test_a_deeper_prompt_that_is_what_the_layer_makes_of_it_changes_nothing():
    """The places are the right ones, whatever the rows' lengths: read once with one layer, once with both."""
    backbone, prompts, rows = as_backbone(small_t5()), random_prompts(2), torch.tensor([0, 1, 1, 0])
    texts = encode_texts(TEXTS, backbone.device)
    layout = prompted_layout(texts.lengths, 3)
    packed = layout.pack(prompts[rows].flatten(0, 1), backbone.stream(texts))
    after = backbone.t5.run_layers(packed, layout, 0, 1)[layout.prompt_places(12)].view(4, 3, -1)
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    every = torch.arange(4)
    deep = torch.stack([prompts[rows], after], 1)  # [4, D, P, H], one for each row
    found = backbone.class_nats(deep, every, texts, tree)
    torch.testing.assert_close(found, backbone.class_nats(prompts, rows, texts, tree), atol=1e-5, rtol=1e-5)
    changed = backbone.class_nats(torch.stack([prompts[rows], after + 1], 1), every, texts, tree)
    assert (changed - found).abs().amax(1).min() > 1e-3  # and every row's own is read


def test_one_layer_is_a_prompt_as_before():
    """D = 1, to the last bit."""
    backbone, prompts, rows = as_backbone(small_t5()), random_prompts(2), [0, 1, 1, 0]
    one = our_nats(backbone, prompts, rows, TEXTS, WORDS)
    assert torch.equal(one, our_nats(backbone, prompts[:, None], rows, TEXTS, WORDS))


def test_every_layers_prompt_gets_a_gradient():
    """One that had none would never be trained, and nobody would see it."""
    backbone = as_backbone(small_t5())
    prompts = torch.stack([random_prompts(2), random_prompts(2, seed=1)], 1).requires_grad_()
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    texts = encode_texts(TEXTS, backbone.device)
    backbone.class_nats(prompts, torch.tensor([0, 1, 1, 0]), texts, tree)[:, 0].sum().backward()
    assert (prompts.grad.abs().amax((2, 3)) > 0).all()


@pytest.mark.parametrize("layer", [0, 1])
def test_prompts_start_at_the_tasks_tokens_as_they_stand_at_each_layer(layer):
    """The first of them is the start that a prompt of one layer has."""
    backbone = as_backbone(small_t5())
    texts = read_to_layer(backbone, encode_texts(TEXTS, backbone.device), layer, 1_000)
    rows = np.array([1, 3])
    found = from_vocabulary_by_layer(backbone, texts, rows, 4, stream(0, "start"))
    assert found.shape[:2] == (2 - layer, 4)
    assert torch.equal(found[0], from_vocabulary(backbone, texts, rows, 4, stream(0, "start")))
    if layer == 0:
        below = read_to_layer(backbone, texts, 1, 1_000)
        places = below.places(torch.as_tensor(rows))
        assert all((below.stream[places] - row).abs().amax(1).min() < 1e-5 for row in found[1])


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 0, 2, 3, 1]])
def test_trials_of_several_methods_train_as_by_themselves(order):
    """A neighbour of another method has no say, wherever it stands."""
    together, alone = trained(both(order)), trained(small_population(small_bank(3), [0, 1, 2]))
    held_out = [np.arange(ROWS)] * 5
    found = nats_of(together, held_out)
    for number, place in enumerate(order[:3]):
        np.testing.assert_allclose(found[place], nats_of(alone, held_out[:3])[number], atol=1e-4)
        np.testing.assert_allclose(together.bias()[place], alone.bias()[number], atol=1e-4)
    before = layers_of(2).values
    after = next(part.method for part in together.bank.parts if isinstance(part.method, Layers)).values
    assert ((after - before).abs().amax((2, 3)) > 0.01).all()
    np.testing.assert_allclose(together.answers(held_out[:2], 3)[1].nats, found[4], atol=1e-5)


def test_pruning_keeps_the_trials_of_both_methods():
    """In the order that was asked for, with their optimisers' state; a method of which none stays goes."""
    whole, kept = both([0, 3, 1, 2, 4]), both([0, 3, 1, 2, 4])
    for population in (whole, kept):
        trained(population, 3)
    kept.keep([4, 3, 0])
    for population in (whole, kept):
        trained(population, 3)
    found, wanted = nats_of(kept, [np.arange(ROWS)] * 3), nats_of(whole, [np.arange(ROWS)] * 5)
    for place, before in enumerate([4, 3, 0]):
        np.testing.assert_allclose(found[place], wanted[before], atol=1e-4)
    kept.keep([1, 2])
    assert [type(part.method).__name__ for part in kept.bank.parts] == ["Mixture"]
    assert kept.failed() == [False, False]


def test_places_that_are_not_all_trials_are_refused():
    with pytest.raises(ValueError, match="the places of 2 trials"):
        TrialBank([Part(layers_of(2), torch.tensor([0, 2]))])
