"""The texts a backbone is trained on, less everything that the benchmarks measure on."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

SHINGLE = 6  # words; two different texts hardly ever share a run of this many
SHARED = 0.5  # of a text's shingles: more than that, and it is taken for a copy of a measured text
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class LabelledSet:
    """One data set: `texts` [rows] of one or two fields, `labels` [rows], and what its licence says."""

    name: str
    kind: str
    licence: str
    texts: list[tuple[str, ...]]
    labels: list[str]


@dataclass
class MeasuredTexts:
    """Every text of the benchmarks' data sets, to keep them out of training.

    A text is left out if it is the same but for case and punctuation, or if more than half of its runs of six words
    occur in measured texts.

    Attributes:
        left_out: data set → how many of its texts were left out.
    """

    whole: set[int] = field(default_factory=set)
    shingles: set[int] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> MeasuredTexts:
        """Return the texts of all data sets below `folder`."""
        found = cls()
        for path in sorted(folder.glob("*/*.csv.gz")):
            for fields, _ in read_rows(path):
                found.add(fields)
        return found

    def add(self, fields: tuple[str, ...]) -> None:
        """Keep this text out of training."""
        for text in (*fields, " ".join(fields)):
            words = _words(text)
            self.whole.add(hash(tuple(words)))
            self.shingles.update(_shingles(words))

    def holds(self, fields: tuple[str, ...]) -> bool:
        """Return whether a text, or one field of it, is a measured one or nearly so."""
        for text in fields:
            words = _words(text)
            # two or three words ("thank you") are nobody's: only longer texts can be copies
            if len(words) >= SHINGLE - 2 and hash(tuple(words)) in self.whole:
                return True
            runs = _shingles(words)
            if runs and sum(run in self.shingles for run in runs) > SHARED * len(runs):
                return True
        return False

    def keep(self, name: str, rows: Iterator[tuple[tuple[str, ...], str]]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the rows that are not measured ones, counting the others under `name`."""
        self.left_out.setdefault(name, 0)
        for fields, label in rows:
            if self.holds(fields):
                self.left_out[name] += 1
            else:
                yield fields, label


def read_sets(folder: Path, left_out: tuple[str, ...], measured: MeasuredTexts) -> list[LabelledSet]:
    """Return the labelled data sets below `folder`, a folder with `train.csv.gz` and `SOURCE.yaml` each.

    Args:
        folder: of data sets.
        left_out: names of sets to skip.
        measured: texts to leave out.
    """
    sets = []
    for path in sorted(folder.glob("*/train.csv.gz")):
        name = path.parent.name
        if name not in left_out:
            source = yaml.safe_load((path.parent / "SOURCE.yaml").read_text())
            kept = list(measured.keep(name, read_rows(path)))
            texts, labels = [fields for fields, _ in kept], [label for _, label in kept]
            sets.append(LabelledSet(name, source["task_type"], _licence(source), texts, labels))
    return sets


def read_paragraphs(folder: Path, megabytes: float, measured: MeasuredTexts) -> list[str]:
    """Return paragraphs of the corpus files `*.txt.gz`, the same share of each file, an empty one between documents.

    Args:
        folder: of gzipped texts, one paragraph per line, a blank line between documents.
        megabytes: how much to read in all, unpacked.
        measured: texts to leave out.
    """
    files = sorted(folder.glob("*.txt.gz"))
    sizes = {path: path.stat().st_size for path in files}
    paragraphs = []
    for path in files:
        left = megabytes * 1e6 * sizes[path] / sum(sizes.values())
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            rows = (((line.strip(),), "") for line in handle)
            for (text,), _ in measured.keep(path.name.removesuffix(".txt.gz"), rows):
                paragraphs.append(text)
                left -= len(text.encode())
                if left <= 0:
                    break
        paragraphs.append("")
    return paragraphs


def read_rows(path: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the fields and the label of every row of a gzipped CSV."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            label = row.pop("label")
            yield tuple(row[column] for column in ("text", "sentence1", "sentence2") if column in row), label


def _licence(source: dict) -> str:
    stated = source.get("licence") or {}
    return f"{stated.get('stated')} (use: {stated.get('use')})"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _shingles(words: list[str]) -> set[int]:
    return {hash(tuple(words[start : start + SHINGLE])) for start in range(len(words) - SHINGLE + 1)}
