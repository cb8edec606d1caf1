"""Onboard public data sets from a few rows, and keep what `accuracy.py`, `honesty.py` and `calibration.py` ask about.

    python bench/onboardings.py --data DATA --draws 3 --out bench/results/onboardings-quick.jsonl

DATA holds one folder per target with `train.csv.gz` and `test.csv.gz` (columns `text`, or `sentence1` and
`sentence2`, and `label`). For every target, draw and number of rows per class one task is onboarded as `add-task` does
it and answers test rows; its line is appended as soon as it is known, and started again, the script goes on after the
last line. The three scripts take the same options, measure what is missing, and print what they ask about.

With `--pool N` it is onboarded with N other training rows as rows without labels. Its line then has what they were
said to be worth, and the accuracy on test rows with and without them. What was not chosen answers no test rows then: it
has nothing to do with these rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import is_of, measure_missing, read_lines
from rows import OTHERS, TARGETS, balanced, draw_pool, draw_rows, scores, write_rows

KEPT_ROWS = 400  # of larger tasks no row-by-row scores are kept
OTHER_ROWS = 200
BINS = 15
KINDS = ("as they are", "search", "calibrated")
PROMISED = 0.9


@dataclass(frozen=True)
class Onboarding:
    """One onboarding to measure, with `pool` rows without labels.

    `other` is the target whose texts it should find unusual.
    """

    data: Path
    target: str
    other: str
    per_class: int
    draw: int
    budget: str
    backbone: str
    test_rows: int
    pool: int = 0

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        return {name: getattr(self, name) for name in ("target", "per_class", "draw", "budget", "backbone", "pool")}


@dataclass(frozen=True)
class Onboarded:
    """A finished one: `done` and its `predictor`, the `test` rows and their `truth`.

    It was made of `shots`, and of the rows `unlabelled`, whose labels nobody looked at.
    """

    done: object
    predictor: object
    shots: object
    unlabelled: object
    test: object
    truth: np.ndarray

    @property
    def texts(self) -> list[tuple[str, ...]]:
        """The test rows' texts."""
        return [row.fields for row in self.test.rows]


def measure(job: Onboarding) -> dict:
    """Return the line of one onboarding."""
    from crosspt_cli import Predictor, Registry, onboard

    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, job.test_rows)
    unlabelled = draw_pool(job.data / job.target, shots, job.draw, job.pool)
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.open(Path(scratch) / "home")
        rows = Path(scratch) / f"{job.target.replace('_', '-')}.csv"
        write_rows(rows, shots)
        write_rows(pool := Path(scratch) / "pool.csv", unlabelled, labels=False)
        done = onboard(
            rows, "label", budget=job.budget, backbone=job.backbone, registry=registry, seed=job.draw,
            **({"unlabelled": [pool]} if job.pool else {}),
        )  # fmt: skip
        predictor = Predictor.open(done.task, registry)
    classes = list(done.fitted.spec.verbalizer.classes)
    truth = np.array([classes.index(label) for label in test.labels()])
    finished = Onboarded(done, predictor, shots, unlabelled, test, truth)
    _, other = draw_rows(job.data / job.other, job.per_class, job.draw, OTHER_ROWS)
    study, chosen = done.study, done.study.chosen
    return {
        "rows": len(shots), "classes": len(classes), "test_rows": len(test),
        "chosen": str(chosen.candidate), "sources": list(chosen.candidate.sources), "steps": chosen.steps,
        "weight": chosen.readout.weight, "simpler": study.verdict.simpler,
        **_accuracies(finished, job.draw),
        "uncorrected": round(chosen.score.mean, 4), "se": round(chosen.score.se, 4),
        "corrected": round(study.corrected.accuracy.value, 4),
        "interval": [round(end, 4) for end in study.corrected.accuracy.ends],
        "all_rows": round(study.corrected.all_rows, 4), "rows_worth": round(study.corrected.rows_worth, 2),
        "beside": {
            name: [each.outcome, *(round(number, 4) for number in (each.difference.value, *each.difference.ends))]
            for name, each in study.verdict.methods.items()
        },
        **_calibration(finished), "other": job.other, "unusual": _unusual(finished, other),
    }  # fmt: skip


def _accuracies(finished: Onboarded, draw: int) -> dict:
    """Return accuracy and balanced accuracy of every column, of every candidate of the study, and what a pool did."""
    answers, pooled, candidates = _answers(finished, draw)
    chance = {"chance": round(1 / len(finished.shots.classes), 4)}
    found = {name: value | chance for name, value in scores(answers, finished.truth).items()}
    found["candidates"] = candidates
    if pooled:
        found["unlabelled"] = _worth(finished.done.study.pool) | scores(pooled, finished.truth)
    return found


