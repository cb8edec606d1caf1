"""Weights and configurations that are read without transformers are what transformers reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from hf_reference import KINDS, small_t5
from safetensors.torch import load_file, save_file
from transformers import T5ForConditionalGeneration
from transformers.activations import ACT2FN

from crosspt_cli.core.architecture import ACTIVATIONS, read_architecture
from crosspt_cli.core.checkpoint import checkpoint_of, read_checkpoint
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.foundation.errors import IntegrityError

CPU = torch.device("cpu")
TABLE = "shared.weight"
RELOAD = "Download or copy the folder again; 'crosspt registry verify' checks the ones that ship with crosspt."


def as_pickled(folder: Path, **form: bool) -> None:
    """Save the weights of a folder again as older versions of transformers did."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin", **form)
    (folder / "model.safetensors").unlink()


def as_pickled_shards(folder: Path) -> None:
    """Save the weights in two files and an index, as older versions of transformers did."""
    stored = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    place = {name: f"pytorch_model-0000{number % 2 + 1}-of-00002.bin" for number, name in enumerate(stored)}
    for file in set(place.values()):
        torch.save({name: tensor for name, tensor in stored.items() if place[name] == file}, folder / file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": place}))


def under_another_name(folder: Path) -> None:
    """Keep the embedding table under the encoder's name for it alone, as some conversions do."""
    stored = load_file(folder / "model.safetensors")
    stored["encoder.embed_tokens.weight"] = stored.pop(TABLE)
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})


def with_copies(folder: Path) -> None:
    """Keep the embedding table four times, as files do that were not made of a tied model."""
    stored = load_file(folder / "model.safetensors")
    for name in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"):
        stored[name] = stored[TABLE].clone()
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})


def with_an_output_of_its_own(folder: Path) -> None:
    """Give the folder an output matrix, as v1.1 has one."""
    stored = load_file(folder / "model.safetensors")
    stored["lm_head.weight"] = stored[TABLE].flip(0).contiguous()
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})


FORMS = {
    "safetensors": lambda folder: None,
    "pickled": as_pickled,
    "pickled before there were zip files": lambda folder: as_pickled(folder, _use_new_zipfile_serialization=False),
    "pickled shards": as_pickled_shards,
    "another name": under_another_name,
    "copies": with_copies,
    "untied": with_an_output_of_its_own,
}


def saved(folder: Path, kind: str = "v1.1", **settings: str) -> Path:
    """Return a folder as transformers saves it."""
    small_t5(kind).save_pretrained(folder, **settings)
    return folder


def assert_read_as_transformers_does(folder: Path) -> None:
    model = T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    wanted, found = checkpoint_of(model), read_checkpoint(folder)
    assert found.architecture == wanted.architecture
    for dtype in (torch.float32, torch.bfloat16):
        ours, theirs = FrozenT5(found, CPU, dtype), FrozenT5(wanted, CPU, dtype)
        assert (ours.output is ours.embedding) == (theirs.output is theirs.embedding)
        for mine, reference in zip(ours.tensors(), theirs.tensors(), strict=True):
            assert torch.equal(mine, reference)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["v1.0", "v1.1"])
