"""What the registry's tests start from: a home of their own, a tiny backbone, a prompt and a task."""

from pathlib import Path

import numpy as np
import pytest
from registry_samples import H, P, write_backbone

from crosspt_cli.registry import DataSource, Manifest, Registry, Score


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Let processes that a test starts import the package from anywhere, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A personal registry that does not exist yet."""
    monkeypatch.setenv("CROSSPT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def registry(home) -> Registry:
    return Registry.open()


@pytest.fixture
def tiny(registry):
    """The manifest of a personal backbone of width 4."""
    return registry.add_backbone("tiny", write_backbone, about="For tests.", licence="CC0-1.0").manifest


@pytest.fixture
def manifest(tiny) -> Manifest:
    return Manifest(
        name="qqp",
        about="Paraphrases.",
        backbone="tiny",
        fingerprint=tiny.fingerprint,
        prompt_tokens=P,
        prompt_layer=0,
        width=H,
        task="paraphrase",
        data=(DataSource("qqp", "CC0-1.0", 100),),
        score=Score("accuracy", 0.75, 40),
        seed=7,
        command="crosspt registry pretrain qqp.csv",
    )


@pytest.fixture
def values() -> np.ndarray:
    return np.arange(P * H, dtype=np.float32).reshape(P, H) / 7


@pytest.fixture
def save(registry):
    """Save a small task called `reviews`, every value of it equal to `version`."""

    def save(version: int = 1, name: str = "reviews", replace: bool = False):
        arrays = {"prompt": np.full((P, H), version), "prototypes": np.full((2, H), version)}
        document = {"classes": ["good", "bad"], "version": version}
        return registry.save_task(name, document, arrays, {"study.json": f'{{"version": {version}}}'}, replace)

    return save
