"""A backbone with fewer layers: what is kept is the same, and the whole encoder teaches it."""

import numpy as np
import pytest
import torch
from small_models import small_model
from transformers import T5ForConditionalGeneration

from recipes.backbone.distil import imitation_loss
from recipes.backbone.optimise import HEALING_RATE, Optimisers
from recipes.backbone.shorten import Parent, keep_layers
from recipes.backbone.store import encoded
from recipes.backbone.student import Student

CPU = torch.device("cpu")


@pytest.fixture
def whole() -> T5ForConditionalGeneration:
    """Return a random T5 with four encoder layers."""
    return small_model(layers=4).eval()


def texts(count: int, seed: int = 0):
    """Return random texts of 3 to 12 tokens."""
    random = np.random.default_rng(seed)
    return encoded([random.integers(3, 150, random.integers(3, 13)).tolist() for _ in range(count)], CPU)


def test_with_every_layer_it_is_the_same_model(whole):
    kept = keep_layers(whole, (0, 1, 2, 3)).state_dict()
    assert kept.keys() == whole.state_dict().keys()
    assert all(torch.equal(kept[name], weight) for name, weight in whole.state_dict().items())


def test_a_layer_that_is_left_out_is_as_one_that_adds_nothing(whole):
    """The position bias stays when the layer that held it goes, and decoder and embeddings are untouched."""
    kept = keep_layers(whole, (1, 3))
    ids, first = torch.tensor([[7, 9, 11, 30, 1]]), torch.zeros(1, 1, dtype=torch.int64)
    found = kept(input_ids=ids, decoder_input_ids=first).logits
    for layer in (0, 2):
        for part in whole.encoder.block[layer].layer:
            writes = part.SelfAttention.o if hasattr(part, "SelfAttention") else part.DenseReluDense.wo
            torch.nn.init.zeros_(writes.weight)
    wanted = whole(input_ids=ids, decoder_input_ids=first).logits
    torch.testing.assert_close(found, wanted)


def test_transformers_and_crosspt_read_what_was_saved(whole, tmp_path):
    """A plain T5: loaded from its folder, both forward passes give the same encoder output."""
    keep_layers(whole, (1, 2)).save_pretrained(tmp_path)
    loaded = T5ForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert loaded.config.num_layers == 2
    one = texts(1)
    read, _ = Student(loaded, CPU, torch.float32).read(one)
    torch.testing.assert_close(read, loaded.encoder(input_ids=one.tokens[None]).last_hidden_state[0], atol=2e-5, rtol=0)


def test_the_whole_encoder_has_nothing_to_teach_itself(whole):
    """Rows of different lengths are packed by length; what is taught is put against the right tokens."""
    student, batch = Student(whole, CPU, torch.float32), texts(9)
    read, layout = student.read(batch)
    loss = imitation_loss(read, layout, batch.lengths, Parent(student).view(batch))
    assert loss.item() == pytest.approx(0.0, abs=1e-5)


def test_a_shortened_encoder_learns_what_the_whole_one_says(whole):
    """Healing lowers the loss on texts that it was not healed on, and moves neither decoder nor the whole encoder."""
    parent = Parent(Student(whole, CPU, torch.float32))
    before = {name: weight.clone() for name, weight in whole.state_dict().items()}
    short = keep_layers(whole, (0, 2))
    student, held_out = Student(short, CPU, torch.float32), texts(40, seed=9)

    def loss_of(batch):
        read, layout = student.read(batch)
        return imitation_loss(read, layout, batch.lengths, parent.view(batch))

    first = loss_of(held_out).item()
    optimisers = Optimisers(student, None, HEALING_RATE * 10, 60, decoder=False)
    for step in range(60):
        loss_of(texts(32, seed=100 + step)).backward()
        student.gather_gradients()
        optimisers.step()
        student.refresh()
    assert loss_of(held_out).item() < 0.8 * first
    assert all(torch.equal(before[name], weight) for name, weight in whole.state_dict().items())
    decoder = {name for name in before if name.startswith("decoder.block")}
    assert all(torch.equal(before[name], short.state_dict()[name]) for name in decoder)
