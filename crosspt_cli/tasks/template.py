"""What the backbone is asked: literal text and the columns of the data, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.foundation.words import counted
from crosspt_cli.tasks.label_words import clean_label

Tokenize = Callable[[str], list[int]]
"""Text → token ids, with no special tokens added."""

ANY = 0
"""`Template.fields` of a template that takes however many text columns the data has."""

EACH = -1
"""`Segment.field` that stands for all text columns, one after the other."""


@dataclass(frozen=True)
class Segment:
    """One piece of the input: either literal text or a text column.

    Args:
        text: the literal text, or None for a column.
        field: which text column, counted from 0; `EACH` for all of them; None for literal text.
        cut: whether the end of this column may be cut off when the input is too long.
        between: literal text put between the columns of an `EACH` segment.
    """

    text: str | None = None
    field: int | None = None
    cut: bool = False
    between: str = ""


@dataclass(frozen=True)
class LabelWord:
    """A label that a template knows, cleaned, the words it is answered with, and the line that says so."""

    label: str
    words: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class RightFor:
    """The data a template is the right choice for; every part is a sufficient reason by itself.

    Args:
        labels: cleaned labels; fits when every class of the data is among them.
        columns: per field, the names its column goes by; fits when every field finds its own column.
        classes: how many classes with speaking names are enough; 0 never fits.
        words_per_label: how many words those names must have on average.
    """

    labels: tuple[str, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    classes: int = 0
    words_per_label: float = 1.0


@dataclass(frozen=True)
class Template:
    """How the text columns become the input, and which labels have words of their own.

    Args:
        name: lower-case name, unique among the shipped ones.
        about: one sentence for the person who chooses.
        fields: how many text columns it reads; `ANY` until `fit_template` has met the data.
        segments: the input, in order.
        label_words: the labels it knows.
        right_for: what `choose_template` looks for.
        path: the file it was read from, for messages.
        shipped: whether it came with crosspt; its label words then yield to the person's labels.
        reason: why `choose_template` took it, a sentence; empty when a person named it.
    """

    name: str
    about: str
    fields: int
    segments: tuple[Segment, ...]
    label_words: tuple[LabelWord, ...] = ()
    right_for: RightFor = RightFor()
    path: str = field(default="", compare=False)
    shipped: bool = field(default=False, compare=False)
    reason: str = field(default="", compare=False)


def fit_template(template: Template, text_columns: tuple[str, ...]) -> Template:
    """Return the template with every field bound to one of the data's text columns.

    Columns are bound by name where the template knows all their names (a file may have its context before its
    question), and in the order of the file otherwise.

    Args:
        template: any template, bound or not.
        text_columns: the data's text columns, in the order of `Examples.text_columns`.

    Returns:
        A template with `fields == len(text_columns)` and no `EACH` segment.

    Raises:
        TemplateError: it reads another number of columns than the data has.
    """
    count = len(text_columns)
    if template.fields not in (ANY, count):
        raise TemplateError(
            template.path or template.name,
            f"template {template.name!r} reads {counted(template.fields, 'text column')}, "
            f"and the data has {count} ({', '.join(text_columns) or 'none'}).",
            f"Name {template.fields} with --text-col, or pass --template generic, which reads any number.",
        )
    places = matched_columns(template.right_for.columns, text_columns) or tuple(range(count))
    segments = tuple(bound for segment in template.segments for bound in bind(segment, places))
    # The names have done their work; fitting a second time must not move the fields again.
    return replace(template, fields=count, segments=segments, right_for=replace(template.right_for, columns=()))


def bind(segment: Segment, places: tuple[int, ...]) -> Iterator[Segment]:
    """Yield the segment with its field replaced by the column it is bound to; an `EACH` segment yields one per column.

    Args:
        segment: as the template has it.
        places: per field, the index of its text column.
    """
    if segment.field is None:
        yield segment
    elif segment.field != EACH:
        yield replace(segment, field=places[segment.field])
    else:
        for place in places:
            if segment.between and place != places[0]:
                yield Segment(text=segment.between)
            yield Segment(field=place, cut=segment.cut)


def matched_columns(roles: tuple[tuple[str, ...], ...], text_columns: tuple[str, ...]) -> tuple[int, ...]:
    """Return per role the index of the one column that goes by one of its names; empty unless all are matched."""
    names = [column_name(column) for column in text_columns]
    if not roles or len(roles) != len(names):
        return ()
    places = [[index for index, name in enumerate(names) if name in map(column_name, role)] for role in roles]
    flat = tuple(found[0] for found in places if len(found) == 1)
    return flat if len(set(flat)) == len(roles) else ()


def column_name(name: str) -> str:
    """Return a column's name without case, spaces and separators: ``"Question_1"`` → ``"question1"``."""
    return clean_label(name).replace(" ", "")
