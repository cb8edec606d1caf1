"""Where prompts enter belongs to the source prompts, to the task made with them, and to its answers."""

import numpy as np
import pytest
from onboarding_samples import TEXTS, small_onboarding

from crosspt_cli.answering.predict import Predictor
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.onboarding.study_input import load_sources
from crosspt_cli.pretraining.pretrain import pretrain
from crosspt_cli.reading.backbones import open_backbone


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
    (bank_folder / "early.yaml").write_text(bank + "prompt-layer: 0\n")
    pretrain(bank_folder / "early.yaml", bank_folder, registry=late, device="cpu", dtype="fp32")
    tiny = open_backbone("tiny", late, "cpu", "fp32")
    assert set(load_sources(late, tiny).names) == {"early-mood", "early-kind"}
    assert load_sources(late, tiny).layer == 0
    assert set(load_sources(late, tiny).left_out) == {"mood", "kind"}
    assert set(load_sources(late, tiny, 1).names) == {"mood", "kind"}
    assert load_sources(late, tiny, 1).left_out == ()


def test_sources_that_cannot_be_mixed_are_named(late, bank_folder, reviews):
    """A bank of one's own for another layer would be passed over in silence otherwise."""
    bank = (bank_folder / "bank.yaml").read_text().replace("name: mood", "name: early-mood")
    (bank_folder / "early.yaml").write_text(bank.replace("name: kind", "name: early-kind") + "prompt-layer: 0\n")
    tiny = {"registry": late, "backbone": "tiny", "device": "cpu", "dtype": "fp32"}
    assert not plan_onboarding(reviews, "label", **tiny).notes
    pretrain(bank_folder / "early.yaml", bank_folder, registry=late, device="cpu", dtype="fp32")
    assert plan_onboarding(reviews, "label", **tiny).notes == (
        "Source prompts that have another length or layer than the other 2 cannot be mixed with them and are not used: "
        "kind, mood.",
    )


def test_the_command_line_names_the_layer_of_a_bank(bare, bank_folder):
    """One bank file serves every layer, and the manifest's command says for which it was run."""
    pretrain(bank_folder / "bank.yaml", bank_folder, registry=bare, prompt_layer=1, device="cpu", dtype="fp32")
    manifest = bare.find("mood")[0].manifest
    assert manifest.prompt_layer == 1
    assert manifest.command == "crosspt registry pretrain bank.yaml --data DATA --prompt-layer 1"


def test_a_layer_asked_for_is_refused_by_its_name(bare, bank_folder):
    with pytest.raises(OptionError) as caught:
        pretrain(bank_folder / "bank.yaml", bank_folder, registry=bare, prompt_layer=2, device="cpu", dtype="fp32")
    assert str(caught.value) == "prompt_layer: is 2, but the encoder layers of tiny are 0 to 1."


def test_a_layer_without_sources_leaves_the_private_prompt(late, reviews):
    done = small_onboarding(reviews, late, prompt_layer=0)
    assert done.fitted.prompt_layer == 0
    assert {result.candidate.m for result in done.study.candidates} == {0}


def test_a_layer_the_backbone_does_not_have_is_refused(late, reviews):
    with pytest.raises(OptionError) as caught:
        small_onboarding(reviews, late, prompt_layer=9)
    assert str(caught.value) == "prompt_layer: is 9, but the encoder layers of tiny are 0 to 1."


def test_a_bank_for_a_layer_the_backbone_does_not_have_is_refused(bare, bank_folder):
    with pytest.raises(OptionError) as caught:
        train_bank(bank_folder, bare, 2)
    assert caught.value.where == "prompt-layer"
