"""How a file of delimited text is written, told from its first rows: delimiter, quotes, lines above the header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from crosspt_cli.data.notices import Notice, counted

DELIMITERS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # stands for "no delimiter": a character that no text has
SAMPLE_ROWS = 50
SEPARATOR_LINE = re.compile(r'"?sep=(?P<mark>[^"\w\s]|\t)"?[;,\t|]*(\r\n|\r|\n)', re.IGNORECASE)
ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
SPACE_AND_QUOTE = re.compile(r' +"')

DOUBLED, BACKSLASHED, LITERAL = "doubled", "backslashed", "literal"


@dataclass(frozen=True)
class Dialect:
    """How rows are written.

    Args:
        delimiter: one of `DELIMITERS`, another that the file names in a line ``sep=``, or `ONE_COLUMN`.
        quotes: how a quote stands in a quoted cell: ``"doubled"``, ``"backslashed"``, or ``"literal"`` where quotes
            enclose nothing and are characters like others.
        spaced: whether spaces stand between a delimiter and the quote that opens a cell.
        above: how many lines stand above the header: ``sep=;``, or comments.
        notices: what was understood that a person may want to know.
    """

    delimiter: str
    quotes: str = DOUBLED
    spaced: bool = False
    above: int = 0
    notices: tuple[Notice, ...] = ()

    def line(self, line: str) -> str:
        """Return a line with its quotes as `csv` wants them."""
        return ESCAPED_QUOTE.sub(r'\1""', line) if self.quotes == BACKSLASHED else line

    def reader(self, lines: Iterable[str], strict: bool = True) -> Iterator[list[str]]:
        """Return a reader of cells over lines that `line` has been applied to."""
        quoting = csv.QUOTE_NONE if self.quotes == LITERAL else csv.QUOTE_MINIMAL
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, skipinitialspace=self.spaced, quoting=quoting)


def find_dialect(head: str, whole: bool, where: str = "", tab_first: bool = False) -> Dialect:
    """Return how a file is written.

    Args:
        head: the first characters of the file.
        whole: whether the head is the whole file; else its last row may be cut off and is not counted.
        where: the file's name, for notices.
        tab_first: whether the file name says tab, which then only has to occur in the header.
    """
    named = SEPARATOR_LINE.match(head.lstrip("\ufeff"))
    if named:
        body = head.lstrip("\ufeff")[named.end() :]
        return _with_quotes(body, whole, where, Dialect(named["mark"], above=1))
    above = _comments(head, whole, tab_first)
    body = _without_lines(head, above)
    dialect = Dialect(find_delimiter(body, whole, tab_first), above=above, notices=_comment_notice(head, above, where))
    return dialect if dialect.delimiter == ONE_COLUMN else _with_quotes(body, whole, where, dialect)


def find_delimiter(head: str, whole: bool, tab_first: bool = False) -> str:
    """Return the delimiter under which the first rows have the most even number of cells.

    Args:
        head, whole, tab_first: as for `find_dialect`; the head begins with the header.

    Returns:
        One of `DELIMITERS`, or `ONE_COLUMN` when none of them divides the header.
    """
    samples = {mark: _sample(head, whole, mark) for mark in DELIMITERS}
    dividing = [mark for mark, rows in samples.items() if rows and len(rows[0]) > 1]
    if not dividing:
        return ONE_COLUMN
    if tab_first and "\t" in dividing:
        return "\t"
    return max(dividing, key=lambda mark: (_evenness(samples[mark]), len(samples[mark][0])))


def header_of(head: str, whole: bool) -> tuple[str, ...]:
    """Return the cells of the header, taken as delimited text."""
    dialect = find_dialect(head, whole)
    body = dialect.line(_without_lines(head, dialect.above))
    return tuple(next(filter(None, dialect.reader(io.StringIO(body, newline=""), strict=False)), ()))


def fitted(cells: Sequence[str], header: Sequence[str]) -> tuple[str, ...] | None:
    """Return a row's cells as many as the header's, where those that differ are empty or have no name; else None.

    Example:
        >>> fitted(["a", "b", ""], ["text", "y"]), fitted(["a", "b"], ["text", "y", ""]), fitted(["a"], ["text", "y"])
        (('a', 'b'), ('a', 'b', ''), None)
    """
    width = len(header)
    unmatched = cells[width:] if len(cells) > width else header[len(cells) :]
    if any(map(str.strip, unmatched)):
        return None
    return tuple(cells[:width]) + ("",) * (width - len(cells))


def _sample(head: str, whole: bool, delimiter: str) -> list[list[str]]:
    # a quote after a space opens a cell here, so that a delimiter within it is none
    reader = Dialect(delimiter, spaced=True).reader(io.StringIO(head, newline=""), strict=False)
    rows = [row for row in islice(reader, SAMPLE_ROWS + 1) if row]
    return rows if whole or len(rows) < 2 else rows[:-1]


def _evenness(rows: list[list[str]]) -> float:
    return sum(fitted(row, rows[0]) is not None for row in rows) / len(rows)


def _without_lines(head: str, count: int) -> str:
    return "".join(_lines(head)[count:])


def _lines(head: str) -> list[str]:
    return list(io.StringIO(head, newline=""))


def _comments(head: str, whole: bool, tab_first: bool) -> int:
    """Return how many lines at the start are comments: they begin with # and are no row of the table below."""
    lines = _lines(head)
    count = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if not 0 < count < len(lines):
        return 0
    body = "".join(lines[count:])
    delimiter = find_delimiter(body, whole, tab_first)
    rows = _sample(body, whole, delimiter)
    above = _sample("".join(lines[:count]), True, delimiter)
    table = len(rows) > 1 and len(rows[0]) > 1 and all(len(row) < len(rows[0]) for row in above)
    return count if table else 0