def test_every_form_of_weights_is_read_as_transformers_reads_it(tmp_path, kind, form):
    """Who onboarded on an older download keeps the task."""
    FORMS[form](saved(tmp_path, kind))
    assert_read_as_transformers_does(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_and_shards_are_read_as_transformers_reads_them(tmp_path, kind, dtype):
    """The embedded backbones are float16; large ones come in shards."""
    small_t5(kind).to(dtype).save_pretrained(tmp_path, max_shard_size="20KB")
    assert (tmp_path / "model.safetensors.index.json").is_file()
    assert_read_as_transformers_does(tmp_path)


@pytest.mark.parametrize("name", ["mini", "mini-fast"])
def test_the_embedded_backbones_are_read_as_transformers_reads_them(mini, name):
    """Bit for bit, so that no fitted task moves."""
    assert_read_as_transformers_does(mini.parent / name)


def test_a_configuration_as_the_first_had_it_is_read_as_transformers_reads_it(tmp_path):
    """The original T5's names neither the activation nor the farthest distance, nor the decoder's layers."""
    config = json.loads((saved(tmp_path, "v1.0") / "config.json").read_text())
    kept = ("model_type", "d_model", "d_kv", "d_ff", "num_heads", "num_layers", "vocab_size", "decoder_start_token_id")
    short = {name: config[name] for name in kept} | {"relative_attention_num_buckets": 8}
    (tmp_path / "config.json").write_text(json.dumps(short))
    assert read_architecture(tmp_path).max_distance == 128
    assert_read_as_transformers_does(tmp_path)


@pytest.mark.parametrize("named", ["v1.1 by itself", "what later versions wrote"])
def test_outputs_are_scaled_where_transformers_scales_them(tmp_path, named):
    """That v1.1 does not is only said by what its configuration says of tying."""
    config = json.loads((saved(tmp_path) / "config.json").read_text())
    if named == "v1.1 by itself":
        config = {**config, "tie_word_embeddings": False}
        for name in ("scale_decoder_outputs", "dense_act_fn", "is_gated_act"):
            config.pop(name, None)
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert not read_architecture(tmp_path).scales_output
    assert_read_as_transformers_does(tmp_path)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_that_of_transformers(name):
    """They go by the same names."""
    x = torch.linspace(-6, 6, 500)
    torch.testing.assert_close(ACTIVATIONS[name](x), ACT2FN[name](x), atol=1e-6, rtol=1e-5)


def test_weights_do_not_change_with_the_file_they_came_from(tmp_path):
    """Files are mapped into memory; a program that answers for days must not read what is written there later."""
    checkpoint = read_checkpoint(saved(tmp_path))
    t5 = FrozenT5(checkpoint, CPU, torch.float32)
    before = [tensor.clone() for tensor in t5.tensors()]
    size = (tmp_path / "model.safetensors").stat().st_size
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.write(b"\xff" * size)
    assert all(torch.equal(old, now) for old, now in zip(before, t5.tensors(), strict=True))


def changed(folder: Path, **values: object) -> Path:
    """Return the folder with other values in its configuration; None takes one out."""
    file = folder / "config.json"
    config = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return folder


REFUSED = {
    "sizes are missing": ({"d_kv": None, "num_heads": None}, "lacks 'd_kv' and 'num_heads', so this is not"),
    "a size is no number": ({"num_layers": "two"}, "has no usable 'num_layers', so this is not"),
    "several end tokens": ({"eos_token_id": [1, 2]}, "has no usable 'eos_token_id', so this is not"),
    "no activation": (
        {"feed_forward_proj": "gated-xielu", "dense_act_fn": "xielu"},
        "the activation 'xielu' of 'feed_forward_proj' is not one of relu, gelu, gelu_new, gelu_fast, "
        "gelu_pytorch_tanh, silu, swish and tanh.",
    ),
    "quantized": (
        {"quantization_config": {"load_in_8bit": True}},
        "the weights are quantized",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_configuration_that_cannot_be_used_is_told_with_its_file(tmp_path, case):
    """A guessed size would give numbers, too."""
    values, problem = REFUSED[case]
    with pytest.raises(IntegrityError) as caught:
        read_checkpoint(changed(saved(tmp_path), **values))
    assert caught.value.where == str(tmp_path / "config.json")
    assert caught.value.problem.startswith(problem)


@pytest.mark.parametrize("values", [{"d_ff": 40}, {"vocab_size": 60}, {"num_layers": 3}])
def test_weights_of_other_sizes_than_the_configuration_says_are_refused(tmp_path, values):
    """Two folders were mixed up."""
    with pytest.raises(IntegrityError, match=r"lacks \d+ weights, [a-z]+\.\S+ among them\."):
        read_checkpoint(changed(saved(tmp_path), **values))


def test_damaged_weights_are_told_with_their_file(tmp_path, tiny_backbone):
    """Of a pickled file, too, of which nothing is run."""
    folder = shutil.copytree(tiny_backbone, tmp_path / "broken")
    as_pickled(folder)
    file = folder / "pytorch_model.bin"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(IntegrityError) as caught:
        read_checkpoint(folder)
    assert (caught.value.where, caught.value.hint) == (str(file), RELOAD)
    assert caught.value.problem.startswith("cannot be read as weights (")
