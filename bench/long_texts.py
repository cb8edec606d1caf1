"""Is a search that reads long texts shortened as good as one that reads them whole, and what does it spare?

    python bench/long_texts.py --data DATA --out bench/results/long-texts.jsonl

DATA holds one folder per data set of long texts with `train.csv.gz` and `test.csv.gz`. Each is onboarded at the quick
budget from 16 rows per class, once for each of --tokens: so many of a text are read while candidates are compared; `0`
reads whole texts, up to 256 tokens. The last fit reads whole texts in either case, and so do the test rows. Source
prompts that were trained on the same kind of rows are left out. What differs is paired: the same rows, the same draws.

Test rows of more than 256 tokens are answered twice: by their front, and as `predict --windows` does.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import balanced, draw_rows, mean_and_error

RELATED = {
    "imdb": ("imdb", "movie"), "movie_reviews": ("imdb", "movie"), "newsgroups_topic": ("newsgroups",),
    "yelp5": ("yelp",),
}  # fmt: skip
"""Data set → how the names of source prompts begin that were trained on such rows."""
CHANGES = {"accuracy": 100, "balanced": 100, "held_out": 100}


@dataclass(frozen=True)
class Search:
    """A search that reads `tokens` of a text; 0 for all."""

    data: Path
    target: str
    per_class: int
    draw: int
    tokens: int
    test_rows: int
    budget: str = "quick"

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        names = ("target", "per_class", "draw", "tokens", "budget")
        return {name: getattr(self, name) for name in names}


def measure(job: Search) -> dict:
    """Return how good what was chosen is on test rows, and how long search and last fit took."""
    import torch

    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.core.read import answer_rows, read_alone
    from crosspt_cli.evidence.judge import find_readouts
    from crosspt_cli.onboarding.study_input import study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import input_encoder, prepare
    from crosspt_cli.registry import Registry
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.folds import count_folds, stratified_folds
    from crosspt_cli.search.plan import budget_candidates, find_budget, make_rungs
    from crosspt_cli.search.study import run_study
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(job.data / job.target, job.per_class, job.draw, job.test_rows)
    registry, budget = Registry.open(), find_budget(job.budget)
    backbone = open_backbone(None, registry, "auto", "auto")
    sources = _unrelated(registry, backbone, job.target)
    prepared = prepare(shots, backbone)
    prepared = replace(prepared, short=_short(shots, prepared, backbone, job.tokens) if job.tokens else None)
    began = time.monotonic()
    folds = stratified_folds(prepared.labels, count_folds(budget.folds, job.per_class), job.draw)
    task = study_task(shots, backbone, prepared, sources, job.draw, folds)
    ranked = [rank.name for rank in task.untouched.ranks(task.labels, np.arange(len(task.labels)))]
    candidates = budget_candidates(budget, ranked)
    rungs = make_rungs(budget, len(shots), sum(candidate.lr_ratio > 0 for candidate in candidates))
    study = run_study(task, candidates, folds, budget.seeds, rungs, find_readouts("auto"), budget.curve)
    searched = time.monotonic() - began
    fit = fit_final(task, study.chosen.candidate, study.chosen.steps, rungs[-1].steps)
    seconds = time.monotonic() - began
    encoder = input_encoder(prepared.spec, backbone)
    tokens = [encoder.tokens(row.fields) for row in test.rows]
    truth = np.array([shots.classes.index(label) for label in test.labels()])

    def right(windows: list[list[list[int]]]) -> tuple[np.ndarray, np.ndarray]:
        at_once = tokens_at_once(backbone.device)
        ids = encode_texts([each for of_row in windows for each in of_row], backbone.device)
        texts, every = read_alone(backbone, ids, sources.layer, at_once), torch.arange(len(ids))
        prompt = torch.as_tensor(fit.prompt)[None]
        found = answer_rows(backbone, prompt, every * 0, texts, every, task.tree, at_once)
        read = found.averaged([len(of_row) for of_row in windows])
        answers = study.readout.log_shares(read.nats, fit.bias, fit.prototypes.similarity(read.vectors, read.plain))
        return answers.argmax(1), answers.argmax(1) == truth

    answers, fronts = right([[encoder.put_together(each)[0]] for each in tokens])
    _, wholes = right([encoder.windows(each)[0] for each in tokens])
    cut = np.array([encoder.put_together(each)[1] > 0 for each in tokens])
    return {
        "rows": len(shots), "test_rows": len(test), "chosen": str(study.chosen.candidate),
        "sources": list(study.chosen.candidate.sources), "steps": study.chosen.steps,
        "held_out": round(study.chosen.score.mean, 4), "corrected": round(study.corrected.accuracy.value, 4),
        "accuracy": round(float(fronts.mean()), 4), "balanced": round(balanced(answers, truth), 4),
        "cut": int(cut.sum()), "cut_fronts": int(fronts[cut].sum()), "cut_windows": int(wholes[cut].sum()),
        "search_seconds": round(searched, 1), "seconds": round(seconds, 1),
    }  # fmt: skip


def _short(shots, prepared, backbone, tokens: int):
    """Return the rows' texts shortened to so many tokens."""
    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.reading.prepare import input_encoder

    encoder = input_encoder(prepared.spec, backbone)
    ids = [encoder.shortened(encoder.tokens(row.fields), tokens) for row in shots.rows]
    return encode_texts(ids, backbone.device)


