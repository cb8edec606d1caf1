"""Where prompts enter belongs to the source prompts, to the task made with them, and to its answers."""

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.predict import Predictor
from crosspt_cli.onboarding.pretrain import pretrain
from crosspt_cli.onboarding.study_input import load_sources


def train_bank(bank_folder, registry, layer: int) -> None:
    """Train the sample bank with prompts that enter before `layer`."""
    path = bank_folder / f"layer{layer}.yaml"
    path.write_text((bank_folder / "bank.yaml").read_text() + f"prompt-layer: {layer}\n")
    pretrain(path, bank_folder, registry=registry, device="cpu", dtype="fp32")


@pytest.fixture
def late(bare, bank_folder):
    """Return a registry whose only source prompts enter before layer 1."""
    train_bank(bank_folder, bare, 1)
    assert {entry.manifest.prompt_layer for entry in bare.sources() if entry.manifest.backbone == "tiny"} == {1}
    return bare


def test_a_task_has_its_prompt_where_its_sources_have_theirs(late, reviews):
    """And answers there: read back from disk, the same rows get the same answers as from the fitted task."""
    done = small_onboarding(reviews, late)
    assert done.fitted.prompt_layer == load_fitted(done.task, late).prompt_layer == 1
    assert done.study.ranks
    predictor = Predictor.open(done.task, late, "cpu", "fp32")
    rows = [(text,) for text in TEXTS[:6]]
    nats, *_ = predictor.scores(rows)
    moved = Predictor(done.fitted.__class__(**{**vars(done.fitted), "prompt_layer": 0}), predictor.backbone)
    assert np.abs(nats - moved.scores(rows)[0]).max() > 1e-4
    np.testing.assert_array_equal(nats, Predictor(done.fitted, predictor.backbone).scores(rows)[0])


def test_sources_of_different_layers_are_never_mixed(late, bank_folder):
    """As many of either: the earlier layer's are taken, unless the other is asked for."""
    bank = (bank_folder / "bank.yaml").read_text()
    for name in ("mood", "kind"):
        bank = bank.replace(f"name: {name}", f"name: early-{name}")
    (bank_folder / "early.yaml").write_text(bank)
    pretrain(bank_folder / "early.yaml", bank_folder, registry=late, device="cpu", dtype="fp32")
    tiny = open_backbone("tiny", late, "cpu", "fp32")
    assert set(load_sources(late, tiny).names) == {"early-mood", "early-kind"}
    assert load_sources(late, tiny).layer == 0
    assert set(load_sources(late, tiny, 1).names) == {"mood", "kind"}


def test_a_layer_without_sources_leaves_the_private_prompt(late, reviews):
    done = small_onboarding(reviews, late, prompt_layer=0)
    assert done.fitted.prompt_layer == 0
    assert {result.candidate.m for result in done.study.candidates} == {0}


def test_a_layer_the_backbone_does_not_have_is_refused(late, reviews):
    with pytest.raises(OptionError) as caught:
        small_onboarding(reviews, late, prompt_layer=9)
    assert str(caught.value) == "--prompt-layer: is 9, but the encoder layers of tiny are 0 to 1."


def test_a_bank_for_a_layer_the_backbone_does_not_have_is_refused(bare, bank_folder):
    with pytest.raises(OptionError) as caught:
        train_bank(bank_folder, bare, 2)
    assert caught.value.where == "prompt-layer"
