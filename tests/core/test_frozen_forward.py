"""The frozen forward pass says what transformers says: a wrong number here would only look like a bad prompt."""

import pytest
import torch
from hf_reference import (
    END,
    KINDS,
    WIDTH,
    WORDS,
    as_backbone,
    our_nats,
    random_prompts,
    random_texts,
    reference_nats,
    small_t5,
)

from crosspt_cli.core.backbone import load_backbone
from crosspt_cli.core.devices import choose_device, choose_dtype
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.read import score_rows, sentence_vectors
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.tasks.label_tree import LabelTree

UNEVEN = (1, 40, 2, 17, 1, 5, 5, 33, 3, 12, 25)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("kind", KINDS)
def test_class_log_likelihoods_equal_transformers(kind, words):
    """Trials' prompts, rows of very different lengths and label trees in one pass: the numbers are Hugging Face's."""
    model = small_t5(kind)
    texts, prompts = random_texts(UNEVEN), random_prompts(3)
    row_prompt = [row % 3 for row in range(len(texts))]
    ours = our_nats(as_backbone(model), prompts, row_prompt, texts, words)
    with torch.no_grad():
        wanted = [reference_nats(model, prompts[t], ids, words) for t, ids in zip(row_prompt, texts, strict=True)]
    torch.testing.assert_close(ours, torch.stack(wanted), atol=2e-5, rtol=1e-5)
    assert ours.std() > 0.05  # numbers that say nothing would be equal too


@pytest.mark.parametrize("length", [1, 2, 30])
def test_one_row_alone_equals_transformers(length):
    """The smallest batch there is: one row, even of the end token alone."""
    model, words = small_t5("v1.1"), WORDS["shared prefixes"]
    texts, prompts = random_texts([length]), random_prompts(1, tokens=1)
    with torch.no_grad():
        wanted = reference_nats(model, prompts[0], texts[0], words)
    torch.testing.assert_close(
        our_nats(as_backbone(model), prompts, [0], texts, words)[0], wanted, atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_prompts_equal_autograd_through_transformers(kind):
    """The backward passes are written by hand; each could be wrong while the loss still falls."""
    model, words = small_t5(kind), WORDS["shared prefixes"]
    texts, row_prompt, true = random_texts(UNEVEN), [0, 1] * 5 + [1], [row % 5 for row in range(len(UNEVEN))]
    ours, theirs = random_prompts(2).requires_grad_(), random_prompts(2).requires_grad_()
    nats = our_nats(as_backbone(model), ours, row_prompt, texts, words)
    nats[range(len(true)), true].sum().backward()
    wanted = [
        reference_nats(model, theirs[t], ids, words)[c] for t, ids, c in zip(row_prompt, texts, true, strict=True)
    ]
    torch.stack(wanted).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=2e-5, rtol=1e-4)
    assert ours.grad.norm() > 0.1


