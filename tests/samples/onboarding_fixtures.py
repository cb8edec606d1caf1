"""A registry with a tiny backbone, and one with source prompts and a finished task as well, made once and copied."""

import shutil
from pathlib import Path

import pytest
from onboarding_samples import TEXTS, short, small_onboarding, write_csv

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.onboarding.onboard import Onboarded
from crosspt_cli.pretraining.pretrain import pretrain
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.registry import Registry

BANK = """
backbone: tiny
prompt-tokens: 4
steps: 6
batch: 4
sources:
  - {name: mood, task: sentiment, train: mood.csv, held-out: mood.csv, licence: CC0-1.0, about: Moods.}
  - {name: kind, task: topic, train: kind.csv, held-out: kind.csv, licence: CC-BY-4.0}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Make the quick budget a matter of a second."""
    short(setitem=monkeypatch.setitem)


@pytest.fixture(scope="session")
def bank_folder(tmp_path_factory) -> Path:
    """Return a folder with a bank file and the data of its two sources."""
    folder = tmp_path_factory.mktemp("bank")
    (folder / "bank.yaml").write_text(BANK)
    write_csv(folder / "mood.csv", TEXTS[:12])
    write_csv(folder / "kind.csv", TEXTS[6:18], ("sport", "food", "travel"))
    return folder


@pytest.fixture(scope="session")
def bare_home(tmp_path_factory, tiny_backbone) -> Path:
    """Return a registry that holds the backbone `tiny` and nothing else; copy it before writing."""
    home = tmp_path_factory.mktemp("bare") / "home"

    def fill(folder: Path) -> None:
        for file in tiny_backbone.iterdir():
            shutil.copy(file, folder / file.name)

    Registry.open(home).add_backbone("tiny", fill, about="For tests.", licence="CC0-1.0")
    return home


@pytest.fixture(scope="session")
def full_home(tmp_path_factory, bare_home, bank_folder) -> tuple[Path, Onboarded]:
    """Return a registry with two source prompts and the task `reviews`, and what onboarding returned."""
    folder = tmp_path_factory.mktemp("full")
    home = Path(shutil.copytree(bare_home, folder / "home"))
    with pytest.MonkeyPatch.context() as patch:
        short(setitem=patch.setitem)
        registry = Registry.open(home)
        pretrain(bank_folder / "bank.yaml", bank_folder, registry=registry, device="cpu", dtype="fp32")
        done = small_onboarding(write_csv(folder / "reviews.csv"), registry)
    return home, done


@pytest.fixture
def bare(home, bare_home) -> Registry:
    """Return the test's own registry, with the backbone `tiny` only."""
    shutil.copytree(bare_home, home)
    return Registry.open(home)


@pytest.fixture
def full(home, full_home) -> Registry:
    """Return the test's own registry, with backbone, source prompts and the task `reviews`."""
    shutil.copytree(full_home[0], home)
    return Registry.open(home)


@pytest.fixture
def onboarded(full_home) -> Onboarded:
    """Return what the onboarding of `reviews` returned."""
    return full_home[1]


@pytest.fixture(scope="session")
def backbone(bare_home) -> Backbone:
    """Return `tiny`, loaded in float32."""
    return open_backbone("tiny", Registry.open(bare_home), "cpu", "fp32")


@pytest.fixture
def reviews(tmp_path) -> Path:
    """Return a CSV of 24 texts with two labels."""
    return write_csv(tmp_path / "reviews.csv")
