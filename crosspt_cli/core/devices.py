"""Which device and number format the arithmetic uses, and how much memory it has taken."""

from __future__ import annotations

import sys
import time

import torch

from crosspt_cli.foundation.errors import Argument, OptionError

DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "fp32", "bf16")
_EARLIER_PEAKS: dict[torch.device, int] = {}  # bytes held at most before the counter was set back


def choose_device(name: str = "auto") -> torch.device:
    """Return the device to compute on; `auto` takes a GPU where there is one.

    Raises:
        OptionError: the name is unknown, or `cuda` was asked for and there is none.
    """
    if name not in DEVICES:
        raise OptionError(Argument("device"), f"is {name!r}, but must be one of {', '.join(DEVICES)}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise OptionError(Argument("device"), "is cuda, but torch sees no CUDA device here.", "Pass auto or cpu.")
    use_gpu = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if use_gpu else "cpu")


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return what matrix products run in; `auto` takes bfloat16 where it is measured to be faster.

    Never float16: T5's feed-forward overflows in it.

    Raises:
        OptionError: the name is unknown.
    """
    if name not in DTYPES:
        raise OptionError(Argument("dtype"), f"is {name!r}, but must be one of {', '.join(DTYPES)}.")
    if name != "auto":
        return torch.bfloat16 if name == "bf16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    # processors with bfloat16 matrix units gain 3 to 8 times, those without lose: nothing lies near the threshold
    gain = _product_seconds(torch.float32) / _product_seconds(torch.bfloat16)
    return torch.bfloat16 if gain > 1.5 else torch.float32


def peak_memory_mb(device: torch.device) -> float:
    """Return the most memory this process has held, in MB: the GPU's where one is used, else resident memory.

    It is 0 where the system does not tell, as on Windows.
    """
    if device.type == "cuda":
        return max(torch.cuda.max_memory_allocated(device), _EARLIER_PEAKS.get(device, 0)) / 1e6
    try:
        import resource  # inside: only Unix has it
    except ModuleNotFoundError:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def restart_peak(device: torch.device) -> None:
    """Set a GPU's count of the most memory held back to what is held now; `peak_memory_mb` keeps the earlier one."""
    highest = torch.cuda.max_memory_allocated(device)
    _EARLIER_PEAKS[device] = max(highest, _EARLIER_PEAKS.get(device, 0))
    torch.cuda.reset_peak_memory_stats(device)


def _product_seconds(dtype: torch.dtype, size: int = 512, repeats: int = 5) -> float:
    """Return the fastest of a few products of two [size, size] matrices, after one to warm up."""
    a = torch.ones(size, size, dtype=dtype)
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return min(times[1:])
