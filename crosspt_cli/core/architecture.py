"""What a T5's `config.json` says of it, as far as its forward pass needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.model_folder import COMPLETE, CONFIG, read_json
from crosspt_cli.foundation.words import joined, quoted

FAMILY = ("t5", "mt5")
# the fused kernel computes what transformers' "gelu_new" spells out in five operations
_TANH_GELU = partial(F.gelu, approximate="tanh")
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_new": _TANH_GELU,
    "gelu_fast": _TANH_GELU,
    "gelu_pytorch_tanh": _TANH_GELU,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": F.tanh,
}
"""By the names that configurations use."""


@dataclass(frozen=True)
class Architecture:
    """The sizes and constants of a T5.

    Attributes:
        width: H (`d_model`).
        head_width: of one attention head (`d_kv`).
        heads: per attention (`num_heads`).
        inner: F, of the feed-forward (`d_ff`).
        layers: of the encoder (`num_layers`).
        decoder_layers: of the decoder (`num_decoder_layers`).
        vocabulary: rows of the embedding table (`vocab_size`).
        activation: of the feed-forward, a key of `ACTIVATIONS`.
        gated: whether the activation gates a second product.
        buckets: of relative positions.
        max_distance: of two positions, beyond which all share a bucket.
        epsilon: of the norms.
        scales_output: whether decoder outputs are divided by the root of H before the output matrix.
        start_token: the decoder's first input.
        end_token: the end of a sequence.
    """

    width: int
    head_width: int
    heads: int
    inner: int
    layers: int
    decoder_layers: int
    vocabulary: int
    activation: str
    gated: bool
    buckets: int
    max_distance: int
    epsilon: float
    scales_output: bool
    start_token: int
    end_token: int


def read_architecture(folder: Path) -> Architecture:
    """Return what the `config.json` of a folder says.

    Raises:
        IntegrityError: it is missing or unreadable, or see `parse_architecture`.
    """
    path = folder / CONFIG
    document = read_json(path)
    family = document.get("model_type")
    if isinstance(family, str) and family not in FAMILY:
        raise IntegrityError(
            str(folder), f"holds a {family!r} model, not a T5.", "Pass --backbone with a T5, v1.1 or flan."
        )
    return parse_architecture(document, str(path))


def parse_architecture(document: Mapping[str, Any], where: str) -> Architecture:
    """Return what a T5's configuration says; what the first T5s' leave out is as in those.

    Args:
        document: the configuration under the names of `config.json`.
        where: what to call it in messages.

    Raises:
        IntegrityError: a size is missing, a value is of the wrong kind, or the weights are of a kind that is not read.
    """
    found = {**_AS_IN_THE_FIRST, **document}
    _check_kinds(found, where)
    if found.get("quantization_config"):
        raise IntegrityError(where, "the weights are quantized, and those are not read.", _OTHERS)
    parts = found["feed_forward_proj"].split("-")  # "relu" or "gated-gelu"
    activation = found.get("dense_act_fn") or ("gelu_new" if parts == ["gated", "gelu"] else parts[-1])
    if activation not in ACTIVATIONS or parts[0] not in ("gated", parts[-1]):
        problem = f"the activation {activation!r} of 'feed_forward_proj' is not one of {joined(ACTIVATIONS, None)}."
        raise IntegrityError(where, problem, _OTHERS)
    return Architecture(
        width=found["d_model"],
        head_width=found["d_kv"],
        heads=found["num_heads"],
        inner=found["d_ff"],
        layers=found["num_layers"],
        decoder_layers=found.get("num_decoder_layers") or found["num_layers"],
        vocabulary=found["vocab_size"],
        activation=activation,
        gated=found.get("is_gated_act", parts[0] == "gated"),
        buckets=found["relative_attention_num_buckets"],
        max_distance=found["relative_attention_max_distance"],
        epsilon=float(found["layer_norm_epsilon"]),
        # v1.1 says that nothing is tied, and only where all is tied are outputs scaled; newer files say so themselves
        scales_output=found.get("scale_decoder_outputs", found.get("tie_word_embeddings") is not False),
        start_token=found["decoder_start_token_id"],
        end_token=found["eos_token_id"],
    )


_SIZES = ("d_model", "d_kv", "num_heads", "d_ff", "num_layers", "vocab_size")
_AS_IN_THE_FIRST: Mapping[str, Any] = {
    "feed_forward_proj": "relu",
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "layer_norm_epsilon": 1e-6,
    "decoder_start_token_id": 0,
    "eos_token_id": 1,
}
_OTHERS = "Pass --backbone with an original T5, v1.1 or flan, in float32, bfloat16 or float16."


def _check_kinds(found: Mapping[str, Any], where: str) -> None:
    positive = (*_SIZES, "relative_attention_num_buckets", "relative_attention_max_distance")
    wrong = [name for name in positive if not _is_whole(found.get(name), 1)]
    wrong += [name for name in ("decoder_start_token_id", "eos_token_id") if not _is_whole(found[name], 0)]
    if found.get("num_decoder_layers") is not None and not _is_whole(found["num_decoder_layers"], 1):
        wrong.append("num_decoder_layers")
    if not isinstance(found["feed_forward_proj"], str):
        wrong.append("feed_forward_proj")
    if isinstance(found["layer_norm_epsilon"], bool) or not isinstance(found["layer_norm_epsilon"], int | float):
        wrong.append("layer_norm_epsilon")
    if wrong:
        missing = [name for name in wrong if found.get(name) is None]
        said = f"lacks {quoted(missing)}" if missing else f"has no usable {quoted(wrong)}"
        raise IntegrityError(where, f"{said}, so this is not the configuration of a T5.", COMPLETE)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
