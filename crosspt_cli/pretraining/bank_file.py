"""Read what a bank of source prompts is to be trained on: one YAML file, one entry per source."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from crosspt_cli.foundation.errors import DataError, NotFound
from crosspt_cli.foundation.paths import checked_name
from crosspt_cli.foundation.yaml_lines import Reading


@dataclass(frozen=True)
class SourceSpec:
    """One source: where its rows are and what they are.

    Attributes:
        name: of the source prompt.
        task: the type of task, e.g. ``sentiment``.
        train: rows to train on: a file, relative to the data folder, or ``hf:NAME[:CONFIG][:SPLIT]``.
        held_out: rows to score on, likewise.
        licence: of the data, as stated by who publishes it.
        label_col: the column of labels.
        text_cols: the columns of texts; found when empty.
        template: a template's name or file; chosen when empty.
        about: one sentence.
    """

    name: str
    task: str
    train: str
    held_out: str
    licence: str
    label_col: str = "label"
    text_cols: tuple[str, ...] = ()
    template: str = ""
    about: str = ""


@dataclass(frozen=True)
class BankSpec:
    """A whole bank.

    Attributes:
        backbone: what the prompts are trained for.
        sources: what they are trained on.
        prompt_tokens: P. Default: that of the backbone's other source prompts, see `mixing_shape`.
        prompt_layer: the encoder layer before which the prompts enter; 0 is the input. Default: likewise.
        steps: each trains on one batch of every source.
        batch: rows per source and step.
        rows: the most training rows used of a source.
        held_out_rows: the most rows a source is scored on.
        max_tokens: longer inputs are cut.
        source_rate: learning rate of the prompts, for embeddings of `mini`'s scale.
        attention_rate: learning rate of the attention over sources.
        own_share: of a task's attention that its own prompt starts with, between 0 and 1.
        seed: of the run.
    """

    backbone: str
    sources: tuple[SourceSpec, ...]
    prompt_tokens: int | None = None
    prompt_layer: int | None = None
    steps: int = 600
    batch: int = 16
    rows: int = 4000
    held_out_rows: int = 500
    max_tokens: int = 96
    source_rate: float = 0.055
    attention_rate: float = 0.1
    own_share: float = 0.5
    seed: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """The prompts' length in tokens and their layer; ValueError while one of them is left to the backbone."""
        if self.prompt_tokens is None or self.prompt_layer is None:
            raise ValueError("the prompts' length and layer are not settled yet")
        return self.prompt_tokens, self.prompt_layer


def read_bank(path: Path, backbone: str | None = None, prompt_layer: int | None = None) -> BankSpec:
    """Return what the YAML file at `path` asks for, for another `backbone` or `prompt_layer` where one is given.

    Raises:
        NotFound: there is no such file.
        DataError: it is no YAML, or a key is unknown, missing or of the wrong type; all are named by line.
        OptionError: a name cannot be used.
    """
    if not path.is_file():
        raise NotFound(str(path), "there is no such file.", "Name a bank file; docs/sources.md shows one.")
    reading = Reading(path, DataError, _HINT)
    root = reading.open()
    if root is None:
        raise DataError(str(path), "the file is empty.", _HINT)
    asked, listed = _values(reading, root, "the bank", BankSpec)
    entries = [] if listed is None else reading.items(listed, "'sources'")
    sources = [_values(reading, entry, f"source {number}", SourceSpec)[0] for number, entry in enumerate(entries, 1)]
    reading.finish()
    names = [checked_name(source["name"], "source prompt") for source in sources]
    if len(sources) < 2 or len(set(names)) < len(names):
        raise DataError(str(path), "needs two sources or more, each with a name of its own.", _HINT)
    bank = BankSpec(**asked, sources=tuple(SourceSpec(**source) for source in sources))
    if not 0 < bank.own_share < 1:
        raise DataError(str(path), f"own-share is {bank.own_share:g}, but must lie between 0 and 1.", _HINT)
    layer = bank.prompt_layer if prompt_layer is None else prompt_layer
    return replace(bank, backbone=backbone or bank.backbone, prompt_layer=layer)


_HINT = "docs/sources.md shows a bank file and explains its keys."
_FROM_NOTHING = ("prompt-layer", "seed")  # the other whole numbers count from 1


def _values(
    reading: Reading, node: yaml.Node, what: str, kind: type[BankSpec | SourceSpec]
) -> tuple[dict[str, Any], yaml.Node | None]:
    """Return the arguments of the dataclass `kind` from a mapping with kebab-case keys, and its list of sources."""
    declared = {field.name.replace("_", "-"): field for field in fields(kind)}
    required = [key for key, field in declared.items() if field.default is MISSING]
    given = reading.mapping(node, what, declared, required)
    sources = given.pop("sources", None)
    return {
        declared[key].name: _value(reading, value, key, f"{key!r} of {what}", str(declared[key].type))
        for key, value in given.items()
    }, sources


def _value(reading: Reading, node: yaml.Node, key: str, what: str, kind: str) -> Any:
    """Return one value, of the type that its field declares."""
    if kind.startswith("int"):
        return reading.number(node, what, int, 0 if key in _FROM_NOTHING else 1)
    if kind == "float":
        return reading.number(node, what, float, 0.0)
    return reading.texts(node, what) if kind.startswith("tuple") else reading.text(node, what)
