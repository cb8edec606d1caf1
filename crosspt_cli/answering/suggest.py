"""Which rows to label next: those that would teach a fitted task most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosspt_cli.answering.cover import choose_rows, disagreement
from crosspt_cli.answering.pool import POOL, Pool, sample_pool
from crosspt_cli.answering.predict import Predictor
from crosspt_cli.core.read import Answered
from crosspt_cli.data import Notice, StreamRow, open_stream
from crosspt_cli.data.near_duplicates import are_like, shingles_of
from crosspt_cli.evidence.judge import READOUTS
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.foundation.arguments import as_names
from crosspt_cli.foundation.errors import Argument, DataError, OptionError
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.registry import Registry

MOST = 500  # rows at a time; a task should be onboarded again long before
(PROTOTYPES_ALONE,) = READOUTS["prototypes"]


@dataclass(frozen=True)
class Suggestion:
    """A row that is worth labelling.

    Args:
        line: on which it starts; the row number for Parquet.
        texts: in the order of the task's text columns.
        guess: what the task would answer now.
        confidence: the probability of that, 0 to 1.
        disagreement: how much the task's ways of answering contradict each other here, 0 to 1.
    """

    line: int
    texts: tuple[str, ...]
    guess: str
    confidence: float
    disagreement: float


@dataclass(frozen=True)
class Suggestions:
    """Rows to label next, the most useful first.

    Args:
        task: that asks.
        path: the file they are from.
        text_columns, label_column: the names that the task was onboarded with.
        rows: what is suggested.
        command: the command line that made the task.
        pool: the rows that were looked at.
        notices: what was noticed on opening the file.
    """

    task: str
    path: str
    text_columns: tuple[str, ...]
    label_column: str
    rows: tuple[Suggestion, ...]
    command: str
    pool: Pool
    notices: tuple[Notice, ...]


def suggest(
    path: str | Path,
    task: str,
    n: int = 20,
    *,
    text_cols: str | Sequence[str] = (),
    header: bool = True,
    registry: Registry | None = None,
    device: str = "auto",
    dtype: str = "auto",
    progress: Progress = no_progress,
) -> Suggestions:
    """Return the rows of a file that a fitted task would learn most from if they were labelled.

    At most 2,000 rows are looked at, drawn by lot where the file has more. Those about which label words, prototypes
    and both together contradict each other most are preferred, half of them; among these, rows are chosen that stand
    for as much of the file as possible, all classes counting alike, and that are no near-copies of each other. The
    same file and task give the same rows.

    Args:
        path: rows without labels: CSV, TSV, JSONL, Parquet or text.
        task: its name.
        n: how many rows, 1 to 500; fewer come back where there are no more.
        text_cols: the columns of texts, in the task's order; found when empty.
        header: whether the first line of a delimited file names its columns.
        registry: default the person's.
        device, dtype: as for `Predictor.open`.
        progress: told how far each stage is.

    Raises:
        OptionError: `n` or `text_cols` cannot be used.
        NotFound: there is no such file or task, or the task's backbone is gone.
        DataError: the file or a row of it cannot be read, or no row of it can be asked about.
        IntegrityError: the task's files or its backbone's are damaged.

    Example:
        >>> [row.line for row in suggest("unlabeled.csv", "reviews", 3).rows]  # doctest: +SKIP
        [412, 87, 1903]
    """
    if not 1 <= n <= MOST:
        raise OptionError(
            Argument("n"), f"is {n}, but must be from 1 to {MOST}.", "Label some, then onboard and ask again."
        )
    registry = registry or Registry.open()
    fitted = load_fitted(task, registry)
    progress("reading", 0, 1)
    with open_stream(path, as_names(text_cols), fitted.text_columns, header=header) as stream:
        pool = sample_pool(stream, fitted.label_column, fitted.row_digests, POOL)
        notices = stream.notices
    if not pool.rows:
        raise _nothing_to_ask(str(path), pool)
    progress("loading", 0, 1)
    predictor = Predictor.open(fitted, registry, device, dtype)
    return Suggestions(
        task=task,
        path=str(path),
        text_columns=fitted.text_columns,
        label_column=fitted.label_column,
        rows=_choose(predictor, pool.rows, n, progress),
        command=fitted.command,
        pool=pool,
        notices=notices,
    )


def _nothing_to_ask(path: str, pool: Pool) -> DataError:
    if not pool.read:
        return DataError(path, "has a header and no rows.", "Name a file with rows to choose from.")
    why = ", ".join(f"{count:,} {reason}" for reason, count in pool.passed_over.items())
    return DataError(path, f"no row is left to ask about, of {pool.read:,}: {why}.", "Name a file with other rows.")


def _choose(predictor: Predictor, rows: Sequence[StreamRow], n: int, progress: Progress) -> tuple[Suggestion, ...]:
    read = predictor.read([row.texts for row in rows], progress)
    views = ways_of_answering(predictor, read)
    contradicted = disagreement(views)
    shingles = [tuple(map(shingles_of, row.texts)) for row in rows]

    def unlike(chosen: int) -> np.ndarray:
        return np.array([not are_like(shingles[chosen], other) for other in shingles])

    chosen = choose_rows(views, read.vectors, n, unlike)
    classes, answers = predictor.fitted.spec.verbalizer.classes, views[-1]
    return tuple(
        Suggestion(
            line=rows[at].line,
            texts=rows[at].texts,
            guess=classes[int(answers[at].argmax())],
            confidence=float(answers[at].max()),
            disagreement=float(contradicted[at]),
        )
        for at in chosen
    )


def ways_of_answering(predictor: Predictor, read: Answered) -> tuple[np.ndarray, ...]:
    """Return the class probabilities [n, C] by label words alone, by prototypes alone, and as the task answers.

    Args:
        predictor: of the task.
        read: from `Predictor.read`.
    """
    fitted = predictor.fitted
    own, heat = fitted.readout, fitted.readout.temperature
    similarity = fitted.prototypes.similarity(read.vectors, read.plain)
    ways = (Readout(0.0, True, heat), Readout(own.weight or PROTOTYPES_ALONE.weight, False, heat), own)
    return tuple(np.exp(way.log_shares(read.nats, fitted.bias, similarity)) for way in ways)
