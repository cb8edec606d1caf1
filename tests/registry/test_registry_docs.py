"""The examples in docs/registry.md run as printed."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from registry_samples import write_backbone

from crosspt_cli.registry import verify

TEXT = (Path(__file__).parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")


def run(code: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)


def test_a_backbone_is_added_by_hand_as_documented(registry, home):
    """Who has no network copies folders."""
    (home / "backbones" / "my-t5").mkdir(parents=True)
    write_backbone(home / "backbones" / "my-t5")
    command = re.search(r"```\n(python -c .*?)```", TEXT, re.DOTALL).group(1)
    run(shlex.split(command)[2], home)
    assert registry.intact_backbone("my-t5").manifest.about == "T5 for tickets."
    assert verify(registry, "my-t5") == ()


def test_a_source_prompt_is_added_by_hand_as_documented(registry, tmp_path):
    """Prompts from other programs come in this way."""
    np.save(tmp_path / "my_prompt.npy", np.ones((3, 416), np.float32))
    run(re.search(r"```python\n(.*?)```", TEXT, re.DOTALL).group(1), tmp_path)
    assert registry.load_source("my-topics", "mini").manifest.score.value == 0.83
    assert verify(registry, "mini/my-topics") == ()


def test_a_task_is_renamed_by_renaming_its_folder(registry, save, home):
    """As the page says."""
    save()
    shutil.move(home / "tasks" / "reviews", home / "tasks" / "opinions")
    assert registry.load_task("opinions").name == "opinions"
    assert verify(registry, "opinions") == ()
