"""Threads that wait spin briefly: the environment says so before torch reads it, and a person's words are kept."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cli_process import environment

from crosspt_cli.foundation.waiting import SETTINGS, SPINS, TURNS

SHOWN = f"""
import os, sys
import {{}}
assert "torch" not in sys.modules
print({{{{name: os.environ[name] for name in {SETTINGS} if name in os.environ}}}})
"""


def settings(imported: str, **own: str) -> str:
    """Return the settings of a process that has just imported something."""
    plain = {name: value for name, value in environment().items() if name not in SETTINGS}
    command = [sys.executable, "-c", SHOWN.format(imported)]
    return subprocess.run(command, capture_output=True, text=True, env=plain | own, timeout=60, check=True).stdout


@pytest.mark.parametrize("imported", ["crosspt_cli", "crosspt_cli.cli.main"])
def test_waiting_threads_spin_briefly(imported):
    """As a command and from Python: one that spins for long takes the core from whoever it waits for."""
    assert settings(imported) == f"{ {SPINS: TURNS} }\n"


@pytest.mark.parametrize("name", SETTINGS)
def test_a_persons_own_setting_of_waiting_threads_is_kept(name):
    """Also where it goes by the name that one OpenMP has for it."""
    assert settings("crosspt_cli", **{name: "7"}) == f"{ {name: '7'} }\n"
