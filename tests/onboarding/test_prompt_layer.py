"""Where prompts enter belongs to the source prompts, to the task made with them, and to its answers."""

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.predict import Predictor
from crosspt_cli.onboarding.pretrain import pretrain


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
    nats, _ = predictor.log_shares(rows)
    moved = Predictor(done.fitted.__class__(**{**vars(done.fitted), "prompt_layer": 0}), predictor.backbone)
    assert np.abs(nats - moved.log_shares(rows)[0]).max() > 1e-4
    np.testing.assert_array_equal(nats, Predictor(done.fitted, predictor.backbone).log_shares(rows)[0])


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
