"""From a path to characters: opening with clear errors, and finding the encoding in bounded memory."""

from __future__ import annotations

import codecs
import gzip
import io
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from crosspt_cli.data.detect import EXPORT, find_encoding, find_start
from crosspt_cli.data.lines import Text, read_line
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import CrossptError, DataError, NotFound, OptionError
from crosspt_cli.foundation.words import nearest

PIPES = ("-", "/dev/stdin")
HEAD = 1 << 16  # bytes from which format and delimiter are told
PARQUET = b"PAR1"
FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV."),
    (b"\x89PNG", "a PNG image", EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", EXPORT),
    (b"%PDF", "a PDF", EXPORT),
)


class OpenText(Text, Protocol):
    """Characters that can be let go of without closing the file they come from."""

    def detach(self) -> object:
        """Leave the file open for its owner."""
        ...


@dataclass(frozen=True)
class TextFile:
    """An open file as characters.

    Args:
        text: the characters from the start, line ends untouched.
        head: the first characters, for telling format and delimiter.
        whole: whether the head is all there is.
        encoding: the codec that the bytes were decoded with.
        notices: that the encoding was a guess, when it was.
    """

    text: OpenText
    head: str
    whole: bool
    encoding: str
    notices: tuple[Notice, ...] = ()


def open_binary(path: str | Path) -> BinaryIO:
    """Return a seekable stream of the file's bytes, unpacked when they are gzip; a pipe is read to its end first.

    Raises:
        NotFound: there is no such file.
        OptionError: it is stdin, and nothing is piped.
        DataError: it is a folder, empty, not readable, or of a format that holds no table.
    """
    handle = _opened(path)
    try:
        handle = _unpacked(handle, str(path))
        with unpacking_errors(str(path)):
            start = handle.read(8)
        handle.seek(0)
        _check_format(str(path), start)
    except CrossptError:
        handle.close()
        raise
    return handle


def _opened(path: str | Path) -> BinaryIO:
    if str(path) in PIPES:
        return _stdin(str(path))
    try:
        return Path(path).open("rb")
    except FileNotFoundError as error:
        raise NotFound(str(path), "there is no such file.", _nearest_file(Path(path))) from error
    except IsADirectoryError as error:
        raise DataError(str(path), "is a folder, not a file.", "Name one file in it.") from error
    except PermissionError as error:
        hint = "Make it readable, or copy it where you may read it."
        raise DataError(str(path), "cannot be read (permission denied).", hint) from error
    except OSError as error:
        raise DataError(str(path), f"cannot be read ({error.strerror}).", "Check the path.") from error


def _stdin(where: str) -> BinaryIO:
    """Return what comes through the pipe, all of it, so that it can be read from its start again."""
    if sys.stdin.isatty():
        problem = "is the terminal, and rows are read from a file or a pipe."
        raise OptionError(where, problem, "Name a file, or send one: zcat rows.csv.gz | crosspt …")
    return _spooled(sys.stdin.buffer)


def _spooled(pipe: BinaryIO) -> BinaryIO:
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(pipe, spool)
    spool.seek(0)
    return spool


def _nearest_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"There is no folder {path.parent} to look in either; check the path."
    near = nearest(path.name, names)
    if near is None:
        return f"Check the path; the folder is {path.parent.resolve()}."
    return f"The nearest is '{path.parent / near}'."


def _unpacked(handle: BinaryIO, where: str) -> BinaryIO:
    if not handle.seekable():  # a pipe given as a file, e.g. <(zcat x.csv.gz)
        with handle as pipe:
            handle = _spooled(pipe)
    packed = handle.read(2) == b"\x1f\x8b"
    handle.seek(0)
    return cast(BinaryIO, gzip.open(handle)) if packed else handle  # it is one in all but its base class


@contextmanager
def unpacking_errors(where: str) -> Iterator[None]:
    """Turn a damaged gzip file, or a disk that fails while reading, into a `DataError`."""
    try:
        yield
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(where, f"cannot be read to its end ({error}).", "Fetch or pack the file again.") from error


def _check_format(where: str, start: bytes) -> None:
    if not start:
        raise DataError(where, "is empty.", "Give a file with a header line and one row per example.")
    for magic, what, hint in FOREIGN:
        if start.startswith(magic):
            raise DataError(where, f"is {what}, not a table.", hint)


def open_text(binary: BinaryIO, where: str) -> TextFile:
    """Return the file's characters, decoded by its byte order mark, as UTF-8, or else by a guess.

    The whole file is looked at once, in pieces, so that a late byte cannot stop a half-done reading.

    Raises:
        DataError: it is binary, in two encodings, or in none that is known; names the line.
    """
    with unpacking_errors(where):
        codec, notices = find_encoding(binary, where)
        binary.seek(0)
        start = binary.read(HEAD)
    binary.seek(0)
    text = io.TextIOWrapper(binary, encoding=codec, newline="")
    return TextFile(text, _decoded(start, codec), len(start) < HEAD, codec, notices)


def open_pipe(pipe: BinaryIO, where: str) -> TextFile:
    """Return a pipe's characters; the encoding is told from what has arrived, since nothing can be read twice.

    Raises:
        DataError: the first line is too long, or what has arrived is in no encoding that is known.
    """
    buffered = cast(io.BufferedReader, pipe) if hasattr(pipe, "peek") else io.BufferedReader(cast(io.RawIOBase, pipe))
    start = buffered.peek(HEAD)[:HEAD]
    codec, notices = find_start(start, where)
    text = io.TextIOWrapper(buffered, encoding=codec, newline="")
    arrived = _decoded(start, codec)
    first = read_line(text, where, 1)  # what has arrived may end within the header
    return TextFile(Replayed(first, text), arrived if "\n" in arrived else first, False, codec, notices)


class Replayed:
    """A text whose first line has been read and is given again."""

    def __init__(self, first: str, rest: io.TextIOWrapper) -> None:
        self._first, self._rest = first, rest

    def readline(self, size: int = -1, /) -> str:
        """Return the next line with its end, or "" after the last."""
        first, self._first = self._first, ""
        return first or self._rest.readline(size)

    def detach(self) -> None:
        """Leave the pipe open for its owner."""
        self._rest.detach()


def _decoded(start: bytes, codec: str) -> str:
    return codecs.getincrementaldecoder(codec)("replace").decode(start)
