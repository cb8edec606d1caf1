"""The rows a task is asked about, as rows without labels: which of them count, and the prototypes they give."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosspt_cli.answering.given_texts import is_blank
from crosspt_cli.core.read import Answered
from crosspt_cli.data import row_digest
from crosspt_cli.evidence.labelled import LabelledRows
from crosspt_cli.evidence.pooled import Unlabelled
from crosspt_cli.evidence.prototypes import PairedPrototypes
from crosspt_cli.evidence.with_pool import MASS
from crosspt_cli.foundation.errors import Argument, IntegrityError, OptionError
from crosspt_cli.onboarding.command import replacing
from crosspt_cli.onboarding.fitted import FittedTask
from crosspt_cli.search.pooling import prototypes_with_pool

MOST_DRAWN = 2_000  # rows; to read them takes some seconds, and more say little that is new
FEWEST_USABLE = 10  # rows; fewer say nothing of what is usual among them


@dataclass(frozen=True)
class Adaptation:
    """What a predictor was adapted to.

    `rows` that count as rows without labels; 0 where the answers are those of the task as it is · `usable` rows, which
    may have been too few · `left_out`: rows that cannot be read or are unlike the labelled ones.
    """

    rows: int
    usable: int
    left_out: int


@dataclass(frozen=True)
class Drawn:
    """Rows to adapt to: `rows`, each with a text of its own, and how many were `read` to draw them."""

    rows: tuple[tuple[str, ...], ...]
    read: int


def draw_rows(rows: Iterable[Sequence[str]], known: Iterable[str]) -> Drawn:
    """Return up to `MOST_DRAWN` rows, each text as likely as any other; blank rows and the task's own are left out.

    The rows with the smallest digests are kept, in the order of these: the same ones whatever the order of the file.
    Memory holds no more than them.

    Args:
        rows: the texts of each.
        known: digests of the rows that the task was fitted on.
    """
    own = {int(digest, 16) for digest in known}
    kept: dict[int, tuple[str, ...]] = {}
    largest: list[int] = []  # a heap of negative digests: the largest comes out first
    read = 0
    for row in rows:
        read += 1
        number = int(row_digest(row), 16)
        if is_blank(row) or number in own or number in kept:
            continue
        kept[number] = tuple(row)
        heapq.heappush(largest, -number)
        if len(kept) > MOST_DRAWN:
            del kept[-heapq.heappop(largest)]
    return Drawn(tuple(kept[number] for number in sorted(kept)), read)


def labelled_rows(fitted: FittedTask) -> LabelledRows:
    """Return the labelled rows that prototypes are made of again.

    Raises:
        IntegrityError: the task was saved before they were kept.
    """
    if fitted.labelled is None:
        problem = "does not keep what adapting needs of its labelled rows: an earlier crosspt onboarded it."
        hint = f"Onboard it again: {replacing(fitted.command, fitted.name)}"
        raise IntegrityError(f"task '{fitted.name}'", problem, hint)
    return fitted.labelled


def adapted_prototypes(labelled: LabelledRows, classes: int, read: Answered) -> PairedPrototypes:
    """Return class prototypes of labelled rows and of those that were read, which weigh as much together."""
    return prototypes_with_pool(labelled, Unlabelled.of(read.vectors), Unlabelled.of(read.plain), classes, MASS)


def no_promise() -> OptionError:
    """Return what is wrong with a promise of adapted answers."""
    problem = "cannot be promised of adapted answers: the held-out rows behind it were answered without adapting."
    return OptionError(
        Argument("target_accuracy"), problem, "Leave it out, or do not adapt.", "Leave it out, or --adapt."
    )
