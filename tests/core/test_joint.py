"""Source prompts trained together: a run that was stopped ends where it would have ended."""

import math

import numpy as np
import pytest
import torch
from hf_reference import END, as_backbone, random_prompts, random_texts, reference_nats, small_t5

from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.joint import JointBank, JointRates, SourceRows
from crosspt_cli.core.optimise import Schedule
from crosspt_cli.foundation.errors import TrainingError
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.tasks.label_tree import LabelTree

WORDS = (((5,), (6,)), ((7,), (8, 9), (8, 10)), ((11, 5), (12,)))
STEPS = 6


@pytest.fixture
def backbone():
    return as_backbone(small_t5())


@pytest.fixture
def tasks(backbone):
    made = []
    for number, words in enumerate(WORDS):
        texts = encode_texts(random_texts([3 + row % 5 for row in range(8)], seed=number), backbone.device)
        tree = backbone.t5.place(LabelTree.build(words, END))
        made.append(SourceRows(texts, torch.arange(8) % len(words), tree))
    return made


def one_start(tasks) -> torch.Tensor:
    return random_prompts(1).repeat(len(tasks), 1, 1)


def new_bank(backbone, tasks, rates=None, layer: int = 0) -> JointBank:
    return JointBank(backbone, one_start(tasks), tasks, Schedule(STEPS), rates or JointRates(), layer)


def run(bank, steps: int = STEPS) -> list[float]:
    return [bank.step(4, seed=3) for _ in range(steps)]


def test_each_source_starts_with_half_of_its_own_task(backbone, tasks):
    """As much as all others together, so that it learns its task, and shares it."""
    shares = new_bank(backbone, tasks).shares()
    torch.testing.assert_close(shares.diagonal(), torch.full((3,), 0.5))
    torch.testing.assert_close(shares.sum(1), torch.ones(3))


def test_a_source_may_start_with_nearly_all_of_its_own_task(backbone, tasks):
    """Where it starts at a prompt of its own, the others' would take it away from there."""
    bank = JointBank(backbone, random_prompts(3), tasks, Schedule(STEPS), JointRates(), own_share=0.9)
    torch.testing.assert_close(bank.shares().diagonal(), torch.full((3,), 0.9))
    torch.testing.assert_close(bank.shares().sum(1), torch.ones(3))


def test_a_resumed_run_equals_an_uninterrupted_one(backbone, tasks):
    """Sources, attention and losses, to the last bit; through float32 arrays, as on disk."""
    whole, first, second = (new_bank(backbone, tasks) for _ in range(3))
    losses = run(whole)
    run(first, 4)
    second.resume({name: value.astype(np.float32) for name, value in first.state().items()}, steps=4)
    assert run(second, 2) == losses[4:]
    assert torch.equal(second.sources, whole.sources)
    assert torch.equal(second.logits, whole.logits)


def test_all_sources_learn_and_the_backbone_does_not(backbone, tasks):
    """Losses fall, prompts and attention move, the weights keep their bits."""
    frozen = [tensor.clone() for tensor in backbone.t5.tensors()]
    bank = JointBank(backbone, one_start(tasks), tasks, Schedule(30), JointRates())
    losses = run(bank, 30)
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert (bank.sources - random_prompts(1)).abs().amax(dim=(1, 2)).min() > 0.1
    assert not torch.equal(bank.shares(), new_bank(backbone, tasks).shares())
    assert all(map(torch.equal, frozen, backbone.t5.tensors()))


def test_accuracy_is_that_of_the_target_prompt(backbone, tasks):
    """Counted by transformers, row by row, under the mixture that is exported."""
    bank, model = new_bank(backbone, tasks), small_t5()
    run(bank, 3)
    for number, (task, words) in enumerate(zip(tasks, WORDS, strict=True)):
        ids = [part.tolist() for part in task.texts.tokens.split(task.texts.lengths.tolist())]
        with torch.no_grad():
            answers = [int(reference_nats(model, bank.targets()[number], row, words).argmax()) for row in ids]
        wanted = np.mean([answer == true for answer, true in zip(answers, task.labels.tolist(), strict=True)])
        assert bank.accuracy(number, task, 20) == pytest.approx(wanted)


def test_one_task_with_a_huge_gradient_moves_its_prompts_no_further(backbone, tasks):
    """Clipped per source."""
    bank = new_bank(backbone, tasks, JointRates(sources=0.01, attention=0.0))
    bank.step(4, seed=0)
    moved = (bank.sources.detach() - random_prompts(1)).abs().max()
    assert moved <= 0.01 * backbone.learning_scale(tasks[0].texts, torch.arange(8)) * bank.schedule.factor(0) * 1.01
    torch.testing.assert_close(bank.shares().diagonal(), torch.full((3,), 0.5))


def test_prompts_that_enter_later_learn_too(backbone, tasks):
    """And are scored where they were trained."""
    bank = new_bank(backbone, tasks, layer=1)
    early = new_bank(backbone, tasks)
    assert run(bank, 1) != run(early, 1)
    before = bank.sources.detach().clone()
    losses = run(bank)
    assert np.isfinite(losses).all()
    assert (bank.sources - before).abs().amax(dim=(1, 2)).min() > 0.01
    assert bank.accuracy(0, tasks[0], 20) in {count / 8 for count in range(9)}


def test_two_sources_alone_start_even(backbone, tasks):
    """log(S − 1) is nothing there."""
    bank = JointBank(backbone, one_start(tasks[:2]), tasks[:2], Schedule(1), JointRates())
    assert bank.logits.tolist() == [[math.log(1), 0], [0, math.log(1)]]


def test_a_prompt_from_the_vocabulary_is_made_of_the_texts_own_tokens(backbone):
    """And of the same ones for the same stream; with fewer tokens than places some come twice."""
    texts = encode_texts([[5, 6, END], [7, 5, END]], backbone.device)
    one, other = (from_vocabulary(backbone, texts, np.arange(len(texts)), 3, stream(0, "private", 1)) for _ in range(2))
    assert torch.equal(one, other)
    own = backbone.t5.embed(torch.tensor([1, 5, 6, 7]))
    assert all(any(torch.equal(row, embedding) for embedding in own) for row in one)
    assert len({tuple(row.tolist()) for row in one}) == 3
    assert from_vocabulary(backbone, texts, np.arange(len(texts)), 9, stream(0, "private", 1)).shape == (9, 32)


@pytest.mark.parametrize(("spoiled", "source"), [("row", 2), ("rate", 1)])
def test_a_run_ends_at_the_step_at_which_it_stops_being_a_number(spoiled, source, backbone, tasks):
    """Hours more would train on nothing, and end where the result cannot be saved."""
    rates = JointRates(sources=float("nan")) if spoiled == "rate" else None
    bank = new_bank(backbone, tasks, rates)
    if spoiled == "row":
        bank._backward = lambda number, *rest: float("nan") if number == 1 else JointBank._backward(bank, number, *rest)
    before = bank.sources.detach().clone()
    with pytest.raises(TrainingError) as caught:
        run(bank)
    step = 2 if spoiled == "rate" else 1
    assert str(caught.value) == (
        f"pretraining: the loss of source {source} of 3 became nan at step {step}.\n"
        "Try --dtype fp32, or a smaller source-rate in the bank file; if it stays, the backbone's weights or the "
        "prompts of --start may be damaged."
    )
    assert bank.steps == step - 1
    if spoiled == "row":
        assert torch.equal(before, bank.sources)
