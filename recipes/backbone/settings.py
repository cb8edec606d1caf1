"""A recipe's settings: one YAML file per backbone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Settings:
    """What a backbone is made of; `recipes/backbone/README.md` explains every key.

    Attributes:
        name: of the backbone.
        about: one sentence for `registry list`.
        start: folder of a finished backbone to go on from, beside the checkout's files; the vocabulary is its own, and
            with all its layers nothing is converted or healed. None begins with the teacher.
        vocabulary: how many word pieces to keep, special tokens and sentinels included.
        layers: which layers of the teacher, or of `start`, become layers of the encoder.
        decoder_layers: how many, trained from zero.
        spare: dimensions and feed-forward units beyond the teacher's; one dimension carries the constant 1.
        corpus_megabytes: how much of the corpus to read, unpacked.
        calibration_texts: how many texts the conversion is fitted on.
        heal_steps: steps of distillation alone.
        heal_tokens: tokens a step.
        stronger_tokens: how many tokens a second, stronger encoder reads for the joint stage's `alike`; 0 does without.
        joint_steps: steps of the joint stage.
        joint_tokens: tokens a step, over all objectives.
        joint_rate: factor on every learning rate of the joint stage; less than 1 for a backbone that has had one.
        joint_back: how far what comes out lies on the way back to what the joint stage began with, 0 to 1.
        mix: objective → share of the joint stage's tokens.
        kinds: kind of set → how often it is asked about; 1 for kinds that are not listed.
        prompt_tokens: length of a soft instruction.
        prompt_layer: the encoder layer before which soft instructions enter; 0 is the input.
        max_tokens: longer texts are cut.
        left_out: data sets that are not trained on.
        probes: data set → instruction, to look at what came out.
        seed: of everything drawn.
    """

    name: str
    about: str
    start: str | None
    vocabulary: int
    layers: tuple[int, ...]
    decoder_layers: int
    spare: int
    corpus_megabytes: float
    calibration_texts: int
    heal_steps: int
    heal_tokens: int
    stronger_tokens: int
    joint_steps: int
    joint_tokens: int
    joint_rate: float
    joint_back: float
    mix: dict[str, float]
    kinds: dict[str, float]
    prompt_tokens: int
    prompt_layer: int
    max_tokens: int
    left_out: tuple[str, ...]
    probes: dict[str, str]
    seed: int


def read_settings(path: Path) -> Settings:
    """Return the settings in a YAML file.

    Raises:
        ValueError: a key is missing or unknown, or only one of `stronger-tokens` and `alike` in the mix is there.
    """
    found: dict[str, Any] = {key.replace("-", "_"): value for key, value in yaml.safe_load(path.read_text()).items()}
    wanted = {field.name for field in fields(Settings)}
    if wrong := sorted(wanted ^ found.keys()):
        raise ValueError(f"{path}: {', '.join(wrong)}: missing or unknown.")
    found["layers"], found["left_out"] = tuple(found["layers"]), tuple(found["left_out"] or ())
    if bool(found["stronger_tokens"]) != ("alike" in found["mix"]):
        raise ValueError(f"{path}: 'alike' in mix needs stronger-tokens, and those need it.")
    return Settings(**found)
