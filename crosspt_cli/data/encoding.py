"""From a path to characters: opening with clear errors, and finding the encoding in bounded memory."""

from __future__ import annotations

import codecs
import difflib
import gzip
import io
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from crosspt_cli.data.lines import Text, read_line
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import CrossptError, DataError, NotFound

CHUNK = 1 << 20  # bytes read at a time while the encoding is looked for
HEAD = 1 << 16  # bytes from which format and delimiter are told
PARQUET = b"PAR1"
EXPORT = "Export the data as CSV, TSV, JSONL or Parquet."
FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV."),
    (b"\x89PNG", "a PNG image", EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", EXPORT),
    (b"%PDF", "a PDF", EXPORT),
)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


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

    text: Text
    head: str
    whole: bool
    encoding: str
    notices: tuple[Notice, ...] = ()


def open_binary(path: str | Path) -> BinaryIO:
    """Return a seekable stream of the file's bytes, unpacked when they are gzip.

    Raises:
        NotFound: there is no such file.
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


def _nearest_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"There is no folder {path.parent} to look in either; check the path."
    near = difflib.get_close_matches(path.name, names, 1)
    return (
        f"The nearest is '{path.parent / near[0]}'."
        if near
        else f"Check the path; the folder is {path.parent.resolve()}."
    )


def _unpacked(handle: BinaryIO, where: str) -> BinaryIO:
    if not handle.seekable():  # a pipe given as a file, e.g. <(zcat x.csv.gz)
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        shutil.copyfileobj(handle, spool)
        handle.close()
        handle = spool
        handle.seek(0)
    packed = handle.read(2) == b"\x1f\x8b"
    handle.seek(0)
    return gzip.open(handle) if packed else handle


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
    """Return the file's characters, decoded as UTF-8, by its byte order mark, or else as cp1252.

    The whole file is looked at once, in pieces, so that a late byte cannot stop a half-done reading.

    Raises:
        DataError: a NUL byte, or a byte that neither UTF-8 nor cp1252 has; names line and byte.
    """
    with unpacking_errors(where):
        codec, notices = _find_encoding(binary, where)
        binary.seek(0)
        start = binary.read(HEAD)
    binary.seek(0)
    text = io.TextIOWrapper(binary, encoding=codec, newline="")
    return TextFile(text, _decoded(start, codec), len(start) < HEAD, codec, notices)


def open_pipe(pipe: BinaryIO, where: str) -> TextFile:
    """Return a pipe's characters; the encoding is told from what has arrived, since nothing can be read twice.

    Raises:
        DataError: the first line is too long, or its bytes do not decode.
    """
    buffered = pipe if hasattr(pipe, "peek") else io.BufferedReader(pipe)  # type: ignore[arg-type]
    start = buffered.peek(HEAD)[:HEAD]
    codec = _marked(start) or ("utf-8" if _bad_byte(io.BytesIO(start), "utf-8", final=False) is None else "cp1252")
    text = io.TextIOWrapper(buffered, encoding=codec, newline="")
    arrived = _decoded(start, codec)
    first = read_line(text, where, 1)  # what has arrived may end within the header
    return TextFile(Replayed(first, text), arrived if "\n" in arrived else first, False, codec)


class Replayed:
    """A text whose first line has been read and is given again."""

    def __init__(self, first: str, rest: TextIO) -> None:
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


def _marked(start: bytes) -> str | None:
    return next((codec for mark, codec in BYTE_ORDER_MARKS if start.startswith(mark)), None)


def _find_encoding(binary: BinaryIO, where: str) -> tuple[str, tuple[Notice, ...]]:
    marked = _marked(binary.read(4))
    bad = _bad_byte(binary, marked or "utf-8")
    if marked in ("utf-16", "utf-32"):
        if bad is not None:
            raise DataError(where, f"is not the {marked.upper()} it starts as (byte {bad:,}).", "Save it as UTF-8.")
        return marked, ()
    _refuse_binary(binary, where)
    if bad is None:
        return marked or "utf-8", ()
    line = _line_of(binary, bad)
    _refuse_undefined(binary, where, line)
    text = f"{where} is not UTF-8 (line {line}), so it was read as Windows-1252 (cp1252)."
    return "cp1252", (Notice("encoding", (line,), text),)


def _bad_byte(binary: BinaryIO, codec: str, final: bool = True) -> int | None:
    """Return the offset of the first byte that does not decode, or None."""
    decoder = codecs.getincrementaldecoder(codec)()
    binary.seek(0)
    offset = 0
    while True:
        chunk = binary.read(CHUNK)
        held = len(decoder.getstate()[0])  # bytes of a character cut by the previous chunk's end
        try:
            decoder.decode(chunk, final=final and not chunk)
        except UnicodeDecodeError as error:
            return offset - held + error.start
        if not chunk:
            return None
        offset += len(chunk)


def _refuse_binary(binary: BinaryIO, where: str) -> None:
    found = _find(binary, re.compile(b"\0"))
    if found is not None:
        line = _line_of(binary, found)
        raise DataError(f"{where} line {line}", "has a NUL byte: this is a binary file, not text.", EXPORT)


def _refuse_undefined(binary: BinaryIO, where: str, not_utf8: int) -> None:
    found = _find(binary, UNDEFINED_IN_CP1252)
    if found is None:
        return
    line = _line_of(binary, found)
    binary.seek(found)
    byte = binary.read(1)[0]
    problem = f"byte 0x{byte:02x} is not a character of Windows-1252, and line {not_utf8} is not UTF-8."
    raise DataError(f"{where} line {line}", problem, "Save the file as UTF-8.")


def _find(binary: BinaryIO, pattern: re.Pattern[bytes]) -> int | None:
    binary.seek(0)
    offset = 0
    while chunk := binary.read(CHUNK):
        if match := pattern.search(chunk):
            return offset + match.start()
        offset += len(chunk)
    return None


def _line_of(binary: BinaryIO, offset: int) -> int:
    """Return the 1-based line that holds the byte at `offset`."""
    binary.seek(0)
    newlines = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("latin-1")(), translate=True)
    line = 1
    while offset > 0 and (chunk := binary.read(min(CHUNK, offset))):
        line += newlines.decode(chunk).count("\n")
        offset -= len(chunk)
    return line
