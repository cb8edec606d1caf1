"""An onboarding with everything read, checked and loaded, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crosspt_cli.checking.near_copies import NearCopies, find_near_copies
from crosspt_cli.checking.size import CLASS_ROWS, SEARCH_ROWS, check_size
from crosspt_cli.core.backbone import Backbone
from crosspt_cli.data import Examples, Notice, Paths, Unlabelled, UnlabelledRows, file_names, read_csv, read_unlabelled
from crosspt_cli.evidence.judge import find_readouts
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.foundation.errors import Argument, OptionError
from crosspt_cli.foundation.methods import MIXTURE, find_method
from crosspt_cli.foundation.paths import checked_name, suggested_name
from crosspt_cli.foundation.progress import Progress, Stage
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.onboarding.estimate import Sizes, make_stages
from crosspt_cli.onboarding.settings import Settings
from crosspt_cli.onboarding.study_input import Sources, load_sources
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.reading.prepare import SEARCH_TOKENS, Prepared, prepare
from crosspt_cli.registry import Registry
from crosspt_cli.search.candidates import make_candidates
from crosspt_cli.search.folds import count_folds, sample_rows, stratified_folds
from crosspt_cli.search.plan import Budget, Rung, budget_candidates, find_budget, make_rungs
from crosspt_cli.tasks import MAX_TOKENS


def task_name(path: Paths, name: str | None) -> str:
    """Return the task's name: the one given, else the first file's.

    Raises:
        OptionError: the name given is no name, or a file is named twice.
    """
    text = file_names(path)[0]
    if name is not None:
        return checked_name(name)
    stem = text.removeprefix("hf:").replace(":", "-") if text.startswith("hf:") else Path(text).name.split(".")[0]
    return suggested_name(stem)


@dataclass(frozen=True)
class Work:
    """An onboarding with everything read and loaded, before any training.

    `sample` [n] int64: the rows that candidates are compared on, of many · `folds`: of the sample, by places in it ·
    `near_copies`: of the sample.
    """

    examples: Examples
    backbone: Backbone
    prepared: Prepared
    sources: Sources
    sample: np.ndarray
    folds: tuple[Fold, ...]
    budget: Budget
    near_copies: NearCopies
    unlabelled: UnlabelledRows

    @property
    def searched(self) -> Examples:
        """The rows that candidates are compared on."""
        return replace(self.examples, rows=tuple(self.examples.rows[row] for row in self.sample))

    @property
    def is_pair(self) -> bool:
        """Whether a row has several texts."""
        return len(self.examples.text_columns) > 1

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is to be known of the rows."""
        read = self.examples.notices + self.unlabelled.notices
        return read + self.near_copies.notices + self.prepared.notices

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about label words, shortened texts and source prompts that are not used."""
        cut, unused = self.prepared.cut, self.sources.left_out
        notes = [*self.prepared.spec.verbalizer.notes]
        if len(self.sample) < len(self.examples):
            notes.append(
                f"Candidates are compared on {len(self.sample):,} of the {len(self.examples):,} rows, and so is every "
                "score; the prompt is then trained on all of them."
            )
        if self.prepared.short is not None:
            notes.append(
                f"Texts are long: while candidates are compared, up to {SEARCH_TOKENS} tokens of each are read, from "
                f"its front and its end. The choice is scored, and its prompt trained, on up to {MAX_TOKENS}."
            )
        if cut:
            notes.append(
                f"{cut:,} of {len(self.examples):,} rows are longer than {MAX_TOKENS} tokens and were cut; "
                f"crosspt predict --windows reads {'the longer text' if self.is_pair else 'the text'} of such a row to "
                "its end."
            )
        if unused:
            notes.append(
                f"Source prompts that have another length or layer than the other {len(self.sources.names)} cannot be "
                f"mixed with them and are not used: {', '.join(unused)}."
            )
        notes += [
            f"Of two source prompts called '{used.split('/')[-1]}' the one of {used} is used, that of {hidden} is not."
            for used, hidden in self.sources.hidden
        ]
        return tuple(notes)


def open_work(
    path: Paths, label_col: str, unlabelled: Unlabelled, chosen: Settings, registry: Registry, progress: Progress
) -> Work:
    """Read, check and load everything; bad input ends here, in seconds."""
    budget = find_budget(chosen.budget)
    find_readouts(chosen.readout)
    _check_method(chosen)
    chosen.check()
    progress("reading", 0, 1)
    examples = read_csv(
        path,
        label_col,
        chosen.text_cols,
        label_map=chosen.label_map,
        drop_rare=chosen.drop_rare,
        min_per_class=max(2, chosen.folds or 2),
        ignore_unlabelled=chosen.ignore_unlabelled,
    )
    check_size(examples)
    without_labels = read_unlabelled(unlabelled, examples.text_columns, examples, examples.unlabelled)
    progress("loading", 0, 1)
    backbone = open_backbone(chosen.backbone, registry, chosen.device, chosen.dtype)
    prepared = prepare(examples, backbone, chosen.template, label_words=chosen.label_words)
    least = max(CLASS_ROWS, chosen.folds or 0)
    sample = sample_rows(prepared.labels, SEARCH_ROWS, least, stream(chosen.seed, "sample"))
    labels = prepared.labels[sample]
    fewest = int(np.bincount(labels).min())
    count = min(chosen.folds, fewest) if chosen.folds else count_folds(budget.folds, fewest)
    copies = find_near_copies(examples.rows, examples.about).part(sample.tolist())
    folds = stratified_folds(labels, count, chosen.seed, copies.groups)
    sources = load_sources(registry, backbone, chosen.prompt_layer)
    return Work(examples, backbone, prepared, sources, sample, folds, budget, copies, without_labels)


def _check_method(chosen: Settings) -> None:
    """Raise unless the method exists, and may use as many sources as are asked for."""
    most, asked = find_method(chosen.method).most_sources, max(chosen.ms or (0,))
    if asked > most:
        problem = f"asks for source prompts, but the method {chosen.method} mixes none."
        if most:
            problem = f"asks for {asked} source prompts, but the method {chosen.method} uses at most {most}."
        raise OptionError(Argument("ms"), problem, "Leave it out.", f"Leave it out, or pass --method {MIXTURE}.")


def candidates_of(
    work: Work, chosen: Settings, ranked: Sequence[str]
) -> tuple[tuple[Candidate, ...], tuple[Rung, ...]]:
    """Return what is tried and when it is scored, given the sources' names, most useful first."""
    budget = work.budget
    ranked = ranked[: find_method(chosen.method).most_sources]
    if chosen.ms is None and chosen.lr_ratios is None:
        candidates = budget_candidates(budget, ranked, chosen.method)
    else:
        ms = budget.ms if chosen.ms is None else chosen.ms
        ratios = budget.ratios if chosen.lr_ratios is None else chosen.lr_ratios
        candidates = make_candidates(ranked, ms, ratios, chosen.method)
    return candidates, make_rungs(budget, len(work.sample), sum(candidate.lr_ratio > 0 for candidate in candidates))


def stages_of(work: Work, candidates: Sequence[Candidate], rungs: Sequence[Rung]) -> tuple[Stage, ...]:
    """Return the stages of a whole onboarding once its rows were read, for its one bar."""
    trained = [len(candidate.shared) for candidate in candidates if not candidate.is_source]
    prepared, prompt = work.prepared, work.sources.values.shape[1]
    whole = len(prepared.texts.tokens) / len(work.examples) + prompt
    read = whole if prepared.short is None else len(prepared.short.tokens) / len(work.examples) + prompt
    sizes = Sizes(
        rows=len(work.sample),
        fitted=len(work.examples),
        tokens=read,
        longer=whole / read,
        sources=len(work.sources.names),
        mixed=round(sum(trained) / max(1, len(trained))),
        unlabelled=len(work.unlabelled.rows),
    )
    return make_stages(rungs, len(trained), len(work.folds), work.budget, sizes)
