"""Everything that held-out answers say of a choice: what to expect, what would be simpler, what sharing is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crosspt_cli.evidence.calibration import calibrate
from crosspt_cli.evidence.corrected import corrected_score, why_other
from crosspt_cli.evidence.forecast import LearningCurve, make_curve
from crosspt_cli.evidence.found import Found
from crosspt_cli.evidence.judge import correct_by_seed
from crosspt_cli.evidence.outcome import Calibration, Corrected, Sharing, Suspect, Verdict
from crosspt_cli.evidence.sharing import did_sharing_help
from crosspt_cli.evidence.simpler import simpler_methods
from crosspt_cli.evidence.suspects import find_suspects
from crosspt_cli.evidence.verdict import make_verdict
from crosspt_cli.foundation.seeds import stream


@dataclass(frozen=True)
class Conclusions:
    """What is to be said of a choice.

    Attributes:
        corrected: the chosen candidate's score without the luck of the choice.
        verdict: the chosen candidate beside simpler methods.
        sharing: what the sources were worth to it.
        calibration: what its probabilities are worth.
        curve: what more rows should bring.
        suspects: rows that are probably labelled wrongly, the surest first.
    """

    corrected: Corrected
    verdict: Verdict
    sharing: Sharing
    calibration: Calibration
    curve: LearningCurve
    suspects: tuple[Suspect, ...]


def conclude(found: Found) -> Conclusions:
    """Return what held-out answers say of the chosen candidate."""
    chosen, labels = found.chosen, found.labels
    corrected = _corrected(found)
    luck = max(0.0, chosen.score.mean - corrected.out_of_bag)
    right = correct_by_seed(found.trials, chosen.readout, labels)
    verdict = make_verdict(found.baselines, simpler_methods(found), right, found.folds, luck, found.distinct)
    calibration = calibrate(found.trials, chosen.readout, labels, found.folds, luck * len(labels))
    return Conclusions(
        corrected=corrected,
        verdict=verdict,
        sharing=_sharing(found, luck),
        calibration=calibration,
        curve=_curve(found, corrected, right.mean(1)),
        suspects=find_suspects(calibration.shares.mean(0), labels),
    )


def _corrected(found: Found) -> Corrected:
    """Return what to expect of the choice, without the luck of steps, readout and candidate being chosen."""
    usable = [number for number, result in enumerate(found.results) if result.state != "failed"]
    corrected = corrected_score(
        [found.results[number].candidate for number in usable],
        [found.judged[number] for number in usable],
        len(found.classes),
        float(np.log2(len(found.labels) / found.rows_of_a_fold)),
        stream(found.seed, "corrected"),
        found.distinct,
        found.changed,
    )
    return replace(corrected, why=why_other(found.chosen.score.mean, corrected))


def _sharing(found: Found, luck: float) -> Sharing:
    """Return what sources were worth; rows without labels, which every method could use, are left out of it."""
    plain = replace(found, weighed=None)
    chosen, labels = plain.chosen, plain.labels
    right = correct_by_seed(plain.trials, chosen.readout, labels)
    verdict = make_verdict(plain.baselines, simpler_methods(plain), right, plain.folds, luck, plain.distinct)
    shortened = plain.reread is not None
    return did_sharing_help(chosen.candidate, chosen.readout, plain.without, labels, verdict, plain.distinct, shortened)


def _curve(found: Found, corrected: Corrected, right: np.ndarray) -> LearningCurve:
    """Return how the chosen candidate's accuracy grows with rows, as far as it was trained on fewer of them."""
    sizes = [*(rows for rows, _ in found.fewer), found.rows_of_a_fold]
    every = [*(correct for _, correct in found.fewer), right]
    return make_curve(sizes, every, corrected, found.labels, found.classes, stream(found.seed, "curve"))