def _comment_notice(head: str, above: int, where: str) -> tuple[Notice, ...]:
    if not above:
        return ()
    first = _lines(head)[0].strip()[:60]
    text = f"{where}: {counted(above, 'line')} of comment passed over ({first!r}); the header is line {above + 1}."
    return (Notice("comment", tuple(range(1, above + 1)), text),)


def _with_quotes(body: str, whole: bool, where: str, dialect: Dialect) -> Dialect:
    """Return the dialect with its quotes; another than the usual one only where the usual one fails on some rows."""
    delimiter, above, notices = dialect.delimiter, dialect.above, dialect.notices
    spaced = _is_spaced(body, delimiter)
    doubled, rows = _misread(body, whole, Dialect(delimiter, spaced=spaced))
    usual = Dialect(delimiter, DOUBLED, spaced, above, notices)
    if not doubled:
        return usual
    backslashed = Dialect(delimiter, BACKSLASHED, spaced)
    if ESCAPED_QUOTE.search(body) and 2 * _misread(body, whole, backslashed)[0] < doubled:
        text = f'{where}: quotes inside cells have a backslash before them (\\"), and were read as quotes.'
        return Dialect(delimiter, BACKSLASHED, spaced, above, (*notices, Notice("quotes", (), text)))
    literal = Dialect(delimiter, LITERAL)
    if '"' in body and (delimiter == "\t" or 2 * doubled > rows) and not _misread(body, whole, literal)[0]:
        text = f"{where}: quotes do not enclose cells, and were read as characters of the text."
        return Dialect(delimiter, LITERAL, False, above, (*notices, Notice("quotes", (), text)))
    return usual


def _is_spaced(body: str, delimiter: str) -> bool:
    """Whether most rows have spaces between a delimiter and an opening quote."""
    plain, spaced = (
        list(islice(Dialect(delimiter, spaced=each).reader(io.StringIO(body, newline=""), False), 1, SAMPLE_ROWS))
        for each in (False, True)
    )
    cells = {cell for row in spaced for cell in row}
    found = sum(any(SPACE_AND_QUOTE.match(cell) and cell not in cells for cell in row) for row in plain)
    return 2 * found > len(plain)


def _misread(body: str, whole: bool, dialect: Dialect) -> tuple[int, int]:
    """Return how many of the first rows cannot be read so, and how many there are."""
    lines = _lines(body)
    reader = dialect.reader(map(dialect.line, lines if whole else lines[:-1]))
    header = None
    failed = rows = 0
    while rows < SAMPLE_ROWS:
        try:
            row = next(reader, None)
        except csv.Error:
            row = []
            failed += 1
        if row is None:
            break
        rows += 1
        header = header or row
        failed += bool(row) and fitted(row, header) is None
    return failed, rows
