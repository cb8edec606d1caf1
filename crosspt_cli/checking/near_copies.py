"""Rows that nearly repeat another: held out together with it, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosspt_cli.data import Example, Notice
from crosspt_cli.data.checks import Labelled
from crosspt_cli.data.near_duplicates import near_groups
from crosspt_cli.foundation.words import quoted


@dataclass(frozen=True)
class NearCopies:
    """[rows] each row's group of near-copies, and what is to be told of them."""

    groups: tuple[int, ...]
    notices: tuple[Notice, ...]

    @property
    def distinct(self) -> float:
        """The share of the rows that would be left if only one of each group were kept."""
        return len(set(self.groups)) / len(self.groups)

    def part(self, rows: Sequence[int]) -> NearCopies:
        """Return the groups of some of the rows; what is to be told is still of all."""
        return replace(self, groups=tuple(self.groups[row] for row in rows))


def find_near_copies(rows: Sequence[Example], about: Labelled) -> NearCopies:
    """Return which rows nearly repeat each other, so that none of them is trained on while another is held out.

    Args:
        rows: sound rows.
        about: their files.
    """
    groups = near_groups(rows)
    size = Counter(groups)
    again = [row for row, group in zip(rows, groups, strict=True) if size[group] > 1]
    what = "with almost the text of another, held out together with it so that the score stays honest"
    return NearCopies(groups, about.notice("near-copies", again, what) + classes_of_copies(rows, groups, about))


def classes_of_copies(rows: Sequence[Example], groups: Sequence[int], about: Labelled) -> tuple[Notice, ...]:
    """Return a notice for classes whose rows all say almost the same: a fold must divide them, or never learn them.

    Args:
        rows: sound rows.
        groups: [rows] of near-copies.
        about: their files.
    """
    of_class: dict[str, list[int]] = {}
    for row, group in zip(rows, groups, strict=True):
        of_class.setdefault(row.label or "", []).append(group)
    copied = [label for label, own in of_class.items() if len(set(own)) == 1 < len(own)]
    again = [row for row in rows if (row.label or "") in copied]
    what = f"of class {quoted(copied)} all say almost the same, and are divided among the folds all the same"
    if len(copied) > 1:
        of = f"of {len(copied):,} classes, {quoted(copied)}, each of which says almost the same"
        what = f"{of}, are divided among the folds all the same"
    return about.notice("class-of-copies", again, what)
