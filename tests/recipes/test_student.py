"""The model in training: every weight gets the gradient that transformers gives it."""

import numpy as np
import pytest
import torch
from small_models import small_model
from torch.nn import functional as F

from crosspt_cli.core.backbone import Backbone, tree_nats
from crosspt_cli.core.checkpoint import checkpoint_of
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.tasks.label_tree import LabelTree
from recipes.backbone.joint import Part, answer_loss, read_together, start_prompts
from recipes.backbone.optimise import Optimisers
from recipes.backbone.spans import corrupt, draw_spans, span_loss
from recipes.backbone.store import TokenTexts, encoded
from recipes.backbone.student import Student
from recipes.backbone.training import Stage

CPU = torch.device("cpu")


def test_every_weight_gets_the_gradient_that_transformers_gives():
    """Position biases, norms and tied embeddings included; rows of different lengths, targets of two tokens."""
    ours, theirs = small_model(), small_model()
    student = Student(ours, CPU, torch.float32)
    random = np.random.default_rng(0)
    rows = [random.integers(3, 150, length).tolist() for length in (4, 11, 7)]
    targets = torch.as_tensor(random.integers(3, 150, (3, 2)))
    read, layout = student.read(encoded(rows, CPU))
    wanted = targets[layout.order]
    given = torch.cat([torch.zeros(3, 1, dtype=torch.int64), wanted[:, :1]], 1)
    logits = student.every_logit(student.write(read, layout, given).flatten(0, 1))
    F.cross_entropy(logits, wanted.flatten()).backward()
    student.gather_gradients()

    ids = torch.tensor([[*row, 1, *[0] * (11 - len(row))] for row in rows])
    mask = torch.tensor([[1] * (len(row) + 1) + [0] * (11 - len(row)) for row in rows])
    theirs(input_ids=ids, attention_mask=mask, labels=targets).loss.backward()
    for (name, mine), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        scale = reference.grad.abs().max().item() + 1e-8
        np.testing.assert_allclose(mine.grad / scale, reference.grad / scale, atol=2e-4, err_msg=name)


