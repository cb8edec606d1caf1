"""What bytes are written in: by their mark, as UTF-8, as UTF-16 without a mark, or else by a guess that is told."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from crosspt_cli.data.guess import ENCODINGS, guess_encodings, high_lines
from crosspt_cli.data.notices import Notice
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.foundation.words import counted

CHUNK = 1 << 20  # bytes read at a time while the encoding is looked for
SAMPLE = 1 << 15  # bytes of lines that an encoding is guessed from
LONG_LINE = 1 << 16  # bytes of a line looked at together
STRAY = r"If it is text but for that, take such bytes out: tr -d '\0' < FILE > MENDED.csv"
EXPORT = "Export the data as CSV, TSV, JSONL or Parquet."
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MIXED = 3  # characters of UTF-8 for each byte that is none: such a file is UTF-8 with lines of another encoding

Found = tuple[str, tuple[Notice, ...]]


def find_encoding(binary: BinaryIO, where: str) -> Found:
    """Return the codec that decodes the whole file, and a notice when it was guessed.

    Raises:
        DataError: it is binary, is not what its mark says, is in two encodings, or in none that is known.
    """
    binary.seek(0)
    start = binary.read(LONG_LINE)
    codec = marked(start) or _without_mark(start)
    bad = bad_byte(binary, (codec or "utf-8").removesuffix("-sig"))
    if codec and bad is not None:
        name = codec.upper().removesuffix("-LE").removesuffix("-BE").removesuffix("-SIG")
        raise DataError(where, f"is not the {name} it starts as (byte {bad:,}).", "Save it as UTF-8.")
    if codec and codec != "utf-8-sig":
        return codec, () if marked(start) else (_unmarked(codec, where),)
    _refuse_binary(binary, where)
    if bad is None:
        return codec or "utf-8", ()
    line = _line_of(binary, bad)
    sample = _sample(binary, bad)
    _refuse_mixed(sample, f"{where} line {line}")
    found = _first_that_decodes(sample, binary)
    if found is None:
        raise _no_encoding(f"{where} line {line}")
    return found, (guessed(found, where, line),)


def find_start(start: bytes, where: str) -> Found:
    """Return the codec of what has arrived through a pipe, and a notice when it was guessed.

    Raises:
        DataError: it is in no encoding that is known.
    """
    codec = marked(start) or "utf-8"
    bad = bad_byte(io.BytesIO(start), codec, final=False)
    if bad is None or codec.startswith(("utf-16", "utf-32")):
        return codec, ()
    found = _first_that_decodes(high_lines(start.splitlines(keepends=True), SAMPLE), io.BytesIO(start), final=False)
    line = start[:bad].count(b"\n") + 1
    if found is None:
        raise _no_encoding(f"{where} line {line}")
    return found, (guessed(found, where, line),)


def marked(start: bytes) -> str | None:
    """Return the codec that the byte order mark stands for."""
    return next((codec for mark, codec in BYTE_ORDER_MARKS if start.startswith(mark)), None)


def guessed(codec: str, where: str, line: int) -> Notice:
    """Return the notice of a guess."""
    text = f"{where} is not UTF-8 (line {line}), so it was read as {ENCODINGS[codec]} ({codec})."
    return Notice("encoding", (line,), text)


def _unmarked(codec: str, where: str) -> Notice:
    text = f"{where} does not say what it is in, and every second byte is NUL, so it was read as UTF-16 ({codec})."
    return Notice("encoding", (), text)


def bad_byte(binary: BinaryIO, codec: str, final: bool = True) -> int | None:
    """Return the offset of the first byte that does not decode, or None.

    Args:
        binary: the bytes; read from their start.
        codec: what they should be.
        final: whether a character may not be cut off at the end.
    """
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


def _without_mark(start: bytes) -> str | None:
    """Return the UTF-16 that mostly Latin letters are in when every second byte is NUL."""
    pairs = len(start) // 2
    first, second = (start[side : 2 * pairs : 2].count(0) for side in (0, 1))
    if pairs and second > 0.4 * pairs and first < 0.05 * pairs:
        return "utf-16-le"
    if pairs and first > 0.4 * pairs and second < 0.05 * pairs:
        return "utf-16-be"
    return None


def _first_that_decodes(sample: bytes, binary: BinaryIO, final: bool = True) -> str | None:
    return next((codec for codec in guess_encodings(sample) if bad_byte(binary, codec, final) is None), None)


def _sample(binary: BinaryIO, bad: int) -> bytes:
    """Return lines with other bytes than ASCII: the first of the file, and those around the first bad byte."""
    binary.seek(0)
    first = high_lines(_lines(binary), SAMPLE)
    if bad <= LONG_LINE:
        return first
    binary.seek(bad - LONG_LINE)
    binary.readline(LONG_LINE)  # the rest of a line, which may begin within a character
    return first + high_lines(_lines(binary), SAMPLE)


def _lines(binary: BinaryIO) -> Iterator[bytes]:
    while line := binary.readline(LONG_LINE):
        yield line


def _refuse_mixed(sample: bytes, where: str) -> None:
    text = sample.decode("utf-8", "replace")
    none = text.count("\ufffd")
    others = sum(character > "\x7f" for character in text) - none
    if others >= MIXED * none:
        problem = f"is not UTF-8, and {counted(others, 'other character nearby is', 'other characters nearby are')}."
        raise DataError(
            where, problem, "The file is in two encodings: save the rows of one in the other, or mend the line."
        )


def _no_encoding(where: str) -> DataError:
    return DataError(where, "is not UTF-8, nor text in another encoding that is known.", "Save the file as UTF-8.")


def _refuse_binary(binary: BinaryIO, where: str) -> None:
    found = _find(binary, re.compile(b"\0"))
    if found is not None:
        line = _line_of(binary, found)
        raise DataError(f"{where} line {line}", "has a NUL byte: this is a binary file, not text.", f"{EXPORT} {STRAY}")


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
    return line + newlines.decode(b"", final=True).count("\n")
