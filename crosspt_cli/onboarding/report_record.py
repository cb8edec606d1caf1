"""What a report needs beyond the study: which rows they were, what each was answered when held out, how it was made."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from crosspt_cli.data import Examples
from crosspt_cli.evidence.outcome import StudyResult
from crosspt_cli.foundation.plain_json import to_json
from crosspt_cli.foundation.records import plain, read
from crosspt_cli.registry import StoredTask, dump_arrays, parse_arrays

if TYPE_CHECKING:
    from crosspt_cli.core.backbone import Backbone

REPORT_FILE = "report.json"
SHARES_FILE = "report.safetensors"
LIBRARIES = ("torch", "transformers", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Made:
    """How an onboarding was done.

    Attributes:
        budget: its name.
        device, dtype: where it was computed, and in what.
        seconds: from the start until all was ready to be saved.
        peak_memory_mb: of the whole process.
        versions: of Python and the libraries that compute.
    """

    budget: str
    device: str
    dtype: str
    seconds: float
    peak_memory_mb: float
    versions: dict[str, str]


@dataclass(frozen=True)
class RowRecord:
    """The rows a task was made of, in the order of its row digests; no texts.

    Attributes:
        folder: where the command was given; the files' names start from there.
        files: as the person named them.
        file: [rows] index into `files`.
        line: [rows] on which each row starts; the row number for Parquet and hub data sets.
        label: [rows] index into the task's classes.
        shares: [seeds, rows, C] float32, held-out class probabilities of the chosen candidate, calibrated.
        suspects: index of a row that is probably labelled wrongly → index of the class that is likely.
    """

    RECORD: ClassVar = ("folder", "files", "file", "line", "label", "suspects")

    folder: Path
    files: tuple[str, ...]
    file: tuple[int, ...]
    line: tuple[int, ...]
    label: np.ndarray
    shares: np.ndarray
    suspects: dict[int, int]

    def place(self, row: int) -> tuple[str, int]:
        """Return file and line of a row."""
        return self.files[self.file[row]], self.line[row]


def made_on(backbone: Backbone, budget: str, seconds: float) -> Made:
    """Return how an onboarding was done that took so many seconds on the backbone's device."""
    from crosspt_cli.core.devices import peak_memory_mb  # inside: it brings torch, and a report needs none

    return Made(
        budget=budget,
        device=str(backbone.device),
        dtype=str(backbone.t5.dtype).removeprefix("torch."),
        seconds=round(seconds, 2),
        peak_memory_mb=round(peak_memory_mb(backbone.device), 1),
        versions={"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES},
    )


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "unknown"  # put there without a package manager; no reason to lose what was trained


def _folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""  # removed while training; files named in full are still found


def report_files(made: Made, examples: Examples, study: StudyResult) -> dict[str, str | bytes]:
    """Return what is saved beside a task so that a report can be made of it later, by file name.

    Args:
        made: how it was done.
        examples: the rows.
        study: the study on them.
    """
    number = {label: index for index, label in enumerate(examples.classes)}
    files = tuple(dict.fromkeys(row.file for row in examples.rows))
    places = {file: index for index, file in enumerate(files)}
    rows = RowRecord(
        folder=Path(_folder()),
        files=files,
        file=tuple(places[row.file] for row in examples.rows),
        line=tuple(row.line for row in examples.rows),
        label=np.array([number[label] for label in examples.labels()], np.int64),
        shares=study.calibration.shares,
        suspects={each.row: each.likely for each in study.suspects},
    )
    document = {"made": plain(made)} | plain(rows)
    return {REPORT_FILE: to_json(document), SHARES_FILE: dump_arrays({"shares": rows.shares})}


def read_report_files(stored: StoredTask) -> tuple[Made, RowRecord]:
    """Return what `report_files` saved beside a task.

    Raises:
        KeyError: the task has no such files.
        ValueError: they are not what this version can read.
        IntegrityError: the probabilities are damaged.
    """
    document = json.loads(stored.files[REPORT_FILE])
    arrays = parse_arrays(stored.path / SHARES_FILE, stored.files[SHARES_FILE])
    rows = read(RowRecord, document, REPORT_FILE)
    return read(Made, document["made"], f"{REPORT_FILE}.made"), replace(rows, shares=arrays["shares"])
