"""Train a bank of source prompts for a backbone, so that later tasks have something to share."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.joint import JointBank, JointRates, SourceRows
from crosspt_cli.core.optimise import Schedule
from crosspt_cli.core.train import read_to_layer
from crosspt_cli.data import is_hub_name, read_csv
from crosspt_cli.foundation.errors import Argument, DataError, IntegrityError, NotFound
from crosspt_cli.foundation.files import write_bytes
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.backbones import open_backbone
from crosspt_cli.onboarding.bank_file import BankSpec, SourceSpec, read_bank
from crosspt_cli.onboarding.prepare import label_tree, prepare
from crosspt_cli.registry import DataSource, Manifest, Registry, Score, dump_arrays, read_arrays

TOKENS_AT_ONCE = 8_000
SAVE_EVERY_S = 60.0
START_ROWS = 500  # of the first source: enough words to start a prompt from


@dataclass(frozen=True)
class PretrainedSource:
    """One source of a finished bank: its score on held-out rows, and how much attention it pays to itself."""

    name: str
    task: str
    accuracy: float
    majority: float
    rows: int
    own_share: float


@dataclass(frozen=True)
class PretrainedBank:
    """What a finished run leaves: its sources are in the registry."""

    backbone: str
    sources: tuple[PretrainedSource, ...]
    steps: int
    loss: float
    seconds: float


def pretrain(
    bank_path: str | Path,
    data_folder: str | Path = ".",
    *,
    start: str | Path | None = None,
    backbone: str | None = None,
    prompt_layer: int | None = None,
    registry: Registry | None = None,
    device: str = "auto",
    dtype: str = "auto",
    replace: bool = False,
    progress: Progress = no_progress,
) -> PretrainedBank:
    """Return the bank just trained and saved to the personal registry.

    A run that was stopped goes on where it was when the same bank file is given again.

    Args:
        bank_path: YAML, see `bank_file`.
        data_folder: what the bank file's paths are relative to.
        start: safetensors file of prompts [P, H]: a source starts at the one of its name, or at the mean of all where
            it has none. Default: vocabulary.
        backbone: what to train for. Default: what the bank file names.
        prompt_layer: the encoder layer before which the prompts enter. Default: the bank file's.
        registry: default the person's.
        device: ``auto``, ``cpu`` or ``cuda``.
        dtype: ``auto``, ``fp32`` or ``bf16``.
        replace: whether sources of the same names may be replaced.
        progress: told of every step, with the mean loss.

    Raises:
        NotFound: the bank file, a data set or the backbone does not exist.
        DataError: the bank file or a data set cannot be used.
        OptionError: a source exists and `replace` is false.
    """
    began = time.monotonic()
    registry = registry or Registry.open()
    spec = read_bank(Path(bank_path), backbone, prompt_layer)
    registry.ensure_writable()
    for source in spec.sources:
        registry.check_source_name_free(source.name, spec.backbone, replace)
    opened = open_backbone(spec.backbone, registry, device, dtype)
    opened.require_layer(spec.prompt_layer, "prompt-layer" if prompt_layer is None else Argument("prompt_layer"))
    # held-out rows are read now as well: what is wrong with them must not come out after hours of training
    train, held_out = zip(*(_both(source, spec, opened, Path(data_folder)) for source in spec.sources), strict=True)
    starts = _starts(start, spec, opened, train)
    rates = JointRates(spec.source_rate, spec.attention_rate)
    bank = JointBank(opened, starts, train, Schedule(spec.steps), rates, spec.prompt_layer, spec.own_share)
    checkpoint = _Checkpoint(registry, spec, opened, starts, train)
    loss = _run(bank, spec, checkpoint, progress)
    command = shlex.join(
        ["crosspt", "registry", "pretrain", Path(bank_path).name, "--data", "DATA"]
        + (["--backbone", backbone] if backbone else [])
        + ([] if prompt_layer is None else ["--prompt-layer", str(prompt_layer)])
        + (["--start", Path(start).name] if start else [])
    )
    sources = _save(bank, spec, train, held_out, registry, command)
    checkpoint.path.unlink(missing_ok=True)
    return PretrainedBank(spec.backbone, sources, spec.steps, loss, time.monotonic() - began)


def _run(bank: JointBank, spec: BankSpec, checkpoint: _Checkpoint, progress: Progress) -> float:
    loss = checkpoint.load(bank)
    saved = time.monotonic()
    while bank.steps < spec.steps:
        now = bank.step(spec.batch, spec.seed)
        loss = now if np.isnan(loss) else 0.95 * loss + 0.05 * now
        progress("training", bank.steps, spec.steps, f"loss {loss:.3f} nats")
        if time.monotonic() - saved > SAVE_EVERY_S:
            checkpoint.save(bank, loss)
            saved = time.monotonic()
    return loss


class _Checkpoint:
    """Where a run that was stopped goes on: keyed by everything that decides its numbers."""

    def __init__(
        self, registry: Registry, spec: BankSpec, backbone: Backbone, starts: torch.Tensor, train: Sequence[SourceRows]
    ) -> None:
        digest = hashlib.sha256(repr((sorted(asdict(spec).items()), backbone.fingerprint)).encode())
        for tensor in (starts, *(part for rows in train for part in (rows.texts.tokens, rows.labels))):
            digest.update(tensor.cpu().numpy().tobytes())
        self.path = registry.home / "pretrain" / f"{digest.hexdigest()[:16]}.safetensors"

    def load(self, bank: JointBank) -> float:
        """Bring the bank to where it was and return the loss then; NaN when there is nothing to go on from."""
        if not self.path.is_file():
            return float("nan")
        try:
            state = read_arrays(self.path)
            bank.resume(state, int(state["steps"][0]))
        except (IntegrityError, KeyError, RuntimeError) as error:
            problem = "is a damaged checkpoint of a bank in training."
            raise IntegrityError(str(self.path), problem, "Delete it to start that bank again.") from error
        return float(state["loss"][0])

    def save(self, bank: JointBank, loss: float) -> None:
        """Keep the bank as it stands."""
        state = bank.state() | {"steps": np.float32([bank.steps]), "loss": np.float32([loss])}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self.path, dump_arrays(state))


def _both(source: SourceSpec, spec: BankSpec, backbone: Backbone, folder: Path) -> tuple[SourceRows, SourceRows]:
    """Return a source's rows to train on and to score on.

    Raises:
        DataError: the two do not have the same classes.
    """
    train, classes = _rows(source, source.train, spec.rows, spec, backbone, folder)
    held_out, scored = _rows(source, source.held_out, spec.held_out_rows, spec, backbone, folder)
    if scored != classes:
        problem = f"source '{source.name}' has other classes in {source.held_out} than in {source.train}."
        raise DataError("bank", problem, "Give both files two rows or more of every class.")
    return train, held_out


def _rows(
    source: SourceSpec, path: str, most: int, spec: BankSpec, backbone: Backbone, folder: Path
) -> tuple[SourceRows, tuple[str, ...]]:
    """Return up to `most` rows of a source's file, drawn by a named stream, and the file's classes."""
    full = path if is_hub_name(path) else folder / path
    examples = read_csv(full, source.label_col, source.text_cols, drop_rare=True)
    order = stream(spec.seed, "rows", source.name, path).permutation(len(examples))
    examples = examples.subset(sorted(order[:most].tolist()))
    prepared = prepare(examples, backbone, source.template or None, spec.max_tokens)
    tree = backbone.t5.place(label_tree(prepared.spec.verbalizer, backbone))
    labels = torch.as_tensor(prepared.labels, device=backbone.device)
    return SourceRows(prepared.texts, labels, tree), examples.classes


def _starts(path: str | Path | None, spec: BankSpec, backbone: Backbone, train: Sequence[SourceRows]) -> torch.Tensor:
    """Return the prompts [S, P, H] that the sources start from."""
    if path is None:
        some = train[0].texts.take(torch.arange(min(START_ROWS, len(train[0].texts)), device=backbone.device))
        texts = read_to_layer(backbone, some, spec.prompt_layer, TOKENS_AT_ONCE)
        common = from_vocabulary(backbone, texts, spec.prompt_tokens, stream(spec.seed, "start"))
        return common.repeat(len(spec.sources), 1, 1)
    if not Path(path).is_file():
        raise NotFound(str(path), "there is no such file.", "Name a safetensors file of prompts, or leave --start out.")
    prompts = read_arrays(Path(path))
    shape = (spec.prompt_tokens, backbone.width)
    if any(prompt.shape != shape for prompt in prompts.values()):
        problem = f"holds prompts of other shapes than {spec.prompt_tokens} tokens × width {backbone.width}."
        raise IntegrityError(str(path), problem, "Change prompt-tokens in the bank file, or leave --start out.")
    common = np.mean(list(prompts.values()), axis=0)
    starts = np.stack([prompts.get(source.name, common) for source in spec.sources]).astype(np.float32)
    return torch.as_tensor(starts, device=backbone.device)


def _save(
    bank: JointBank,
    spec: BankSpec,
    train: Sequence[SourceRows],
    held_out: Sequence[SourceRows],
    registry: Registry,
    command: str,
) -> tuple[PretrainedSource, ...]:
    """Score every source on held-out rows and keep its target prompt: what the mixture gives its own task."""
    finished = []
    targets, shares = bank.targets().detach().cpu().numpy(), bank.shares().detach()
    for number, source in enumerate(spec.sources):
        scored = held_out[number]
        accuracy, rows = bank.accuracy(number, scored, TOKENS_AT_ONCE), len(scored.texts)
        majority = float(scored.labels.bincount().max()) / rows
        result = PretrainedSource(source.name, source.task, accuracy, majority, rows, float(shares[number, number]))
        manifest = Manifest(
            name=source.name,
            about=source.about or f"Source prompt for {source.task}.",
            backbone=spec.backbone,
            fingerprint=bank.backbone.fingerprint,
            prompt_tokens=spec.prompt_tokens,
            prompt_layer=spec.prompt_layer,
            width=bank.backbone.width,
            task=source.task,
            data=(DataSource(source.name, source.licence, len(train[number].texts)),),
            score=Score("accuracy", round(accuracy, 4), rows),
            seed=spec.seed,
            command=command,
        )
        registry.add_source(targets[number], manifest, replace=True)
        finished.append(result)
    return tuple(finished)
