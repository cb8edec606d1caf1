"""How a file of delimited text is written, told from its first rows: delimiter, quotes, lines above the header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.words import counted

DELIMITERS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # stands for "no delimiter": a character that no text has
SAMPLE_ROWS = 50
SEPARATOR_LINE = re.compile(r'"?sep=(?P<mark>[^"\w\s]|\t)"?[;,\t|]*(\r\n|\r|\n)', re.IGNORECASE)
ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
SPACE_AND_QUOTE = re.compile(r' +"')

WHOLE_LINE = re.compile(r'"(?P<line>.*)"(?P<end>\s*)', re.DOTALL)

DOUBLED, BACKSLASHED, LITERAL, WRAPPED = "doubled", "backslashed", "literal", "wrapped"


@dataclass(frozen=True)
class Dialect:
    """How rows are written.

    Args:
        delimiter: one of `DELIMITERS`, another that the file names in a line ``sep=``, or `ONE_COLUMN`.
        quotes: how a quote stands in a quoted cell: ``"doubled"``, ``"backslashed"``, ``"literal"`` where quotes
            enclose nothing and are characters like others, or ``"wrapped"`` where every line is in quotes as a whole.
        spaced: whether spaces stand between delimiters and the quotes of a cell.
        above: how many lines stand above the header: ``sep=;``, comments, blank lines.
        notices: what was understood that a person may want to know.
    """

    delimiter: str
    quotes: str = DOUBLED
    spaced: bool = False
    above: int = 0
    notices: tuple[Notice, ...] = ()

    def line(self, line: str) -> str:
        """Return a line with its quotes as `csv` wants them."""
        if self.spaced:  # those before a quote `csv` skips itself
            return re.sub(f'(?<=") +(?={re.escape(self.delimiter)}|[\r\n]|$)', "", line)
        if self.quotes == BACKSLASHED:
            return ESCAPED_QUOTE.sub(r'\1""', line)
        wrapped = WHOLE_LINE.fullmatch(line) if self.quotes == WRAPPED else None
        return wrapped["line"].replace('""', '"') + wrapped["end"] if wrapped else line

    def reader(self, lines: Iterable[str], strict: bool = True) -> Iterator[list[str]]:
        """Return a reader of cells over lines that `line` has been applied to."""
        quoting: Literal[0, 3] = csv.QUOTE_NONE if self.quotes == LITERAL else csv.QUOTE_MINIMAL
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, skipinitialspace=self.spaced, quoting=quoting)


def find_dialect(head: str, whole: bool, where: str = "", tab_first: bool = False) -> Dialect:
    """Return how a file is written.

    Args:
        head: the first characters of the file.
        whole: whether the head is the whole file; else its last row may be cut off and is not counted.
        where: the file's name, for notices.
        tab_first: whether the file name says tab, which then only has to occur in the header.
    """
    head = head.lstrip("\ufeff")
    named = SEPARATOR_LINE.match(head)
    if named:
        return _with_quotes(head[named.end() :], whole, where, Dialect(named["mark"], above=1))
    above = _lines_above(head, whole, tab_first)
    body = _without_lines(head, above)
    dialect = Dialect(find_delimiter(body, whole, tab_first), above=above, notices=_comment_notice(head, above, where))
    find_quotes = _wrapped if dialect.delimiter == ONE_COLUMN else _with_quotes
    return find_quotes(body, whole, where, dialect)


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
    lines = map(dialect.line, _lines(head.lstrip("\ufeff"))[dialect.above :])
    return tuple(next(filter(None, dialect.reader(lines, strict=False)), ()))


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


def _lines_above(head: str, whole: bool, tab_first: bool) -> int:
    """Return how many lines above the header are blank, or comments: # at the start, and no row of the table below."""
    lines = _lines(head)
    blank = next((number for number, line in enumerate(lines) if line.strip()), 0)
    count = next((number for number, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
    if count <= blank:
        return blank
    body = "".join(lines[count:])
    delimiter = find_delimiter(body, whole, tab_first)
    rows = _sample(body, whole, delimiter)
    last = [line for line in lines[:count] if line.strip()][-1]
    narrower = len(rows[0]) > len(_sample(last, True, delimiter)[0])  # else it may be the header
    return count if len(rows) > 1 and narrower else blank


def _comment_notice(head: str, above: int, where: str) -> tuple[Notice, ...]:
    comments = [line for line in _lines(head)[:above] if line.strip()]
    if not comments:
        return ()
    text = f"{counted(len(comments), 'line')} of comment passed over ({comments[0].strip()[:60]!r})"
    return (Notice("comment", (), f"{where}: {text}; the header is line {above + 1}."),)


def _wrapped(body: str, whole: bool, where: str, dialect: Dialect) -> Dialect:
    """Return the dialect of a file whose lines are each in quotes as a whole, as a sheet of one column saves a CSV."""
    lines = [line for line in _lines(body)[: None if whole else -1][:SAMPLE_ROWS] if line.strip()]
    if len(lines) < 2 or not all(map(WHOLE_LINE.fullmatch, lines)):
        return dialect
    inner = "".join(map(Dialect(ONE_COLUMN, WRAPPED).line, lines))
    found = replace(dialect, delimiter=find_delimiter(inner, True), quotes=WRAPPED)
    if found.delimiter == ONE_COLUMN or _misread("".join(lines), True, found)[0]:
        return dialect
    return _told(found, f"{where}: every line is within quotes as a whole, which were passed over.")


def _with_quotes(body: str, whole: bool, where: str, dialect: Dialect) -> Dialect:
    """Return the dialect with its quotes; another than the usual one only where the usual one fails on some rows."""
    if _is_spaced(body, dialect.delimiter):
        return replace(dialect, spaced=True)
    failed, rows = _misread(body, whole, dialect)
    if not failed or '"' not in body:
        return dialect
    spaced = replace(dialect, spaced=True)
    if not _misread(body, whole, spaced)[0]:
        return spaced
    backslashed = replace(dialect, quotes=BACKSLASHED)
    if ESCAPED_QUOTE.search(body) and 2 * _misread(body, whole, backslashed)[0] < failed:
        text = f'{where}: quotes inside cells have a backslash before them (\\"), and were read as quotes.'
        return _told(backslashed, text)
    literal = replace(dialect, quotes=LITERAL)
    if (dialect.delimiter == "\t" or 2 * failed > rows) and not _misread(body, whole, literal)[0]:
        return _told(literal, f"{where}: quotes do not enclose cells, and were read as characters of the text.")
    return dialect


def _told(dialect: Dialect, text: str) -> Dialect:
    return replace(dialect, notices=(*dialect.notices, Notice("quotes", (), text)))


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
        except csv.Error as error:
            row = []
            failed += whole or "unexpected end" not in str(error)  # a cell may be cut off where the head ends
        if row is None:
            break
        rows += 1
        header = header or row
        failed += bool(row) and fitted(row, header) is None
    return failed, rows
