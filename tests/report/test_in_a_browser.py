"""The page in a real browser: nothing sticks out, on a phone or a desk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-report.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUND = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDTHS = (320, 390, 768, 1280)
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
# tables and pictures may be moved sideways in frames of their own; nothing else may be wider than the page
MEASURE = """<!doctype html><body><pre></pre><script>
for (const width of [%s]) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 800px; border: 0`;
  frame.onload = () => {
    const page = frame.contentDocument, wide = page.documentElement.scrollWidth > width;
    const out = [...page.querySelectorAll("body *")].filter(
      (each) => !each.closest(".wide, figure") && each.getBoundingClientRect().right > width + 0.5);
    const shown = page.querySelectorAll("svg").length;
    document.querySelector("pre").append(`width ${width}: wide ${wide}, out ${out.length}, pictures ${shown}\n`);
  };
  frame.src = "report.html";
  document.body.append(frame);
}
</script>"""


@pytest.mark.skipif(FOUND is None, reason=f"none of {', '.join(BROWSERS)} is installed")
def test_nothing_sticks_out_of_the_page(tmp_path):
    """Text cut off at the right of a phone is text nobody reads."""
    shutil.copy(EXAMPLE, tmp_path / "report.html")
    (tmp_path / "measure.html").write_text(MEASURE % ", ".join(map(str, WIDTHS)))
    command = [
        FOUND, "--headless", "--disable-gpu", "--no-first-run", "--allow-file-access-from-files", *QUIET,
        *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=10000", "--dump-dom", (tmp_path / "measure.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    measured = re.findall(r"width (\d+): wide (\w+), out (\d+), pictures (\d+)\n", done.stdout)
    assert sorted(measured) == sorted((str(width), "false", "0", "5") for width in WIDTHS), done.stderr[-2000:]
