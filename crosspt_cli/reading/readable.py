"""What the backbone can read of a task's texts: known tokens, its language, and texts that it can tell apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crosspt_cli.data import Example, Notice
from crosspt_cli.data.checks import Labelled
from crosspt_cli.data.languages import other_language
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import counted
from crosspt_cli.tasks import InputEncoder

TOLD, REFUSED = 0.2, 0.6  # share of unknown tokens above which it is told, and nothing is trained
MOSTLY = 0.5  # of a text's tokens that are unknown; of all texts that another one equals
LOOKED_AT = 1_000  # rows, from all over the file, to tell the language
ENGLISH = ("mini", "mini-fast")  # embedded backbones; of others it is not known what they read
OTHER_BACKBONE = "Pass --backbone with one that reads them, such as google/mt5-small."


@dataclass(frozen=True)
class ReadTexts:
    """A task's rows and what stands for them before the backbone.

    Args:
        rows: the rows.
        ids: of each row the token ids, the template's and the end token included.
        lost: of each row how many tokens were cut off.
        encoder: what made them.
        unknown, piece: ids of the unknown token and of the mark before a word, where there are such tokens.
        backbone: its name.
    """

    rows: Sequence[Example]
    ids: Sequence[Sequence[int]]
    lost: Sequence[int]
    encoder: InputEncoder
    unknown: int | None
    piece: int | None
    backbone: str

    def counts(self) -> list[tuple[int, int]]:
        """Return of each row how many of its texts' tokens are unknown, and how many there are."""
        segments = self.encoder.template.segments
        literals: list[int | None] = [
            token for part in segments if part.text is not None for token in self.encoder.literals[part.text]
        ]
        ignored = len(literals) + 1 - literals.count(self.piece)
        every = []
        for ids in self.ids:
            known: list[int | None] = list(ids)
            unknown = known.count(self.unknown) - literals.count(self.unknown)
            every.append((unknown, len(ids) - ignored - known.count(self.piece)))
        return every

    def equal(self) -> list[int]:
        """Return the places of the rows that are, token for token, what another row is."""
        each = [tuple(ids) for ids in self.ids]
        count = Counter(each)
        return [place for place, ids in enumerate(each) if count[ids] > 1]

    def how(self, places: Sequence[int]) -> str:
        """Return what made rows equal: ``"once read"``, or that they were cut."""
        cut = any(self.lost[place] for place in places)
        return f"once cut at {self.encoder.max_tokens} tokens" if cut else "once read"


def unreadable(texts: ReadTexts, path: str) -> tuple[str, DataError] | None:
    """Return why nothing can be learned from these texts, and the kind of notice that a lesser degree of it is.

    Either they are all the same to the backbone, or they are unknown to it.
    """
    share = _unknown_share(texts)
    if len(texts.ids) > 1 and len({tuple(ids) for ids in texts.ids}) == 1:
        why = f", for {share:.0%} of their tokens are unknown to it" if share > TOLD else ""
        how = texts.how(range(len(texts.ids)))
        problem = f"all {len(texts.ids):,} texts are the same to the backbone {how}{why}."
        cut = "Put what tells the classes apart at the start of the texts, or shorten them."
        return "same-texts", DataError(path, problem, OTHER_BACKBONE if why else cut)
    if share > REFUSED:
        problem = f"{share:.0%} of the texts' tokens are unknown to the backbone '{texts.backbone}'."
        return "unknown-tokens", DataError(path, problem, OTHER_BACKBONE)
    return None


def reading_notices(texts: ReadTexts, about: Labelled) -> tuple[Notice, ...]:
    """Return what the backbone will not get of the texts, where something can still be learned."""
    return _unknown(texts, about) + _language(texts, about) + _equal(texts, about)


def _unknown_share(texts: ReadTexts) -> float:
    counts = texts.counts()
    return sum(unknown for unknown, _ in counts) / max(1, sum(total for _, total in counts))


def _unknown(texts: ReadTexts, about: Labelled) -> tuple[Notice, ...]:
    share = _unknown_share(texts)
    if share <= TOLD:
        return ()
    pairs = zip(texts.rows, texts.counts(), strict=True)
    rows = [row for row, (unknown, total) in pairs if unknown > MOSTLY * total]
    of_rows = f"; of {counted(len(rows), 'row')} more than half ({about.places(rows)})" if rows else ""
    said = f"{share:.0%} of the texts' tokens are unknown to the backbone '{texts.backbone}'{of_rows}."
    files = tuple(row.file for row in rows) if len(about.files) > 1 else ()
    return (Notice("unknown-tokens", tuple(row.line for row in rows), f"{about.path}: {said}", files),)


def _language(texts: ReadTexts, about: Labelled) -> tuple[Notice, ...]:
    if texts.backbone not in ENGLISH:
        return ()
    sample = texts.rows[:: max(1, len(texts.rows) // LOOKED_AT)]
    language = other_language(" ".join(row.fields) for row in sample)
    if not language:
        return ()
    said = f"many of the texts look {language}, and the backbone '{texts.backbone}' understands English only"
    return (Notice("language", (), f"{about.path}: {said}: it reads them letter by letter, without their meaning."),)


def _equal(texts: ReadTexts, about: Labelled) -> tuple[Notice, ...]:
    places = texts.equal()
    if len(places) < MOSTLY * len(texts.ids):
        return ()
    rows = [texts.rows[place] for place in places]
    return about.notice("same-texts", rows, f"that are the same to the backbone as another {texts.how(places)}")
