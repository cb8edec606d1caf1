"""A small file of labelled texts, and a whole onboarding of it that takes a second."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from crosspt_cli.foundation.progress import no_progress
from crosspt_cli.onboarding.onboard import Onboarded, onboard
from crosspt_cli.registry import Registry
from crosspt_cli.search import plan

GOOD = ("Lovely and warm.", "It works well, I am happy with it.", "Great value.", "Would buy it again at once!")
BAD = ("Broke on the first day.", "The worst I ever had.", "Dull, slow and too dear.", "I want my money back.")
TEXTS = [f"{text} Order {number}." for number in range(3) for pair in zip(GOOD, BAD, strict=True) for text in pair]
STEPS = 8
EXACT = {"device": "cpu", "dtype": "fp32", "budget": "quick"}

CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from onboarding_samples import short, small_onboarding
from crosspt_cli.registry import Registry
short(int(sys.argv[4]))
tell = lambda stage, *rest: print(stage, flush=True)
small_onboarding(Path(sys.argv[2]), Registry.open(Path(sys.argv[3])), tell, name=sys.argv[5], replace=True)
print("saved", flush=True)
"""


def write_csv(path: Path, texts=TEXTS, labels=("positive", "negative")) -> Path:
    """Write texts under the labels in turn, and return the path."""
    lines = [f'"{text}",{labels[number % len(labels)]}' for number, text in enumerate(texts)]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return path


def short(steps: int = STEPS, setitem=None) -> None:
    """Make the quick budget this short."""
    budget = replace(plan.BUDGETS["quick"], steps=steps, folds=2)
    (setitem or dict.__setitem__)(plan.BUDGETS, "quick", budget)


def small_onboarding(path: Path, registry: Registry, progress=no_progress, **settings) -> Onboarded:
    """Return `path` onboarded on the registry's own `tiny` backbone, in float32 on the CPU."""
    return onboard(path, "label", registry=registry, progress=progress, **{"backbone": "tiny", **EXACT, **settings})


def start_child(path: Path, home: Path, steps: int, name: str) -> subprocess.Popen:
    """Start an onboarding of `path` in a process of its own; it prints each stage, then ``saved``."""
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": str(here.parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, *map(str, (here, path, home, steps, name))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for(child: subprocess.Popen, stage: str) -> None:
    """Return once the child has printed this stage; if it ends before, fail with what it said."""
    for line in child.stdout:
        if line.strip() == stage:
            return
    raise AssertionError(child.communicate(timeout=60)[1])


def end(child: subprocess.Popen) -> None:
    """Kill the child and wait until it is gone."""
    child.kill()
    child.communicate(timeout=60)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder; empty where there is none."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kept(home: Path) -> dict[str, str]:
    """Return the digests of everything in a registry but its locks."""
    return {name: digest for name, digest in digests(home).items() if not name.startswith("locks/")}
