"""The study as files beside the task: what was tried, how every trial did, and its held-out predictions."""

from __future__ import annotations

import json

import numpy as np

from crosspt_cli.evidence.outcome import StudyResult
from crosspt_cli.foundation.plain_json import finite, to_json
from crosspt_cli.foundation.records import plain, read
from crosspt_cli.onboarding.old_record import completed
from crosspt_cli.registry import StoredTask, dump_arrays

STUDY_FILE = "study.json"
PREDICTIONS_FILE = "study.safetensors"


def study_files(study: StudyResult) -> dict[str, str | bytes]:
    """Return the record of a study, by file name.

    `study.json` holds what a person reads; `study.safetensors` holds, per trial, the held-out rows' indices, label
    words' log-likelihoods and similarity to prototypes, both [h, C], from which how each trial stood when it ended can
    be computed again.
    """
    arrays = {}
    for number, trial in enumerate(study.trials):
        arrays[f"{number}.rows"] = trial.held_out.astype(np.float32)
        arrays[f"{number}.nats"] = np.nan_to_num(trial.nats, nan=0.0, posinf=0.0, neginf=-1e4)
        arrays[f"{number}.nearness"] = np.nan_to_num(trial.similarity)
        arrays[f"{number}.leaning"] = np.nan_to_num(trial.bias)
    return {STUDY_FILE: to_json(finite(plain(study)), indent=1), PREDICTIONS_FILE: dump_arrays(arrays)}


def read_study(stored: StoredTask) -> StudyResult:
    """Return what `study_files` saved beside a task as `study.json`; its arrays are empty.

    Raises:
        KeyError: the task has no such file, or one of before studies had learning curves.
        ValueError: it is not what this version can read.
    """
    return read(StudyResult, completed(json.loads(stored.files[STUDY_FILE])), STUDY_FILE)


def cut_short(study: StudyResult, steps: int) -> str:
    """Return what the time limit cut short as a sentence; "" where nothing was.

    Args:
        study: what the search found.
        steps: of the final fit.
    """
    planned = study.chosen.steps
    parts = ["the search ended early"] if study.stopped_early else []
    parts += ["what single sources are worth was not measured"] if study.sources_left_out else []
    parts += ["no learning curve was trained"] if study.curve_left_out else []
    parts += [f"the final fit has {steps:,} of {planned:,} steps"] if steps < planned else []
    return f"To hold the time limit: {', '.join(parts)}." if parts else ""
