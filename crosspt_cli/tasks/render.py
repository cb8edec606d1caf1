"""From the texts of a row to the token ids of the input."""

from __future__ import annotations

from collections.abc import Sequence

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.tasks.template import EACH, Template, Tokenize

MAX_TOKENS = 256  # of a text with its template; prompt tokens come on top


class InputEncoder:
    """Renders rows with one template; literal text is tokenised once, here.

    Args:
        template: bound to the data by `fit_template`.
        tokenize: text → token ids, no special tokens.
        max_tokens: most tokens of an input, the end-of-sequence token included.
        end_token: id of the end-of-sequence token.

    Raises:
        TemplateError: the literal text alone leaves no room.
    """

    def __init__(self, template: Template, tokenize: Tokenize, max_tokens: int, end_token: int) -> None:
        if any(segment.field == EACH for segment in template.segments):
            raise ValueError(f"template {template.name!r} is not bound to the data's columns; call fit_template first")
        self.template, self.tokenize, self.end_token = template, tokenize, end_token
        self.max_tokens = max_tokens
        self.room = max_tokens - 1
        self.literals: dict[str | None, list[int]] = {
            s.text: tokenize(s.text) for s in template.segments if s.text is not None
        }
        fixed = sum(len(self.literals[s.text]) for s in template.segments if s.text is not None)
        if fixed >= self.room:
            raise self.too_long("the literal text alone needs", fixed)

    def encode(self, fields: Sequence[str]) -> tuple[list[int], int]:
        """Return the input's token ids, the end token last, and how many tokens were cut off.

        Only `cut` segments lose tokens, at their end, and the longest loses first.

        Args:
            fields: the row's texts, in the order of `Examples.text_columns`.

        Raises:
            TemplateError: what may not be cut is longer than the input.
        """
        return self.put_together(self.tokens(fields))

    def tokens(self, fields: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each of a row's texts, not cut."""
        return [self.tokenize(text) for text in fields]

    def put_together(self, tokens: Sequence[Sequence[int]]) -> tuple[list[int], int]:
        """Return what `encode` does, from the `tokens` of the row's texts.

        Raises:
            TemplateError: what may not be cut is longer than the input.
        """
        pieces, kept = self._cut(tokens)
        ids: list[int] = []
        for piece, most in zip(pieces, kept, strict=True):
            ids += piece[:most]
        return [*ids, self.end_token], sum(map(len, pieces)) - sum(kept)

    def shortened(self, tokens: Sequence[Sequence[int]], most: int) -> list[int]:
        """Return token ids of what `put_together` returns, at most `most` where that can be had by cutting.

        Of each text that loses tokens the front and the end stay, the front twice as long: what a text is about tends
        to be said first, and what is thought of it last.

        Args:
            tokens: of the row's texts, not cut.
            most: tokens, the end-of-sequence token included.
        """
        pieces, kept = self._cut(tokens)
        may = [place for place, segment in enumerate(self.template.segments) if segment.cut]
        fixed = sum(kept) - sum(kept[place] for place in may)
        fewer = dict(zip(may, share_room([kept[place] for place in may], max(0, most - 1 - fixed)), strict=True))
        ids: list[int] = []
        for place, (piece, whole) in enumerate(zip(pieces, kept, strict=True)):
            end = fewer.get(place, whole) // 3
            front = fewer.get(place, whole) - end
            ids += [*piece[:front], *piece[max(front, whole - end) : whole]]
        return [*ids, self.end_token]

    def windows(self, tokens: Sequence[Sequence[int]]) -> tuple[list[list[int]], int]:
        """Return the token ids of each window of an input that is too long, and how many tokens no window has.

        The longest text that may be cut is divided into equal parts; each stands beside all else as `put_together` has
        it. An input that fits is its own and only window.

        Args:
            tokens: of the row's texts, not cut.

        Raises:
            TemplateError: what may not be cut is longer than the input.
        """
        pieces, kept = self._cut(tokens)
        whole = [len(piece) for piece in pieces]
        long = max(range(len(pieces)), key=lambda place: whole[place] - kept[place])
        count = -(-whole[long] // max(1, kept[long])) if kept[long] else 1
        found = []
        for number in range(count):
            start, end = (whole[long] * part // count for part in (number, number + 1))
            parts = [piece[:most] for piece, most in zip(pieces, kept, strict=True)]
            parts[long] = pieces[long][start:end] if count > 1 else parts[long]
            found.append([*(token for part in parts for token in part), self.end_token])
        return found, sum(whole) - sum(kept) - (whole[long] - kept[long] if count > 1 else 0)

    def _cut(self, tokens: Sequence[Sequence[int]]) -> tuple[list[Sequence[int]], list[int]]:
        """Return the tokens of each segment, and how many of them, from the first on, fit the input.

        Raises:
            TemplateError: what may not be cut is longer than the input.
        """
        segments = self.template.segments
        pieces = [self.literals[s.text] if s.field is None else tokens[s.field] for s in segments]
        lengths = [len(piece) for piece, segment in zip(pieces, segments, strict=True) if segment.cut]
        fixed = sum(map(len, pieces)) - sum(lengths)
        if fixed > self.room:
            raise self.too_long("the segments that may not be cut need", fixed)
        remaining = iter(share_room(lengths, self.room - fixed))
        return pieces, [
            next(remaining) if segment.cut else len(piece) for piece, segment in zip(pieces, segments, strict=True)
        ]

    def too_long(self, what: str, tokens: int) -> TemplateError:
        """Return the error for an input that no cutting makes fit."""
        return TemplateError(
            self.template.path or self.template.name,
            f"{what} {tokens} tokens, and the input holds {self.room}.",
            "Shorten the literal text, or put 'cut: yes' under the fields that may be cut.",
        )


def render(
    template: Template, fields: Sequence[str], tokenize: Tokenize, max_tokens: int, end_token: int
) -> tuple[list[int], int]:
    """Return one row's token ids and how many tokens were cut; `InputEncoder` does the same for many rows.

    Raises:
        TemplateError: what may not be cut is longer than the input.
    """
    return InputEncoder(template, tokenize, max_tokens, end_token).encode(fields)


def share_room(lengths: Sequence[int], room: int) -> tuple[int, ...]:
    """Return how much of each length is kept, so that the kept sum to at most `room` and the longest lose first.

    Example:
        >>> share_room((10, 3, 8), 13)
        (5, 3, 5)
    """
    kept = [0] * len(lengths)
    by_length = sorted(range(len(lengths)), key=lambda index: lengths[index])
    for position, index in enumerate(by_length):
        kept[index] = min(lengths[index], room // (len(lengths) - position))
        room -= kept[index]
    return tuple(kept)
