"""Text of any common encoding as UTF-8 blocks of whole lines, in bounded memory."""

import codecs
from collections.abc import Iterator

from hftsim.core.errors import DataError
from hftsim.data.sources import Source

BLOCK_BYTES = 8 << 20
LONGEST_LINE = 1 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text_blocks(source: Source, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[bytes, int]]:
    r"""Yield (block, line): whole lines as UTF-8 with ``\n`` or ``\r\n``, and the first's number.

    Bytes that are not UTF-8 pass through.
    Raises DataError for binary data, broken UTF-16 and lines longer than `LONGEST_LINE`.
    """
    first = source.read(block_bytes)
    encoding, mark = encoding_of(first)
    decode = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("strict")
    line, rest, chunk = 1, b"", first[mark:]
    old_mac = decode is None and b"\r" in chunk and b"\n" not in chunk
    while True:
        text = _to_utf8(source, decode, chunk, line) if decode else chunk
        text = rest + (text.replace(b"\r", b"\n") if old_mac else text)
        if line == 1 and b"\0" in text[:4096]:
            raise DataError("is not a text table: it holds binary data", path=source.path)
        chunk_ended = not chunk
        cut = len(text) if chunk_ended else text.rfind(b"\n") + 1
        if len(text) - cut > LONGEST_LINE:
            raise DataError(
                f"is longer than {LONGEST_LINE:,} bytes: this is not a table",
                path=source.path,
                row=line + text.count(b"\n"),
            )
        if cut:
            block = _with_newlines(text[:cut])
            yield block, line
            line += block.count(b"\n")
        if chunk_ended:
            return
        rest, chunk = text[cut:], source.read(block_bytes)


def _with_newlines(block: bytes) -> bytes:
    r"""Make every lone ``\r`` a line end, as the parser takes it to be."""
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return block


def encoding_of(start: bytes) -> tuple[str, int]:
    """Return (encoding, length of the byte-order mark) from a file's first bytes."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    odd, even = start[1:200:2], start[0:200:2]
    if odd and odd.count(0) > 0.9 * len(odd):
        return "utf-16-le", 0
    if even and even.count(0) > 0.9 * len(even):
        return "utf-16-be", 0
    return "utf-8", 0


def _to_utf8(source: Source, decode: codecs.IncrementalDecoder, chunk: bytes, line: int) -> bytes:
    try:
        return decode.decode(chunk, final=not chunk).encode()
    except UnicodeError as error:
        raise DataError(
            f"text from row {line} on cannot be decoded ({error}): save the file as UTF-8",
            path=source.path,
        ) from None
