"""docs/cli.md is printed, not written."""

from __future__ import annotations

import subprocess
import sys

from cli_process import ROOT, environment


def test_docs_cli_md_is_what_its_script_prints():
    """Documentation that drifts from the flags is worse than none."""
    script = ROOT / "docs/make_cli.py"
    printed = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, env=environment(COLUMNS="40"), timeout=60
    )
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == printed.stdout