def _unrelated(registry, backbone, target: str):
    """Return the source prompts that were not trained on rows of the target's kind."""
    from crosspt_cli.onboarding.study_input import load_sources

    sources = load_sources(registry, backbone)
    kept = [n for n, name in enumerate(sources.names) if not name.startswith(RELATED[target])]
    return replace(sources, names=tuple(sources.names[n] for n in kept), values=sources.values[kept])


def show(lines: list[dict], tokens: list[int]) -> None:
    """Print the means of every reading, and what each shortened one changes."""
    by = {(line["target"], line["per_class"], line["draw"], line["tokens"]): line for line in lines}
    pairs = sorted({key[:3] for key in by})
    for each in tokens:
        own = [by[*pair, each] for pair in pairs]
        means = {name: np.mean([line[name] for line in own]) for name in (*CHANGES, "search_seconds", "seconds")}
        print(f"{each or 'all'} tokens, {len(own)} onboardings: " + ", ".join(
            f"{name} {CHANGES.get(name, 1) * mean:.1f}" for name, mean in means.items()
        ))  # fmt: skip
        if each:
            changes = {
                name: scale * np.array([by[*pair, each][name] - by[*pair, 0][name] for pair in pairs])
                for name, scale in CHANGES.items()
            }
            print("   less whole texts: " + ", ".join(f"{name} {mean_and_error(c)}" for name, c in changes.items()))
    cut = [line for line in lines if line["cut"] and line["tokens"] == tokens[0]]
    gains = 100 * np.array([(line["cut_windows"] - line["cut_fronts"]) / line["cut"] for line in cut])
    print(f"rows of more than 256 tokens, in windows less by their front: {mean_and_error(gains)} points")


def main() -> None:
    """Measure what is missing, and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--targets", default=",".join(RELATED))
    parser.add_argument("--tokens", default="96,0")
    parser.add_argument("--per-class", type=int, default=16)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--test-rows", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("bench/results/long-texts.jsonl"))
    chosen = parser.parse_args()
    tokens = [int(each) for each in chosen.tokens.split(",")]
    jobs = [
        Search(chosen.data, target, chosen.per_class, draw, each, chosen.test_rows)
        for draw in range(chosen.draws)
        for target in chosen.targets.split(",")
        for each in tokens
    ]
    show(measure_missing(jobs, measure, chosen.out, chosen.workers), tokens)


if __name__ == "__main__":
    main()
