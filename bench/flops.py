"""Floating-point operations of the frozen T5, counted, and how many of them a device does in a large product.

A product of [a, b] and [b, c] takes 2·a·b·c operations. Going forward, with H the width, A = heads × head width, F the
inner width (gated: into = 2, else 1), n the tokens of a row with its prompt, N the label tree's nodes and V its words'
tokens, a row takes

                    with frozen weights                                     attention
    encoder layer   n · 2·(4·H·A + (into + 1)·H·F)                          4·n²·A
    decoder layer   N · 2·(6·H·A + (into + 1)·H·F)  +  n · 4·H·A            4·N²·A + 4·N·n·A
    label words     N · 2·H·V

Going backward, each product with frozen weights needs one more of the same size, for what went in; the weights need
none. Attention needs four products where it had two. So a training step takes twice the first column and three times
the second. Norms, softmax, the mixture, Adam, and padding are not counted.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable

import torch

from crosspt_cli.core.frozen_t5 import DeviceTree, FrozenT5


def forward_flops(t5: FrozenT5, tokens: int, tree: DeviceTree) -> tuple[int, int]:
    """Return the operations of one row's forward pass, with frozen weights and in attention.

    Args:
        t5: the frozen model.
        tokens: of the row, its prompt's included.
        tree: the label words.
    """
    width, across, nodes = t5.width, t5.heads * t5.head_width, tree.size
    inner = t5.encoder_layers[0].feed_forward.out.shape[1]
    feed_forward = (3 if t5.gated else 2) * width * inner
    encoder, decoder = len(t5.encoder_layers), len(t5.decoder_layers)
    weights = encoder * tokens * 2 * (4 * width * across + feed_forward)
    weights += decoder * (nodes * 2 * (6 * width * across + feed_forward) + tokens * 4 * width * across)
    attention = encoder * 4 * tokens**2 * across + decoder * 4 * nodes * (nodes + tokens) * across
    return weights + nodes * 2 * width * len(tree.output), attention


def training_flops(t5: FrozenT5, lengths: Iterable[int], tree: DeviceTree) -> int:
    """Return the operations of training steps on rows of these lengths in tokens, prompts included."""
    total = 0
    for tokens in lengths:
        weights, attention = forward_flops(t5, int(tokens), tree)
        total += 2 * weights + 3 * attention
    return total


def matrix_rate(device: torch.device, dtype: torch.dtype, repeats: int = 10) -> dict[str, float]:
    """Return the size and the median rate, in operations per second, of a large product of random numbers.

    In the number format of what it is held against: a processor may be a hundred times slower in another one.
    """
    size = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    times = []
    for _ in range(repeats + 2):
        wait_for(device)
        began = time.perf_counter()
        a @ b
        wait_for(device)
        times.append(time.perf_counter() - began)
    return {"size": size, "flops_per_second": 2 * size**3 / statistics.median(times[2:])}


def wait_for(device: torch.device) -> None:
    """Let the device finish what it was given; a CPU has finished already."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
