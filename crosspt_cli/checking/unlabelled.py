"""What is to be known of rows without labels before a task learns from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from crosspt_cli.checking.findings import FileFinding, Findings, notice_findings, reading_findings
from crosspt_cli.core.tokenizer import Tokenizer
from crosspt_cli.data import Example, UnlabelledRows
from crosspt_cli.data.checks import Labelled
from crosspt_cli.foundation.words import counted, joined
from crosspt_cli.tasks import InputEncoder

FEW = 30  # rows without labels that hardly say more than the labelled ones
UNLIKE = 3  # times as long as the labelled texts, or as short
PREFIX = "unlabelled-"


def unlabelled_findings(pool: UnlabelledRows, labelled: Sequence[Example], about: Labelled) -> Findings:
    """Return what was noticed on reading files of rows without labels, and whether they are few or of other length.

    Args:
        pool: the rows without labels; of those with a blank label alone only what was noticed is told.
        labelled: the labelled rows.
        about: the labelled file.
    """
    noticed = notice_findings(pool.notices)
    return noticed + _few(pool) + _length(pool, labelled, about) if pool.files else noticed


def unlabelled_reading(pool: UnlabelledRows, encoder: InputEncoder, tokenizer: Tokenizer, about: Labelled) -> Findings:
    """Return what the backbone will not get of the rows without labels; what it cannot read stops nothing.

    Args:
        pool: the rows without labels; without files there is nothing to tell.
        encoder, tokenizer: of the labelled rows.
        about: the labelled file.
    """
    if not pool.files or not pool.rows:
        return ()
    names = dict.fromkeys(row.file for row in pool.rows)
    # counts that follow are of the sample, so the sample is what they must name
    shown = {name: f"{name} (of the {len(pool.rows):,} rows used)" for name in names} if _is_sample(pool) else {}
    rows = [replace(row, file=shown.get(row.file, row.file)) for row in pool.rows]
    files = tuple((shown.get(name, name), pool.units[name]) for name in names)
    found = reading_findings(rows, encoder, tokenizer, replace(about, files=files))
    return tuple(replace(each, kind=PREFIX + each.kind, severity="warning") for each in found)


def _is_sample(pool: UnlabelledRows) -> bool:
    return len(pool.rows) < pool.possible


def _few(pool: UnlabelledRows) -> Findings:
    if pool.possible >= FEW:
        return ()
    say = f"{counted(pool.possible, 'row')} without labels {'says' if pool.possible == 1 else 'say'} little."
    remedy = f"Name a file with more of them: {FEW} at least, hundreds if you have them."
    return (FileFinding("unlabelled-few", "warning", (), f"{joined(pool.files, None)}: {say}", remedy),)


def _length(pool: UnlabelledRows, labelled: Sequence[Example], about: Labelled) -> Findings:
    if len(pool.rows) < FEW or not labelled:
        return ()
    theirs, ours = _words(pool.rows), _words(labelled)
    if max(theirs, ours) < UNLIKE * max(1, min(theirs, ours)):
        return ()
    half = f"half of the texts have {counted(round(theirs), 'word')} or more"
    longer = f"{half}, and of those in {about.path} {ours:,.0f}"
    remedy = "Look whether they are texts of the same kind: rows unlike the labelled ones teach little."
    return (FileFinding("unlabelled-length", "warning", (), f"{joined(pool.files, None)}: {longer} or more.", remedy),)


def _words(rows: Sequence[Example]) -> float:
    return median(sum(len(text.split()) for text in row.fields) for row in rows)
