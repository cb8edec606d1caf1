"""What onboarding leaves behind, and how it goes to disk and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crosspt_cli.evidence.labelled import LabelledRows
from crosspt_cli.evidence.outcome import HeldOutAnswers
from crosspt_cli.evidence.prototypes import PairedPrototypes, Prototypes
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.evidence.unusual import Familiar
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.methods import MIXTURE
from crosspt_cli.registry import Entry, Registry, StoredTask
from crosspt_cli.registry.documents import FORMAT_VERSION, LAYERED_FORMAT
from crosspt_cli.tasks import TaskSpec, Verbalizer, dump_template, parse_template

PRIVATE = "private"
TEMPLATE_FILE = "template.yaml"
ROWS_FILE = "rows.txt"
SUMMARY_FILE = "summary.txt"  # what add-task printed
MOST_KEPT = 512  # labelled rows whose vectors are stored: 3 MB where H is 768
ROW_VECTORS, ROW_PLAIN, ROW_LABELS = "row_vectors", "row_plain_vectors", "row_labels"
PROMPTED, PLAIN = "familiar", "familiar_plain"  # the first is of tasks saved before texts were compared without prompt


@dataclass(frozen=True)
class SeenRows:
    """Rows without labels that a task has learned from: how many, of how many, and a digest of those; no texts."""

    rows: int
    possible: int
    digest: str


@dataclass(frozen=True)
class FittedTask:
    """A task that can answer: everything but the backbone.

    Attributes:
        name: of the task.
        backbone: the name it was onboarded with.
        fingerprint: of that backbone; no other will do.
        text_columns: where the texts came from, in order.
        label_column: where the labels came from.
        spec: template and label words.
        candidate: what was chosen.
        steps: how long the private prompt and the attention were trained on all rows.
        shares: source name → attention share, `private` last; they sum to 1.
        source_digests: source name → sha256 of its manifest, which covers its values.
        prompt_layer: the encoder layer before which the prompt enters; 0 is the input.
        prompt: [P, H] float32, the target prompt, folded; [D, P, H] where D layers have one each.
        own: what the method keeps beside it, by the name of the array: of the mixture the `private` prompt [P, H].
        bias: [C] nats the prompt favours each class by; taken off at prediction.
        prototypes: class means of the training rows' vectors, read with the prompt and without it.
        readout: how label words and prototypes make a score, and at what temperature that is a probability.
        held_out: what confidence was worth on held-out rows.
        familiar: what training rows look like to the prompt.
        rows: how many rows it was fitted on.
        seed: of the run.
        command: the command line that made it.
        unlabelled: the rows without labels that the prototypes have seen; None where there were none.
        row_digests: a digest of each row it was fitted on, see `row_digest`.
        labelled: rows it was fitted on, up to `MOST_KEPT`, as prototypes see them; None of tasks saved before they
            were kept.
    """

    name: str
    backbone: str
    fingerprint: str
    text_columns: tuple[str, ...]
    label_column: str
    spec: TaskSpec
    candidate: Candidate
    steps: int
    shares: Mapping[str, float]
    source_digests: Mapping[str, str]
    prompt_layer: int
    prompt: np.ndarray
    own: Mapping[str, np.ndarray]
    bias: np.ndarray
    prototypes: PairedPrototypes
    readout: Readout
    held_out: HeldOutAnswers
    familiar: Familiar
    rows: int
    seed: int
    command: str
    row_digests: tuple[str, ...]
    unlabelled: SeenRows | None = None
    labelled: LabelledRows | None = None


def load_fitted(name: str, registry: Registry | None = None) -> FittedTask:
    """Return a task from the registry.

    Raises:
        NotFound: there is none of that name.
        IntegrityError: its files are damaged.
    """
    return read_fitted((registry or Registry.open()).load_task(name))


def read_fitted(stored: StoredTask) -> FittedTask:
    """Return the task that a registry entry holds.

    Raises:
        IntegrityError: it is not one that this version can read.
    """
    try:
        return from_stored(stored)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"is not a task this crosspt can read ({type(error).__name__}: {error})."
        raise IntegrityError(str(stored.path), problem, "Onboard it again with --replace.") from error


def to_document(fitted: FittedTask) -> dict[str, Any]:
    """Return everything of a task that is not an array, as plain values."""
    verbalizer, candidate, readout = fitted.spec.verbalizer, fitted.candidate, fitted.readout
    return {
        "backbone": {"name": fitted.backbone, "fingerprint": fitted.fingerprint},
        "columns": {"text": list(fitted.text_columns), "label": fitted.label_column},
        "metric": fitted.spec.metric,
        "classes": [
            {"label": label, "words": words, "tokens": list(tokens)}
            for label, words, tokens in zip(verbalizer.classes, verbalizer.words, verbalizer.tokens, strict=True)
        ],
        "chosen": {
            "sources": list(candidate.sources),
            "lr_ratio": candidate.lr_ratio,
            "attention_rate": candidate.attention_rate,
            "steps": fitted.steps,
            "method": candidate.method,
            "arrays": list(fitted.own),
        },
        "attention": {name: round(share, 6) for name, share in fitted.shares.items()},
        "source_digests": dict(fitted.source_digests),
        "prompt_layer": fitted.prompt_layer,
        "readout": {"weight": readout.weight, "words": readout.words, "temperature": readout.temperature},
        "held_out": {"luck": fitted.held_out.luck},
        "familiar": {"limit": fitted.familiar.limit},
        "rows": fitted.rows,
        "seed": fitted.seed,
        "command": fitted.command,
        **({} if fitted.unlabelled is None else {"unlabelled": asdict(fitted.unlabelled)}),
    }


def to_arrays(fitted: FittedTask) -> dict[str, np.ndarray]:
    """Return a task's arrays by the names they are stored under."""
    return {
        "prompt": fitted.prompt,
        **fitted.own,
        "leaning": fitted.bias,
        "prompted_prototypes": fitted.prototypes.prompted.directions,
        "prompted_prototype_offsets": fitted.prototypes.prompted.offsets,
        "plain_prototypes": fitted.prototypes.plain.directions,
        "plain_prototype_offsets": fitted.prototypes.plain.offsets,
        "held_out_confidence": fitted.held_out.confidence,
        "held_out_correct": fitted.held_out.correct,
        PROMPTED if fitted.familiar.prompted else PLAIN: fitted.familiar.means,
        **({} if fitted.labelled is None else _labelled_arrays(fitted.labelled)),
    }


