"""Train a bank of source prompts for a backbone, so that later tasks have something to share."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from dataclasses import replace as replaced
from pathlib import Path

import numpy as np
import torch

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.initialise import from_vocabulary
from crosspt_cli.core.joint import JointBank, JointRates, SourceRows
from crosspt_cli.core.optimise import Schedule
from crosspt_cli.core.read import read_to_layer
from crosspt_cli.data import is_hub_name, read_csv
from crosspt_cli.foundation.errors import Argument, DataError, IntegrityError, NotFound
from crosspt_cli.foundation.files import write_bytes
from crosspt_cli.foundation.paths import suggested_name
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.study_input import mixing_shape, shape_of
from crosspt_cli.pretraining.bank_file import BankSpec, SourceSpec, read_bank
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.reading.prepare import label_tree, prepare
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
    """What a finished run leaves: its sources are in the registry; `notes` are sentences about their use."""

    backbone: str
    sources: tuple[PretrainedSource, ...]
    steps: int
    loss: float
    seconds: float
    notes: tuple[str, ...] = ()


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
    tell: Callable[[str], None] = lambda sentence: None,
    progress: Progress = no_progress,
) -> PretrainedBank:
    """Return the bank just trained and saved to the personal registry: all of its sources, or on a failure none.

    A run that was stopped goes on where it was when the same bank file is given again. While it trains, no other
    process can save a source prompt under one of its names.

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
        tell: given each of the notes as soon as it is known; those about mixing come before training.
        progress: told of every step, with the mean loss.

    Raises:
        NotFound: the bank file, a data set or the backbone does not exist.
        DataError: the bank file or a data set cannot be used.
        OptionError: a source exists and `replace` is false.
        StorageError: another process trains a source of the same name, or the registry cannot be written.
        TrainingError: a loss became nan; the step and the source are named, and nothing was saved.
    """
    began = time.monotonic()
    registry = registry or Registry.open()
    spec = read_bank(Path(bank_path), backbone, prompt_layer)
    registry.ensure_writable()
    names = [source.name for source in spec.sources]
    with registry.reserve_sources(names, spec.backbone, replace):
        opened = open_backbone(spec.backbone, registry, device, dtype)
        spec, mixing = _mixable(spec, opened, registry)
        for note in mixing:
            tell(note)
        opened.require_layer(spec.shape[1], "prompt-layer" if prompt_layer is None else Argument("prompt_layer"))
        # held-out rows are read now as well: what is wrong with them must not come out after hours of training
        both = [_both(source, spec, opened, Path(data_folder)) for source in spec.sources]
        train, held_out = zip(*both, strict=True)
        starts = _starts(start, spec, opened, train)
        rates = JointRates(spec.source_rate, spec.attention_rate)
        bank = JointBank(opened, starts, train, Schedule(spec.steps), rates, spec.shape[1], spec.own_share)
        checkpoint = _Checkpoint(registry, spec, opened, starts, train)
        loss = _run(bank, spec, checkpoint, progress)
        sources = _save(bank, spec, held_out, registry, _command(bank_path, backbone, prompt_layer, start))
        checkpoint.path.unlink(missing_ok=True)
    useless = useless_notes(sources)
    for note in useless:
        tell(note)
    return PretrainedBank(spec.backbone, sources, spec.steps, loss, time.monotonic() - began, (*mixing, *useless))


def _command(bank_path: str | Path, backbone: str | None, prompt_layer: int | None, start: str | Path | None) -> str:
    """Return what to type for the same bank again."""
    return shlex.join(
        ["crosspt", "registry", "pretrain", Path(bank_path).name, "--data", "DATA"]
        + (["--backbone", backbone] if backbone else [])
        + ([] if prompt_layer is None else ["--prompt-layer", str(prompt_layer)])
        + (["--start", Path(start).name] if start else [])
    )


def _mixable(spec: BankSpec, backbone: Backbone, registry: Registry) -> tuple[BankSpec, tuple[str, ...]]:
    """Return the bank with its prompts' length and layer, and what is to be said if others have another.

    What the bank file leaves open is as in the backbone's other source prompts, so that tasks can mix them all.
    """
    own = {(suggested_name(spec.backbone), source.name) for source in spec.sources}
    others = [shape_of(entry) for entry in registry.sources(fingerprint=backbone.fingerprint) if entry.key not in own]
    tokens, layer = mixing_shape(others)
    shape = (
        tokens if spec.prompt_tokens is None else spec.prompt_tokens,
        layer if spec.prompt_layer is None else spec.prompt_layer,
    )
    placed = replaced(spec, prompt_tokens=shape[0], prompt_layer=shape[1])
    if not others or shape == (tokens, layer):
        return placed, ()
    return placed, (_mixing_note(shape, (tokens, layer), mixing_shape([*others, *[shape] * len(own)]), backbone.name),)


def _mixing_note(own: tuple[int, int], usual: tuple[int, int], mixed: tuple[int, int], backbone: str) -> str:
    """Return which source prompts tasks will leave out, and how to have both; shapes are tokens and layer."""
    said = (
        f"These prompts will have {own[0]} tokens before layer {own[1]}, and most others of {backbone} have {usual[0]} "
        f"before layer {usual[1]}; a task can only mix prompts of one length and layer."
    )
    out = f"'crosspt add-task' will use the others, or these with --prompt-layer {own[1]}."
    if own[1] == usual[1]:
        out = "'crosspt add-task' will use the others, and none of these."
    if mixed == own:
        out = "'crosspt add-task' will use these, and the others no more."
    return f"{said} {out} To mix them: leave prompt-tokens and prompt-layer out of the bank file."


def useless_notes(sources: Sequence[PretrainedSource]) -> tuple[str, ...]:
    """Return a sentence for every source that answers no better than its most frequent class."""
    return tuple(
        f"Source prompt '{each.name}' answers {each.accuracy:.1%} of its held-out rows rightly, where always answering "
        f"the most frequent class answers {each.majority:.1%}. It is saved; 'crosspt registry rm {each.name}' removes "
        "it."
        for each in sources
        if each.accuracy <= each.majority
    )


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
    checkpoint.save(bank, loss)  # so that a full disk or a kill while sources are saved costs no training
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
        state = bank.state() | {"steps": np.array([bank.steps], np.float32), "loss": np.array([loss], np.float32)}
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
    examples = read_csv(full, source.label_col, source.text_cols, drop_rare=True, ignore_unlabelled=True)
    order = stream(spec.seed, "rows", source.name, path).permutation(len(examples))
    examples = examples.subset(sorted(order[:most].tolist()))
    prepared = prepare(examples, backbone, source.template or None, spec.max_tokens)
    tree = backbone.t5.place(label_tree(prepared.spec.verbalizer, backbone))
    labels = torch.as_tensor(prepared.labels, device=backbone.device)
    return SourceRows(prepared.texts, labels, tree), examples.classes


def _starts(path: str | Path | None, spec: BankSpec, backbone: Backbone, train: Sequence[SourceRows]) -> torch.Tensor:
    """Return the prompts [S, P, H] that the sources start from."""
    tokens, layer = spec.shape
    if path is None:
        rows = np.arange(min(START_ROWS, len(train[0].texts)))
        some = train[0].texts.take(torch.as_tensor(rows, device=backbone.device))
        texts = read_to_layer(backbone, some, layer, TOKENS_AT_ONCE)
        common = from_vocabulary(backbone, texts, rows, tokens, stream(spec.seed, "start"))
        return common.repeat(len(spec.sources), 1, 1)
    if not Path(path).is_file():
        raise NotFound(str(path), "there is no such file.", "Name a safetensors file of prompts, or leave --start out.")
    prompts = read_arrays(Path(path))
    shape = (tokens, backbone.width)
    if any(prompt.shape != shape for prompt in prompts.values()):
        problem = f"holds prompts of other shapes than {tokens} tokens × width {backbone.width}."
        raise IntegrityError(str(path), problem, "Change prompt-tokens in the bank file, or leave --start out.")
    middle: np.ndarray = np.mean(list(prompts.values()), axis=0)
    starts = np.stack([prompts.get(source.name, middle) for source in spec.sources]).astype(np.float32)
    return torch.as_tensor(starts, device=backbone.device)


def _save(
    bank: JointBank,
    spec: BankSpec,
    held_out: Sequence[SourceRows],
    registry: Registry,
    command: str,
) -> tuple[PretrainedSource, ...]:
    """Score every source on held-out rows and keep its target prompt: what the mixture gives its own task."""
    finished, prompts = [], []
    tokens, layer = spec.shape
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
            prompt_tokens=tokens,
            prompt_layer=layer,
            width=bank.backbone.width,
            task=source.task,
            data=(DataSource(source.name, source.licence, len(bank.tasks[number].texts)),),
            score=Score("accuracy", round(accuracy, 4), rows),
            seed=spec.seed,
            command=command,
        )
        prompts.append((targets[number], manifest))
        finished.append(result)
    registry.add_sources(prompts, replace=True)  # the names were reserved before training
    return tuple(finished)
