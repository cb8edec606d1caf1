"""What a result was measured on."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

MEASURED = ("crosspt_cli", "registry", "templates", "bench")  # a change of anything else changes no result


def describe() -> dict[str, str | int]:
    """Return processor, cores, versions and the commit that is measured, as kept beside every result."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "commit": commit(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("crosspt", "torch", "transformers", "scikit-learn")},
    }


def commit(checkout: Path = Path(__file__).parent.parent) -> str:
    """Return the commit of a checkout, e.g. "745f016"; "745f016, changed" where what is measured differs from it.

    Results may differ from it: one run of a benchmark after the other rewrites them. Outside a checkout it is "none".
    """
    known = _git(checkout, "rev-parse", "--short", "HEAD")
    if known.returncode:
        return "none"
    changed = _git(checkout, "diff", "--quiet", "HEAD", "--", *MEASURED, ":!bench/results", ":!*.md").returncode
    return known.stdout.strip() + (", changed" if changed else "")


def typed(words: Sequence[str], data: Path | None) -> str:
    """Return the command line to keep beside a result: script and arguments, with DATA for the folder of data."""
    return shlex.join(["python", *(word.replace(str(data), "DATA") if data else word for word in words)])


def _git(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=checkout, capture_output=True, text=True, check=False)


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
