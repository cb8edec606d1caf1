"""What is told of the machine."""

import sys

import torch

from crosspt_cli.core.devices import peak_memory_mb


def test_a_system_without_a_count_of_memory_says_nothing_of_it(monkeypatch):
    """Windows has no module `resource`; crosspt must not fail there for a number that is only told."""
    assert peak_memory_mb(torch.device("cpu")) > 10
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory_mb(torch.device("cpu")) == 0
