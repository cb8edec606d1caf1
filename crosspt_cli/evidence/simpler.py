"""Parts of the method by themselves, on the same folds and rows: would one of them do?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosspt_cli.evidence.found import Found
from crosspt_cli.evidence.judge import correct_by_seed
from crosspt_cli.evidence.outcome import CandidateResult
from crosspt_cli.evidence.prototypes import prototypes
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Fold
from crosspt_cli.evidence.verdict import ALONE, LABEL_WORDS, PROTOTYPES, SOURCE


def simpler_methods(found: Found) -> dict[str, np.ndarray]:
    """Return whether parts of the method, by themselves, are right: name → [rows, seeds or 1] of 0 and 1.

    What the chosen candidate is already, is left out: label words alone where it reads nothing else, and so on.

    Args:
        found: what the study found.
    """
    candidate, readout, labels = found.chosen.candidate, found.chosen.readout, found.labels
    alone = best_alone(found.results)
    simpler = {}
    if readout.words:
        nearest = nearest_class(found.vectors, labels, found.folds, len(found.classes))
        simpler[PROTOTYPES] = _right(nearest, labels)
    if found.best_source is not None and not candidate.is_source:  # else it is the prompt read by label words alone
        simpler[SOURCE] = _right(found.best_source, labels)
    if readout.weight:
        simpler[LABEL_WORDS] = correct_by_seed(found.trials, Readout(0.0), labels)
    if not candidate.is_alone and alone is not None and found.weighed is None:  # it could have used the rows as well
        simpler[ALONE] = correct_by_seed(found.kept[alone], found.results[alone].readout, labels)
    return simpler


def best_alone(results: Sequence[CandidateResult]) -> int | None:
    """Return the best private prompt without sources, by what is compared; None where all of them failed."""
    alone = [n for n, result in enumerate(results) if result.candidate.is_alone and result.state != "failed"]
    return max(alone, key=lambda n: results[n].utility.mean(), default=None)


def nearest_class(vectors: np.ndarray, labels: np.ndarray, folds: Sequence[Fold], classes: int) -> np.ndarray:
    """Return the class whose mean is nearest to each row's vector without any prompt, [rows] int64.

    The means are of the rows of the other folds.

    Args:
        vectors: [rows, H] float32.
        labels: [rows] int64.
        folds: of the study.
        classes: C.
    """
    found = np.zeros(len(labels), np.int64)
    for fold in folds:
        means = prototypes(vectors[fold.train], labels[fold.train], classes)
        found[fold.held_out] = means.similarity(vectors[fold.held_out]).argmax(1)
    return found


def _right(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return (answers == labels).astype(float)[:, None]