def _labelled_arrays(rows: LabelledRows) -> dict[str, np.ndarray]:
    labels = rows.labels.astype(np.float32)  # the registry keeps nothing else, and class numbers are exact in it
    return {ROW_VECTORS: rows.vectors, ROW_PLAIN: rows.plain, ROW_LABELS: labels}


def save_fitted(
    fitted: FittedTask,
    study: Mapping[str, str | bytes],
    registry: Registry,
    replace: bool,
    known: Mapping[str, Any] | None = None,
) -> Entry:
    """Return the registry's entry of the task just saved; an old one stays whole until the new one is.

    Args:
        fitted: the task.
        study: files that record how it was chosen, by name.
        registry: where to save.
        replace: whether a task of that name may be replaced.
        known: what lists show of the task beside the document that it is read from.
    """
    rows = "".join(f"{digest}\n" for digest in fitted.row_digests)
    files = {TEMPLATE_FILE: dump_template(fitted.spec.template), ROWS_FILE: rows, **study}
    document = {**to_document(fitted), **(known or {})}
    of_layers = fitted.prompt.ndim == 3
    return registry.save_task(
        fitted.name, document, to_arrays(fitted), files, replace, LAYERED_FORMAT if of_layers else FORMAT_VERSION
    )


def from_stored(stored: StoredTask) -> FittedTask:
    """Return the task a registry entry holds."""
    document, arrays = stored.document, stored.arrays
    classes, chosen, readout = document["classes"], document["chosen"], document["readout"]
    verbalizer = Verbalizer(
        classes=tuple(item["label"] for item in classes),
        words=tuple(item["words"] for item in classes),
        tokens=tuple(tuple(item["tokens"]) for item in classes),
    )
    template = parse_template(stored.files[TEMPLATE_FILE].decode(), str(stored.path / TEMPLATE_FILE))
    return FittedTask(
        name=stored.name,
        backbone=document["backbone"]["name"],
        fingerprint=document["backbone"]["fingerprint"],
        text_columns=tuple(document["columns"]["text"]),
        label_column=document["columns"]["label"],
        spec=TaskSpec(template, verbalizer, document["metric"]),
        candidate=Candidate(
            tuple(chosen["sources"]), chosen["lr_ratio"], chosen["attention_rate"], chosen.get("method", MIXTURE)
        ),
        steps=chosen["steps"],
        shares=document["attention"],
        source_digests=document["source_digests"],
        prompt_layer=document["prompt_layer"],
        prompt=arrays["prompt"],
        own={name: arrays[name] for name in chosen.get("arrays", [PRIVATE])},
        bias=arrays["leaning"],
        prototypes=PairedPrototypes(
            Prototypes(arrays["prompted_prototypes"], arrays["prompted_prototype_offsets"]),
            Prototypes(arrays["plain_prototypes"], arrays["plain_prototype_offsets"]),
        ),
        readout=Readout(readout["weight"], readout["words"], readout["temperature"]),
        held_out=HeldOutAnswers(
            arrays["held_out_confidence"], arrays["held_out_correct"], document["held_out"]["luck"]
        ),
        familiar=_familiar(arrays, document["familiar"]["limit"]),
        rows=document["rows"],
        seed=document["seed"],
        command=document["command"],
        row_digests=tuple(stored.files[ROWS_FILE].decode().split()),
        unlabelled=SeenRows(**document["unlabelled"]) if "unlabelled" in document else None,
        labelled=_labelled(arrays),
    )


def _labelled(arrays: Mapping[str, np.ndarray]) -> LabelledRows | None:
    if ROW_LABELS not in arrays:
        return None
    return LabelledRows(arrays[ROW_VECTORS], arrays[ROW_PLAIN], arrays[ROW_LABELS].astype(np.int64))


def _familiar(arrays: Mapping[str, np.ndarray], limit: float) -> Familiar:
    return Familiar(arrays[PLAIN], limit) if PLAIN in arrays else Familiar(arrays[PROMPTED], limit, prompted=True)