def _worth(said) -> dict:
    """Return what rows without labels were said to be worth."""
    worth = None if said.worth is None else [round(each, 4) for each in (said.worth.value, *said.worth.ends)]
    return {"rows": said.rows, "unusual": said.unusual, "mass": said.mass, "worth": worth}


def _answers(finished: Onboarded, draw: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[dict]]:
    """Return every column's class index per test row, and how each candidate of the study would have done.

    Between them stands what the chosen prompt answers with rows without labels and without; empty if there were none.
    Without them it is what the task would be if it had been onboarded without: the search is the same until they are
    weighed.
    """
    import torch

    from crosspt_cli.core.read import answer_rows, read_alone
    from crosspt_cli.evidence.baselines import ENCODER, FITTERS, TFIDF
    from crosspt_cli.evidence.readout import Readout
    from crosspt_cli.evidence.with_pool import MASS
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.reading.prepare import prepare
    from crosspt_cli.registry import Registry
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.plan import find_budget, total_steps
    from crosspt_cli.search.trials import tokens_at_once

    done, shots, truth = finished.done, finished.shots, finished.truth
    backbone, study = finished.predictor.backbone, done.study
    sources = load_sources(Registry.open(), backbone, done.fitted.prompt_layer)
    rows = finished.unlabelled.rows
    prepared = prepare(shots, backbone)
    task = study_task(shots, backbone, prepared, sources, draw, unlabelled=rows, possible=len(rows))
    at_once = tokens_at_once(backbone.device)
    encoded = read_alone(backbone, finished.predictor.encode(finished.texts), sources.layer, at_once)
    vectors, everything = encoded.vectors.cpu().numpy(), torch.arange(len(truth))

    def answer(fit, *readouts: Readout) -> list[np.ndarray]:
        prompts = torch.as_tensor(fit.prompt)[None]
        found = answer_rows(backbone, prompts, everything * 0, encoded, everything, task.tree, at_once)
        similarity = fit.prototypes.similarity(found.vectors, found.plain)
        return [readout.log_shares(found.nats, fit.bias, similarity).argmax(1) for readout in readouts]

    horizon = total_steps(find_budget(done.budget), len(shots))
    by_candidate, by_words, records, pooled = {}, {}, [], {}
    for number, result in enumerate(study.candidates):
        is_chosen = number == study.choice
        if study.pool and not is_chosen:
            continue
        fit = done.fitted if is_chosen else fit_final(task, result.candidate, result.steps, horizon)
        got, words = answer(fit, result.readout, Readout(0.0))
        by_candidate[number], by_words[number] = got, words
        if is_chosen and study.pool:
            pooled = {"without": got, "with": got}
            if study.pool.rows:
                other, mass = ("without", 0.0) if study.pool.mass else ("with", MASS)
                refit = fit_final(task, result.candidate, result.steps, horizon, mass=mass)
                (pooled[other],) = answer(refit, (study.without_pool if study.pool.mass else result).readout)
        records.append({
            "candidate": str(result.candidate), "m": result.candidate.m, "lr_ratio": result.candidate.lr_ratio,
            "state": result.state, "steps": result.steps, "weight": result.readout.weight,
            "utility": [round(float(each), 3) for each in result.utility] if len(shots) <= KEPT_ROWS else None,
            "mean_utility": round(float(result.utility.mean()), 4), "cv": round(result.score.mean, 4),
            "balanced": round(balanced(got, truth), 4),
        })  # fmt: skip
    plain = np.array(task.plain, object), np.array([" ".join(text) for text in finished.texts], object)
    logistic = {
        name: FITTERS[name]().fit(train, task.labels).predict(test)
        for name, (train, test) in {TFIDF: plain, ENCODER: (task.vectors, vectors)}.items()
    }
    columns = {
        "crosspt": by_candidate[study.choice], "label words": by_words[study.choice],
        "TF-IDF": logistic[TFIDF], "encoder": logistic[ENCODER],
    }  # fmt: skip
    if not study.pool:
        alone = max(
            (n for n, result in enumerate(study.candidates) if result.candidate.m == 0),
            key=lambda n: study.candidates[n].utility.mean(),
        )
        untouched = next(n for n, result in enumerate(study.candidates) if result.candidate.is_source)
        columns |= {"M = 0": by_candidate[alone], "source": by_words[untouched]}
    return columns, pooled, records


def _calibration(finished: Onboarded) -> dict:
    """Return what probabilities are worth, at three temperatures, and what is promised."""
    done, fitted, labels = finished.done, finished.done.fitted, finished.truth
    _, calibrated, _ = finished.predictor.scores(finished.texts)
    heats = dict(zip(KINDS, (1.0, done.study.chosen.readout.temperature, fitted.readout.temperature), strict=True))
    weights = 1 / np.bincount(labels)[labels]
    weights /= weights.sum()
    said = {name: _heated(calibrated * (fitted.readout.temperature / heat)) for name, heat in heats.items()}
    return {
        "temperatures": {name: round(heat, 4) for name, heat in heats.items()},
        "probabilities": {name: _judged(each, labels, weights) for name, each in said.items()},
        "promise": _promise(finished.predictor, said["calibrated"], labels, weights),
    }


