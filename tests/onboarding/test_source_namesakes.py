"""Two source prompts of one name: one of them is used, and that one is loaded."""

import dataclasses
import shutil

import numpy as np
import pytest

from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.onboarding.study_input import load_sources
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.registry import Layer, Registry


@pytest.fixture
def tiny(full):
    return open_backbone("tiny", full, "cpu", "fp32")


def namesake(registry: Registry, backbone: str, shift: float) -> None:
    """Save another `mood` for the same backbone, kept under this name of it."""
    prompt = registry.load_source("mood", "tiny")
    manifest = dataclasses.replace(prompt.manifest, backbone=backbone, sha256={})
    registry.add_source(prompt.values + np.float32(shift), manifest, replace=True)


def value_of(registry: Registry, backbone, name: str) -> np.ndarray:
    """Return what a study would mix under this name."""
    sources = load_sources(registry, backbone)
    return sources.values[sources.names.index(name)].numpy()


def test_one_that_is_kept_under_another_name_of_the_backbone_is_mixed_once(full, tiny, reviews):
    """Listed twice and loaded by name, the same prompt would stand for both."""
    before = value_of(full, tiny, "mood")
    namesake(full, "copy-of-tiny", 1.0)
    sources = load_sources(full, tiny)
    assert sorted(sources.names) == ["kind", "mood"]
    assert np.array_equal(value_of(full, tiny, "mood"), before)
    assert sources.hidden == (("tiny/mood", "copy-of-tiny/mood"),)
    settings = {"registry": full, "backbone": "tiny", "device": "cpu", "dtype": "fp32", "name": "again"}
    assert plan_onboarding(reviews, "label", **settings).notes == (
        "Of two source prompts called 'mood' the one of tiny/mood is used, that of copy-of-tiny/mood is not.",
    )


def test_ones_own_is_used_before_a_shipped_one(full, tiny, tmp_path):
    """Under the shipped one's key, and under another name of the same backbone; what is used is what was listed."""
    shutil.copytree(full.home, tmp_path / "shipped")
    shutil.rmtree(full.home / "sources")
    both = Registry((full.layers[0], Layer("shipped", tmp_path / "shipped")))
    shipped = value_of(both, tiny, "mood")
    namesake(both, "copy-of-tiny", 1.0)
    assert np.array_equal(value_of(both, tiny, "mood"), shipped + 1)
    sources, entries = load_sources(both, tiny), {entry.title: entry for entry in both.sources(tiny.fingerprint)}
    assert sources.digests["mood"] == entries["copy-of-tiny/mood"].sha256
    assert sources.hidden == (("copy-of-tiny/mood", "tiny/mood"),)
    shutil.rmtree(full.home / "sources")
    namesake(both, "tiny", 2.0)
    assert np.array_equal(value_of(both, tiny, "mood"), shipped + 2)
    assert load_sources(both, tiny).hidden == ()