def test_label_words_are_read_from_the_output_matrix_with_its_gradient():
    """Rows looked up for label words add to the gradient that the same rows have as inputs."""
    ours, theirs = small_model(), small_model()
    student = Student(ours, CPU, torch.float32)
    tree = LabelTree.build(((7,), (9,)), 1)
    read, layout = student.read(encoded([[5, 9, 6], [8, 7, 7]], CPU))
    answer_loss(student, read, layout, tree, np.array([0, 1])).backward()
    student.gather_gradients()

    ids = torch.tensor([[5, 9, 6, 1], [8, 7, 7, 1]])
    logits = theirs(input_ids=ids, decoder_input_ids=torch.zeros(2, 1, dtype=torch.int64)).logits[:, 0, [7, 9]]
    F.cross_entropy(logits, torch.tensor([0, 1])).backward()
    for (name, mine), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if reference.grad is not None and reference.grad.any():
            scale = reference.grad.abs().max().item()
            np.testing.assert_allclose(mine.grad / scale, reference.grad / scale, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("layer", [0, 1])
def test_parts_read_together_have_the_losses_and_gradients_of_parts_read_alone(layer):
    """A soft prompt among them, at the input or later: its ids follow the vocabulary's, and it gets its gradient."""
    random = np.random.default_rng(1)
    rows = [random.integers(3, 150, length).tolist() for length in (9, 4, 12, 6, 2)]
    tree, grads, losses = LabelTree.build(((7,), (9,)), 1), [], []
    for together in (True, False):
        model = small_model()
        student, prompts = Student(model, CPU, torch.float32), torch.randn(2, 3, 32, generator=torch.manual_seed(0))
        prompts.requires_grad_()

        def loss(read, layout, _, student=student):
            return answer_loss(student, read, layout, tree, np.arange(len(layout.order)) % 2)

        before = student.prompt_ids(prompts, 1)
        parts = [Part(rows[:2], loss), Part([before + row for row in rows[2:]], loss)]
        calls = [parts] if together else [[part] for part in parts]
        found = [each for call in calls for each in read_together(student, prompts, call, layer)]
        torch.stack(found).sum().backward()
        student.gather_gradients()
        losses.append([each.item() for each in found])
        grads.append([prompts.grad, *(weight.grad for weight in model.parameters() if weight.grad is not None)])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert grads[0][0][0].abs().max() == 0
    assert grads[0][0][1].abs().min() > 0
    for mine, reference in zip(*grads, strict=True):
        np.testing.assert_allclose(mine, reference, atol=1e-5)


@pytest.mark.parametrize("layer", [0, 1])
def test_soft_prompts_are_read_in_training_as_they_are_in_use(layer):
    """At the input and before a later layer; rows of different lengths, two prompts."""
    model = small_model()
    student, prompts = Student(model, CPU, torch.float32), torch.randn(2, 3, 32, generator=torch.manual_seed(0))
    backbone = Backbone("small", "", FrozenT5(checkpoint_of(model), CPU, torch.float32), None)
    rows, which = [[5, 9, 6], [8, 7, 7, 4, 12], [30]], [1, 0, 1]
    tree = backbone.t5.place(LabelTree.build(((7,), (9,)), 1))

    soft = encoded([student.prompt_ids(prompts, p) + row for p, row in zip(which, rows, strict=True)], CPU)
    read, layout = student.read(soft, prompts, layer)
    mine = layout.unsort(tree_nats(student.label_logits(read, layout, tree), tree)).detach()
    texts = backbone.read_to(encoded(rows, CPU), layer) if layer else encoded(rows, CPU)
    used = backbone.class_nats(prompts, torch.tensor(which), texts, tree)
    np.testing.assert_allclose(mine, used, atol=1e-5)


def test_a_young_prompt_starts_at_tokens_as_they_stand_where_it_enters():
    """One start for all; not the embeddings themselves when it enters later."""
    model = small_model()
    student = Student(model, CPU, torch.float32)
    first, later = (start_prompts(student, 2, 4, layer, 0).detach() for layer in (0, 1))
    alone = Backbone("small", "", FrozenT5(checkpoint_of(model), CPU, torch.float32), None)
    ids = [int((model.shared.weight == token).all(1).nonzero()[0]) for token in first[0]]
    texts = EncodedTexts(torch.tensor(ids), torch.tensor([4]), torch.tensor([0]))
    np.testing.assert_allclose(later[0], alone.read_to(texts, 1).stream, atol=1e-5)
    assert torch.equal(first[0], first[1])
    assert torch.equal(later[0], later[1])


def test_a_step_moves_what_the_arithmetic_reads():
    model = small_model()
    student = Student(model, CPU, torch.bfloat16)
    corpus = corpus_of(40)
    optimisers = Optimisers(student, None, 1e-2, 10, decoder=True)
    losses = []
    for step in range(10):
        loss = passage_loss(student, corpus, 300, np.random.default_rng(step % 2))
        loss.backward()
        student.gather_gradients()
        optimisers.step()
        student.refresh()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.3


@pytest.mark.parametrize("length", [2, 8, 40])
def test_what_was_taken_out_can_be_put_back(length):
    """Whatever the text: sentinels in the source, filled with what the target says, give the text again."""
    random, marks = np.random.default_rng(length), list(range(199, 167, -1))
    for _ in range(50):
        text = random.integers(3, 150, length).tolist()
        source, target = corrupt(text, marks, random)
        spans: dict[int, list[int]] = {}
        for token in target:
            if token in marks:
                spans[token] = current = []
            else:
                current.append(token)
        assert [t for token in source for t in spans.get(token, [token])] == text
        assert all(spans.values())


def passage_loss(student: Student, corpus: TokenTexts, tokens: int, random: np.random.Generator) -> torch.Tensor:
    """Return the loss of writing down what was taken out of random passages."""
    rows, targets = draw_spans(corpus, len(student.embedding), tokens, random)
    return span_loss(student, *student.read(encoded(rows, CPU)), targets)


def corpus_of(rows: int) -> TokenTexts:
    """Return random passages of 20 tokens."""
    tokens = np.random.default_rng(0).integers(3, 150, rows * 20).astype(np.uint16)
    return TokenTexts(tokens, np.arange(0, rows * 20 + 1, 20))


class Interrupted(Exception):
    """Somebody pulled the plug."""


def test_a_stage_that_was_interrupted_ends_where_it_would_have_ended(tmp_path, monkeypatch):
    """The same weights, and every loss written down once."""
    monkeypatch.setattr("recipes.backbone.training.SAVE_EVERY", 0.0)
    monkeypatch.setattr("recipes.backbone.training.WRITE_EVERY", 1)
    corpus, ends = corpus_of(40), []
    for folder, stops in ((tmp_path / "whole", ()), (tmp_path / "parts", (3, 2))):
        folder.mkdir()
        for stop in (*stops, None):
            model = small_model()
            student, taken = Student(model, CPU, torch.float32), []
            prompts = torch.zeros(2, 3, 32, requires_grad=True)
            optimisers = Optimisers(student, prompts, 1e-3, 8, decoder=True)
            stage = Stage("small", folder, 8, student, optimisers, prompts, seed=3)

            def take_step(_, random, student=student, prompts=prompts, stop=stop, taken=taken):
                if len(taken) == stop:
                    raise Interrupted
                taken.append(1)
                loss = passage_loss(student, corpus, 100, random) + prompts.square().sum() + prompts.sum()
                loss.backward()
                return {"loss": loss.item()}

            if stop is None:
                stage.run(take_step)
            else:
                with pytest.raises(Interrupted):
                    stage.run(take_step)
        ends.append((model.state_dict(), prompts.detach(), stage.losses.read_text()))
    for name, value in ends[0][0].items():
        assert torch.equal(value, ends[1][0][name]), name
    assert torch.equal(ends[0][1], ends[1][1])
    assert ends[0][2] == ends[1][2]
