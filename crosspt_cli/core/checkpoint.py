"""A T5's weights by their Hugging Face names: from a folder, without transformers, or from a model in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from crosspt_cli.core.architecture import Architecture, parse_architecture, read_architecture
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.model_folder import RELOAD, weight_files

EMBEDDING, OUTPUT = "shared.weight", "lm_head.weight"
_TABLES = (EMBEDDING, "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", OUTPUT)


@dataclass(frozen=True)
class Checkpoint:
    """A T5 as it is stored: `tensors` has at least those that `architecture` needs, in its shapes.

    Tensors that were read from a folder lie in its files until they are used, so they are copied, never kept.
    """

    architecture: Architecture
    tensors: Mapping[str, Tensor]

    def untied_output(self) -> Tensor | None:
        """Return the output matrix [V, H] where it is another than the embedding table."""
        embedding, output = self.tensors[EMBEDDING], self.tensors.get(OUTPUT)
        if output is None or output is embedding:
            return None
        return None if output.dtype == embedding.dtype and torch.equal(output, embedding) else output


def read_checkpoint(folder: Path) -> Checkpoint:
    """Return the T5 in a Hugging Face folder; weights are read from the disk when they are used.

    Raises:
        IntegrityError: it is no T5, or weights are missing, damaged, or not of the shapes that its configuration says.
    """
    architecture = read_architecture(folder)
    stored: dict[str, Tensor] = {}
    for file in weight_files(folder):
        stored |= _read_file(file)
    table = next((stored[name] for name in _TABLES if name in stored), None)  # of tied tables some files hold one
    if table is not None:
        stored[EMBEDDING] = table
    lacking = [name for name, shape in _needed(architecture) if not _fits(stored.get(name), shape)]
    if OUTPUT in stored and not _fits(stored[OUTPUT], (architecture.vocabulary, architecture.width)):
        lacking.append(OUTPUT)
    if lacking:
        raise IntegrityError(str(folder), f"lacks {len(lacking)} weights, {min(lacking)} among them.", RELOAD)
    return Checkpoint(architecture, stored)


def checkpoint_of(model: Any) -> Checkpoint:
    """Return transformers' `T5ForConditionalGeneration` in memory; the tensors are its own parameters."""
    named = dict(model.named_parameters(remove_duplicate=False))
    return Checkpoint(parse_architecture(model.config.to_dict(), "the model"), named)


def _read_file(file: Path) -> dict[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, framework="pt") as opened:
                return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        # weights_only: tensors are read, and nothing that a pickle could run
        return dict(torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file)))
    except Exception as error:  # both libraries raise anything; all of it means that the file is bad
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise IntegrityError(str(file), f"cannot be read as weights ({reason}).", RELOAD) from error


def _fits(found: object, shape: tuple[int, ...]) -> bool:
    return isinstance(found, Tensor) and found.shape == shape and found.is_floating_point()


def _needed(of: Architecture) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and shape of every weight that a T5 has; that of an untied output matrix is not among them."""
    inner = of.heads * of.head_width
    yield EMBEDDING, (of.vocabulary, of.width)
    for stack, layers in (("encoder", of.layers), ("decoder", of.decoder_layers)):
        yield f"{stack}.final_layer_norm.weight", (of.width,)
        yield f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", (of.buckets, of.heads)
        attentions = ("SelfAttention",) if stack == "encoder" else ("SelfAttention", "EncDecAttention")
        for block in range(layers):
            for number, attention in enumerate(attentions):
                layer = f"{stack}.block.{block}.layer.{number}"
                yield f"{layer}.layer_norm.weight", (of.width,)
                yield from ((f"{layer}.{attention}.{part}.weight", (inner, of.width)) for part in "qkv")
                yield f"{layer}.{attention}.o.weight", (of.width, inner)
            layer = f"{stack}.block.{block}.layer.{len(attentions)}"
            yield f"{layer}.layer_norm.weight", (of.width,)
            into = ("wi_0", "wi_1") if of.gated else ("wi",)
            yield from ((f"{layer}.DenseReluDense.{part}.weight", (of.inner, of.width)) for part in into)
            yield f"{layer}.DenseReluDense.wo.weight", (of.width, of.inner)
