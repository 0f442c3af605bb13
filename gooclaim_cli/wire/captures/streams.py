"""What lies under every format: compression, byte order marks, UTF-16, lines, bounds.

All of it streams: memory is bounded by the longest record, not by the file.
"""

import codecs
import itertools
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from gooclaim_cli.wire.captures.capture import CaptureError

LINE_LIMIT: Final = 64 * 1024 * 1024
DOCUMENT_LIMIT: Final = 256 * 1024 * 1024
HEAD_LIMIT: Final = 64 * 1024
_PIECE: Final = 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Undo what wraps a text file: gzip, a byte order mark, UTF-16 (as PowerShell writes it)."""
    start, chunks = peek(chunks, len(_GZIP))
    if start.startswith(_GZIP):
        start, chunks = peek(_unzipped(chunks), len(_GZIP))
    encoding = _UTF16.get(start[:2])
    if encoding is not None:
        return _without_start(_transcoded(chunks, encoding), "\ufeff".encode())
    return _without_start(chunks, codecs.BOM_UTF8)


def peek(chunks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the start, `size` bytes or more where there are so many, and all of it again."""
    iterator = iter(chunks)
    taken: list[bytes] = []
    while sum(map(len, taken)) < size:
        chunk = next(iterator, None)
        if chunk is None:
            break
        taken.append(chunk)
    return b"".join(taken), itertools.chain(taken, iterator)


def first_line(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the start up to the first line's end, or its first 64 KiB, and all of it again.

    Blank lines in front do not count. No more is read than is needed: the rest may come late.
    """
    iterator = iter(chunks)
    taken: list[bytes] = []
    start = b""
    for chunk in iterator:
        taken.append(chunk)
        start += chunk[:HEAD_LIMIT]
        if len(start) >= HEAD_LIMIT or (b"\n" in chunk and b"\n" in start.lstrip()):
            break
    return start[:HEAD_LIMIT], itertools.chain(taken, iterator)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their end. Raises CaptureError at one of over 64 MiB."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        parts.append(first)
        size += len(first)
        if others:
            yield b"".join(parts)
            yield from others[:-1]
            parts, size = [others[-1]], len(others[-1])
        if size > LINE_LIMIT:
            raise CaptureError(
                f"a line of over {LINE_LIMIT >> 20} MiB", "no delivery is so long: look at the file"
            )
    if size:
        yield b"".join(parts)


def whole(chunks: Iterable[bytes]) -> bytes:
    """Return all of it. Raises CaptureError over 256 MiB."""
    return b"".join(limited(chunks))


def limited(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on the chunks of one document. Raises CaptureError over 256 MiB."""
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > DOCUMENT_LIMIT:
            raise CaptureError(
                f"over {DOCUMENT_LIMIT >> 20} MiB in one document",
                "split it, or write one object a line: those may be any number",
            )


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress all members, in pieces: what is packed small may be huge."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if inflater.eof:  # another member, or the zeros that pad an archive
                    rest = rest.lstrip(b"\0")
                    inflater = zlib.decompressobj(wbits=31) if rest else inflater
                    continue
                yield inflater.decompress(rest, _PIECE)
                rest = inflater.unconsumed_tail or inflater.unused_data
        yield inflater.flush()
    except zlib.error as error:
        raise CaptureError(
            f"the compressed data is damaged ({error})", "copy or export the file anew"
        ) from None
    if not inflater.eof:
        raise CaptureError(
            "the compressed data ends too early", "it was cut off: copy or export the file anew"
        )


def _transcoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def _without_start(chunks: Iterable[bytes], mark: bytes) -> Iterator[bytes]:
    start, chunks = peek(chunks, len(mark))
    if not start.startswith(mark):
        return iter(chunks)
    return _cut(chunks, len(mark))


def _cut(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Leave out the first bytes."""
    for chunk in chunks:
        yield chunk[size:]
        size = max(0, size - len(chunk))
