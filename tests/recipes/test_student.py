"""The model in training: every weight gets the gradient that transformers gives it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers import T5Config, T5ForConditionalGeneration

from recipes.backbone.optimise import Optimisers
from recipes.backbone.spans import corrupt, span_loss
from recipes.backbone.store import TokenTexts, encoded
from recipes.backbone.student import Student
from recipes.backbone.training import Stage

CPU = torch.device("cpu")


def small_model() -> T5ForConditionalGeneration:
    """Return a random T5 with tied embeddings and a plain gelu, as the recipe makes them."""
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=200, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=2, num_heads=4,
        feed_forward_proj="gelu", dropout_rate=0.0, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    return T5ForConditionalGeneration(config)


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
    logits = student.write(read, layout, given) @ student.output.T
    F.cross_entropy(logits.flatten(0, 1), wanted.flatten()).backward()
    student.gather_gradients()

    ids = torch.tensor([[*row, 1, *[0] * (11 - len(row))] for row in rows])
    mask = torch.tensor([[1] * (len(row) + 1) + [0] * (11 - len(row)) for row in rows])
    theirs(input_ids=ids, attention_mask=mask, labels=targets).loss.backward()
    for (name, mine), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        scale = reference.grad.abs().max().item() + 1e-8
        np.testing.assert_allclose(mine.grad / scale, reference.grad / scale, atol=2e-4, err_msg=name)


def test_a_step_moves_what_the_arithmetic_reads():
    model = small_model()
    student = Student(model, CPU, torch.bfloat16)
    corpus = corpus_of(40)
    optimisers = Optimisers(model, None, 1e-2, 10, decoder=True)
    losses = []
    for step in range(10):
        loss = span_loss(student, corpus, 300, np.random.default_rng(step % 2))
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
            optimisers = Optimisers(model, prompts, 1e-3, 8, decoder=True)
            stage = Stage("small", folder, 8, student, optimisers, prompts, seed=3)

            def take_step(random, student=student, prompts=prompts, stop=stop, taken=taken):
                if len(taken) == stop:
                    raise Interrupted
                taken.append(1)
                loss = span_loss(student, corpus, 100, random) + prompts.square().sum() + prompts.sum()
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
