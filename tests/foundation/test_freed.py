"""Memory that was freed goes back to the system."""

import platform
import subprocess
import sys

import pytest

FREED = """
from crosspt_cli.foundation.freed import give_back
def held():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
blocks = [bytes([1]) * 100_000 for _ in range(1_000)]
last = blocks.pop()  # above all others: without it the library gives them back by itself
blocks.clear()
before = held()
give_back()
print(before - held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they see fit")
def test_what_the_c_library_keeps_is_given_back():
    """Of a hundred megabytes nearly all."""
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 80
