"""What a result was measured on."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path


def describe() -> dict[str, str | int]:
    """Return processor, cores and versions, as kept beside every result."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("crosspt", "torch", "transformers", "scikit-learn")},
    }


def typed(words: Sequence[str], data: Path | None) -> str:
    """Return the command line to keep beside a result: script and arguments, with DATA for the folder of data."""
    return shlex.join(["python", *(word.replace(str(data), "DATA") if data else word for word in words)])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor()
    fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    extras = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in named.get("flags", "")]
    return ", ".join([named.get("model name", "unknown"), *extras])


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
