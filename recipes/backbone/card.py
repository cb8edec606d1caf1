"""The card of a backbone: what it is, what it was trained on, what was left out."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from recipes.backbone.curves import read_losses
from recipes.backbone.settings import Settings

LAST_LOSSES = 8  # written losses that the card averages


def write_card(settings: Settings, work: Path, path: Path) -> None:
    """Write the card from the recipe's settings and what its stages left in `work`."""
    left_out = {name: count for name, count in json.loads((work / "left_out.json").read_text()).items() if count}
    by_licence: dict[str, list[str]] = {}
    for name, licence in yaml.safe_load((work / "licences.yaml").read_text()).items():
        by_licence.setdefault(licence, []).append(name)
    ends = {
        f"{stage}, {name}": sum(loss for _, loss in points[-LAST_LOSSES:]) / len(points[-LAST_LOSSES:])
        for stage in ("heal", "joint")
        if (work / f"{stage}.csv").is_file()
        for name, points in read_losses(work / f"{stage}.csv").items()
    }
    probes = json.loads((work / "probe.json").read_text())
    columns = ("encoder", "embeddings", "zero_shot")
    probed = [f"| {name} | {' | '.join(f'{each[key]:.3f}' for key in columns)} |\n" for name, each in probes.items()]
    spans = ends.get("joint, spans", float("nan"))
    path.write_text(f"""# {settings.name}

{settings.about}

A plain `T5ForConditionalGeneration`, float16 on disk, to be run in float32 or bfloat16. Made by `recipes/backbone`.

| | |
|---|---|
{_shape(path.parent)}
{_origin(settings)}
{_second(settings)}{_joint(settings)}

## Losses at the end

| stage, objective | mean of the last steps |
|---|---|
{"".join(f"| {name} | {loss:.3f} |{chr(10)}" for name, loss in ends.items())}
## A look at held-out rows of sets that it was trained on

| set | logistic regression on the encoder's vectors | on bare embeddings | zero-shot, with an instruction |
|---|---|---|---|
{"".join(probed)}
## What it is for, and what not

For telling classes of short English texts, and of pairs of them, apart with few labelled rows; `docs/accuracy.md`
says how well. Not for generating text (span corruption stopped at {
        spans:.1f} nats a token), not for other languages, and
not for texts of which more than the first {settings.max_tokens} tokens matter: training cut them there.

## What it was trained on

| licence, as stated where the data were found | sets |
|---|---|
{"".join(f"| {licence} | {', '.join(names)} |{chr(10)}" for licence, names in sorted(by_licence.items()))}
Corpus: English Wikipedia of 2015 (CC BY-SA 3.0 / GFDL), books of Project Gutenberg and speeches (public domain in the
USA), MASC (open).

## What was left out

Texts that the benchmarks measure on, or that share more than half of their runs of six words with one: {
        ", ".join(f"{count:,} of {name}" for name, count in sorted(left_out.items())) or "none were found"
    }.
""")


def _shape(folder: Path) -> str:
    """Return rows of the card's first table: what the exported model looks like."""
    config = json.loads((folder / "config.json").read_text())
    heads = f"{config['num_heads']} heads × {config['d_kv']}"
    return f"""| encoder, decoder | {config["num_layers"]} and {config["num_decoder_layers"]} layers |
| width | {config["d_model"]}, {heads}, feed-forward {config["d_ff"]:,} `{config["feed_forward_proj"]}` |
| vocabulary | {config["vocab_size"]:,} entries |"""


def _second(settings: Settings) -> str:
    """Return the row of the card's first table that says what a second encoder had a part in; nothing without one."""
    if not settings.stronger_tokens:
        return ""
    return f"| second encoder | has read {settings.stronger_tokens / 1e6:.1f}M tokens of the texts, for `alike` |\n"


def _joint(settings: Settings) -> str:
    """Return the row of the card's first table that says what the joint stage was."""
    tokens = settings.joint_steps * settings.joint_tokens / 1e6
    shares = ", ".join(f"{name} {share:.0%}" for name, share in settings.mix.items())
    stage = f"{settings.joint_steps:,} steps, {tokens:.1f}M tokens: {shares}"
    if settings.joint_back:
        stage += f"; the weights are {settings.joint_back:.0%} of what it began with and the rest of what it ended with"
    return f"| joint stage | {stage} |"


def _origin(settings: Settings) -> str:
    """Return rows of the card's first table: what the joint stage began with."""
    layers = ", ".join(map(str, settings.layers))
    tokens = settings.heal_steps * settings.heal_tokens / 1e6
    healing = f"| healing | {settings.heal_steps:,} steps, {tokens:.1f}M tokens |"
    if settings.start:
        begun = (
            f"| begun with | `{settings.start}`, which has a card of its own: what it was trained on counts here too; "
            f"its tokenizer, its encoder layers {layers}, and {settings.joint_rate:g} of the rates |"
        )
        return f"{begun}\n{healing}" if settings.heal_steps else begun
    return f"""| encoder | {len(settings.layers)} layers, rewritten from the teacher's layers {layers} |
| decoder | {settings.decoder_layers} layers, trained from zero |
| tokenizer | lower-cased WordPiece, {settings.vocabulary:,} entries |
{healing}"""