def test_the_same_numbers_come_with_and_without_a_gradient():
    """Training and scoring take different attention kernels."""
    backbone, texts = as_backbone(small_t5()), random_texts(UNEVEN)
    prompts = random_prompts(1)
    with torch.no_grad():
        scored = our_nats(backbone, prompts, [0] * len(texts), texts, WORDS["deep"])
    trained = our_nats(backbone, prompts.requires_grad_(), [0] * len(texts), texts, WORDS["deep"])
    torch.testing.assert_close(scored, trained.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_class_probabilities_sum_to_one(words, dtype):
    """Whatever the labels' lengths: that is what makes confidences comparable."""
    texts = random_texts(UNEVEN)
    nats = our_nats(as_backbone(small_t5(), dtype), random_prompts(1), [0] * len(texts), texts, words)
    assert nats.dtype == torch.float32
    torch.testing.assert_close(nats.exp().sum(1), torch.ones(len(texts)), atol=1e-5, rtol=0)


def test_bfloat16_is_float32_to_its_precision():
    """The fast number format answers the same questions."""
    model, texts = small_t5(), random_texts(UNEVEN)
    exact, fast = (
        our_nats(as_backbone(model, dtype), random_prompts(1), [0] * len(texts), texts, WORDS["deep"])
        for dtype in (torch.float32, torch.bfloat16)
    )
    torch.testing.assert_close(fast, exact, atol=0.2, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_sentence_vectors_are_the_mean_of_the_encoder_outputs(kind):
    """Prototypes and the encoder baseline stand on them; padding must not enter the mean."""
    model, texts = small_t5(kind), random_texts(UNEVEN)
    backbone = as_backbone(model)
    with torch.no_grad():
        wanted = torch.stack([model.encoder(torch.tensor([ids])).last_hidden_state[0].mean(0) for ids in texts])
    encoded = encode_texts(texts, backbone.device)
    torch.testing.assert_close(backbone.sentence_vectors(encoded), wanted, atol=1e-5, rtol=1e-5)
    for at_once in (1, 60, 10_000):
        cut = torch.from_numpy(sentence_vectors(backbone, encoded, at_once))
        torch.testing.assert_close(cut, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("at_once", [1, 50, 10_000])
def test_scoring_in_passes_changes_nothing(at_once):
    """Memory decides how many rows run at once, never what they say; the order is the caller's."""
    backbone, texts = as_backbone(small_t5()), random_texts(UNEVEN)
    prompts, rows = random_prompts(2), [4, 0, 1, 1, 10, 7, 3]
    tree = backbone.t5.place(LabelTree.build(WORDS["deep"], END))
    trial = torch.tensor([0, 1, 0, 1, 1, 0, 0])
    encoded = encode_texts(texts, backbone.device)
    nats = score_rows(backbone, prompts, trial, encoded, torch.tensor(rows), tree, at_once)
    wanted = our_nats(backbone, prompts, trial.tolist(), [texts[row] for row in rows], WORDS["deep"])
    torch.testing.assert_close(torch.from_numpy(nats), wanted, atol=1e-5, rtol=1e-5)


def test_scoring_no_rows_gives_no_rows():
    """A backbone without source prompts ranks none."""
    backbone = as_backbone(small_t5())
    tree = backbone.t5.place(LabelTree.build(WORDS["deep"], END))
    none = torch.zeros(0, dtype=torch.int64)
    texts = encode_texts(random_texts((3,)), backbone.device)
    assert score_rows(backbone, random_prompts(1)[:0], none, texts, none, tree, 100).shape == (0, 5)


def test_taken_texts_keep_their_tokens_and_their_order():
    """Batches are drawn with it."""
    ids = random_texts((3, 1, 5))
    taken = encode_texts(ids, torch.device("cpu")).take(torch.tensor([2, 0, 0, 1]))
    parts = taken.tokens.split(taken.lengths.tolist())
    assert [part.tolist() for part in parts] == [ids[2], ids[0], ids[0], ids[1]]
    assert taken.starts.tolist() == [0, 5, 8, 11]


def test_prompts_of_another_width_are_refused():
    """A wrong prompt must not be broadcast into place."""
    with pytest.raises(ValueError, match=r"prompts has shape \(1, 1, 3, 16\), but must be \[T, D, P, H=32\]"):
        our_nats(as_backbone(small_t5()), random_prompts(1, width=16), [0], random_texts((3,)), WORDS["deep"])


def test_the_embedded_backbone_equals_transformers(mini):
    """The one that everybody gets, with its own activation, heads and tokenizer."""
    from transformers import T5ForConditionalGeneration

    model = T5ForConditionalGeneration.from_pretrained(mini, dtype=torch.float32, local_files_only=True).eval()
    backbone = load_backbone(mini, "mini", "f" * 64, torch.device("cpu"), torch.float32)
    texts = [[*backbone.tokenize(text), END] for text in ("It broke.", "I have bought this coffee for years. " * 20)]
    words = tuple(tuple(backbone.tokenize(word)) for word in ("positive", "negative", "it is very bad", "it is fine"))
    prompts = backbone.t5.embed(torch.tensor(backbone.tokenize("what does the writer think of it"))[:6])[None]
    ours = our_nats(backbone, prompts, [0, 0], texts, words)
    with torch.no_grad():
        wanted = torch.stack([reference_nats(model, prompts[0], ids, words) for ids in texts])
    torch.testing.assert_close(ours, wanted, atol=2e-4, rtol=1e-4)
    assert backbone.width == model.config.d_model
    assert backbone.learning_scale(encode_texts(texts, backbone.device), torch.arange(len(texts))) == pytest.approx(
        1.0, abs=0.01
    )


def test_a_saved_backbone_loads_with_the_same_weights(tmp_path, tiny_backbone):
    """Weights that are silently drawn anew would still train."""
    backbone = load_backbone(tiny_backbone, "tiny", "f" * 64, torch.device("cpu"), torch.float32)
    from safetensors.torch import load_file

    stored = load_file(tiny_backbone / "model.safetensors")
    assert torch.equal(backbone.t5.embedding, stored["shared.weight"])
    assert torch.equal(
        backbone.t5.encoder_layers[1].feed_forward.out, stored["encoder.block.1.layer.1.DenseReluDense.wo.weight"]
    )
    assert backbone.width == WIDTH
    assert not any(tensor.requires_grad for tensor in backbone.t5.tensors())


def test_a_model_that_is_no_t5_is_refused(tmp_path):
    """A BERT folder has weights and a tokenizer too."""
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(IntegrityError) as caught:
        load_backbone(tmp_path, "bert", "f" * 64, torch.device("cpu"), torch.float32)
    assert str(caught.value) == (
        f"{tmp_path}: holds a 'bert' model, not a T5.\nPass --backbone with a T5, v1.1 or flan."
    )


def test_missing_weights_are_refused(tmp_path, tiny_backbone):
    """transformers draws what is missing at random and goes on."""
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_backbone, tmp_path / "part")
    stored = load_file(folder / "model.safetensors")
    del stored["encoder.block.1.layer.1.DenseReluDense.wo.weight"]
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError) as caught:
        load_backbone(folder, "part", "f" * 64, torch.device("cpu"), torch.float32)
    assert str(caught.value) == (
        f"{folder}: lacks 1 weights, encoder.block.1.layer.1.DenseReluDense.wo.weight among them.\n"
        "Download or copy the folder again; 'crosspt registry verify' checks the ones that ship with crosspt."
    )


def test_devices_and_number_formats_are_checked_by_name(monkeypatch):
    """They come from the command line."""
    cpu = torch.device("cpu")
    assert choose_device("cpu") == cpu
    assert choose_dtype("fp32", cpu) == torch.float32
    assert choose_dtype("bf16", cpu) == torch.bfloat16
    assert choose_dtype("auto", cpu) in (torch.float32, torch.bfloat16)
    with pytest.raises(OptionError, match="is 'tpu', but must be one of auto, cpu, cuda"):
        choose_device("tpu")
    with pytest.raises(OptionError, match="is 'fp16', but must be one of auto, fp32, bf16"):
        choose_dtype("fp16", cpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionError) as caught:
        choose_device("cuda")
    assert str(caught.value) == ("device: is cuda, but torch sees no CUDA device here.\nPass auto or cpu.")


def test_a_text_is_read_by_its_own_tokens_with_and_without_its_prompt():
    """The mean leaves the prompt's tokens out; transformers' encoder gives the same."""
    from crosspt_cli.core.read import answer_rows, read_alone

    backbone, model = as_backbone(small_t5()), small_t5()
    prompts, texts = random_prompts(2), random_texts((5, 1, 9))
    encoded = read_alone(backbone, encode_texts(texts, backbone.device), 0, 1000)
    trial, rows = torch.tensor([1, 0, 1]), torch.tensor([2, 0, 1])
    tree = backbone.t5.place(LabelTree.build(((5,), (6,)), END))
    for at_once in (1, 1000):
        found = answer_rows(backbone, prompts, trial, encoded, rows, tree, at_once)
        for place, row in enumerate(rows):
            tokens = model.shared(torch.tensor(texts[row]))
            for prompt, read in ((prompts[trial[place]], found.vectors), (prompts[0][:0], found.plain)):
                states = model.encoder(inputs_embeds=torch.cat([prompt, tokens])[None]).last_hidden_state[0]
                wanted = states[len(prompt) :].mean(0)
                torch.testing.assert_close(torch.from_numpy(read[place]), wanted, atol=1e-5, rtol=1e-5)