def _heated(scores: np.ndarray) -> np.ndarray:
    from crosspt_cli.evidence.readout import log_softmax

    return log_softmax(scores.astype(float))


def _judged(log_shares: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict:
    """Return negative log-likelihood, calibration error, and per bin its weight, mean confidence and accuracy."""
    confidence, right = np.exp(log_shares.max(1)), log_shares.argmax(1) == labels
    order = confidence.argsort(kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    of_bin = np.minimum((middle * BINS).astype(int), BINS - 1)
    mass = np.bincount(of_bin, weights[order], BINS)
    sure, true = (np.bincount(of_bin, (weights * each)[order], BINS) for each in (confidence, right))
    with np.errstate(invalid="ignore"):
        bins = [[round(float(value), 4) for value in row] for row in zip(mass, sure / mass, true / mass, strict=True)]
    return {
        "nll": round(float(-(weights * log_shares[np.arange(len(labels)), labels]).sum()), 4),
        "ece": round(float(np.abs(sure - true).sum()), 4),
        "confidence": round(float(sure.sum()), 4),
        "accuracy": round(float(true.sum()), 4),
        "bins": [row for row in bins if row[0]],
    }


def _promise(predictor, log_shares: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict | None:
    """Return how much of the test rows is answered under the promise, and how often right; None where it is refused."""
    from crosspt_cli import CrossptError

    try:
        promise = predictor.promise(PROMISED)
    except CrossptError:
        return None
    sure = np.exp(log_shares.max(1)) >= promise.threshold
    right = log_shares.argmax(1) == labels
    answered = float(weights[sure].sum())
    accuracy = float(weights[sure & right].sum()) / answered if answered else None
    return {
        "threshold": round(promise.threshold, 4), "accepted": promise.accepted, "right": promise.right,
        "coverage": round(answered, 4), "accuracy": accuracy,
    }  # fmt: skip


def _unusual(finished: Onboarded, other) -> dict | None:
    """Return how well distances tell another target's rows from the task's own, and how many of either are flagged.

    None where the task cannot tell.
    """
    import torch
    from sklearn.metrics import roc_auc_score

    from crosspt_cli.core.read import answer_rows, read_alone
    from crosspt_cli.evidence.unusual import distances
    from crosspt_cli.search.trials import tokens_at_once

    predictor = finished.predictor
    at_once, familiar = tokens_at_once(predictor.backbone.device), predictor.fitted.familiar
    width = len(predictor.fitted.text_columns)
    of_both = []
    for rows in (finished.test.rows, other.rows):
        # a pair's first text stands for it where the task reads single texts, and the other way round
        fields = [(row.fields * width)[:width] for row in rows]
        texts = read_alone(predictor.backbone, predictor.encode(fields), predictor.fitted.prompt_layer, at_once)
        at = torch.arange(len(texts))
        read = answer_rows(predictor.backbone, predictor.prompt, at * 0, texts, at, predictor.tree, at_once)
        of_both.append(distances(familiar.means, read.plain))
    own, foreign = of_both
    auroc = roc_auc_score(np.repeat([0, 1], [len(own), len(foreign)]), np.concatenate(of_both))
    return {
        "auroc": round(float(auroc), 4),
        "own_flagged": round(float((own > familiar.limit).mean()), 4),
        "other_flagged": round(float((foreign > familiar.limit).mean()), 4),
    }


def arguments(description: str) -> argparse.ArgumentParser:
    """Return the options that all questions about onboardings share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of targets; without it nothing new is measured")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--backbone", default="mini")
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--pool", type=int, default=0, help="training rows that are given without their labels")
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/onboardings-quick.jsonl"))
    return parser


def measured(chosen: argparse.Namespace) -> list[dict]:
    """Return the lines that were asked for; those that are missing are measured first."""
    every = OTHERS.split(",")
    jobs = [
        Onboarding(
            chosen.data, target, next_of(every, target), int(per_class), draw, chosen.budget, chosen.backbone,
            chosen.test_rows, chosen.pool,
        )
        for draw in range(chosen.draws)
        for per_class in chosen.per_class.split(",")
        for target in chosen.targets.split(",")
    ]  # fmt: skip
    if chosen.data is None:
        known = read_lines(chosen.out)
        return [line for job in jobs for line in known if is_of(line, job)]
    return measure_missing(jobs, measure, chosen.out, chosen.workers)


def next_of(every: Sequence[str], target: str) -> str:
    """Return the target after this one, the first after the last and after one that is not among them."""
    return every[(every.index(target) + 1) % len(every)] if target in every else every[0]


if __name__ == "__main__":
    measured(arguments(__doc__).parse_args())
