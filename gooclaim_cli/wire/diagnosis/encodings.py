"""The body as it was in another encoding: charset, base64 and its like, compression."""

import base64
import binascii
import contextlib
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote_to_bytes

from gooclaim_cli.wire.diagnosis import wrappings
from gooclaim_cli.wire.diagnosis.causes import KEEP_RAW, Variant, named

_LARGEST: Final = 4 * 1024 * 1024  # to compress, and decompressed
_SLOW: Final = 1024 * 1024  # bytes of what takes long, so much at most: nothing stops it midway
_ESCAPED: Final = re.compile(rb"\\(x[0-9a-f]{2}|[nrt'\"\\])", re.ASCII)
_PYTHON: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"'": b"'", b'"': b'"', b"\\": b"\\"}
_FORM: Final = re.compile(rb"(?:payload|body|data|json)=", re.ASCII)
_AS_LATIN_1: Final = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}  # of PEP 383
# The byte that names the system in gzip's header: Go, Java and others set it otherwise.
_SYSTEMS: Final = (b"\xff", b"\x00", b"\x13")


def variants(body: bytes) -> Iterator[Variant]:
    """Yield what the body may have been before it was encoded, decoded or compressed."""
    yield from _charsets(body)
    yield from _decoded(body)
    yield from _encoded(body)
    yield from _compressed(body)


def _charsets(body: bytes) -> Iterator[Variant]:
    """Bytes that were read in one charset and written in another."""
    if body.isascii():
        for name in ("utf-16-le", "utf-16-be", "utf-16"):
            yield _recoded(body.decode().encode(name), f"signed was {name.upper()}")
        return
    for name, words in (("latin-1", "Latin-1"), ("cp1252", "Windows-1252")):
        with contextlib.suppress(UnicodeError):
            signed = body.decode("utf-8").encode(name)
            taken = f"UTF-8 was taken for {words}"
            yield _recoded(signed, taken if _is_utf8(signed) else f"signed was {words}")
        with contextlib.suppress(UnicodeError):
            yield _recoded(body.decode(name).encode(), f"it is in {words}, signed was UTF-8")
    with contextlib.suppress(UnicodeError):
        text = body.decode("utf-8", "surrogateescape").translate(_AS_LATIN_1)
        yield _recoded(text.encode(), "some of it is in Latin-1, signed was UTF-8")
    for form in ("NFC", "NFD") if len(body) <= _SLOW else ():
        with contextlib.suppress(UnicodeError):
            signed = unicodedata.normalize(form, body.decode("utf-8")).encode()
            yield _recoded(signed, f"its accents are written in another way; signed was {form}")
    try:
        text = body.decode("utf-16")
    except UnicodeError:
        return
    yield _recoded(text.encode("utf-8", "surrogatepass"), "it is in UTF-16, signed was UTF-8")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _recoded(data: bytes, words: str) -> Variant:
    return named(data, "body_charset", f"the body's charset was changed: {words}", KEEP_RAW)


def _decoded(body: bytes) -> Iterator[Variant]:
    """The body is encoded once more than what was signed."""
    fix = "decode the body once, then verify: or better, keep the bytes that came"
    for data, words in _undone(body):
        message = f"the body was encoded once more: it is {words}"
        yield named(data, "body_double_encoded", message, fix)
    for data, where in wrappings.within(body):
        message = f"the body was wrapped in other JSON: what was signed is its {where}"
        fix = "take it out as it stands, and verify that"
        yield named(data, "body_double_encoded", message, fix)


def _undone(body: bytes) -> Iterator[tuple[bytes, str]]:
    text = body.strip()
    inner = _json_string(text)
    if inner is not None:
        yield inner, "a JSON string that holds the JSON"
    escaped = _json_string(b'"' + text + b'"')
    if escaped is not None and escaped != text:
        yield escaped, "escaped like a JSON string"
    if text[:1] == text[-1:] and text[:1] in (b"'", b'"', b"`"):
        yield text[1:-1], "in quotes"
    if text.startswith((b"b'", b'b"')):
        yield text[2:-1], "written as Python shows bytes"
        if len(text) <= _SLOW:
            yield _ESCAPED.sub(_unescaped, text[2:-1]), "written as Python shows bytes"
    with contextlib.suppress(binascii.Error, ValueError):
        yield base64.b64decode(b"".join(text.split()), validate=True), "base64"
    with contextlib.suppress(binascii.Error, ValueError):
        padded = text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4)
        yield base64.b64decode(padded, altchars=b"-_", validate=True), "base64 for URLs"
    with contextlib.suppress(ValueError):
        yield bytes.fromhex(text.decode("ascii")), "hexadecimal"
    if len(text) > _SLOW:
        return
    form = _FORM.match(text)
    for data, words in (
        (text, ""),
        (text[form.end() :], " in a form's field") if form else (b"", ""),
    ):
        if b"%" in data or b"+" in data:
            yield unquote_to_bytes(data), f"percent-encoded{words}"
            yield unquote_to_bytes(data.replace(b"+", b" ")), f"percent-encoded{words}"
    if b"&" in text:
        yield (
            html.unescape(text.decode("utf-8", "surrogateescape")).encode(
                "utf-8", "surrogateescape"
            ),
            "full of HTML entities",
        )


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes((int(code[1:], 16),)) if code[:1] == b"x" else _PYTHON[code]


def _json_string(text: bytes) -> bytes | None:
    if text[:1] != b'"':
        return None
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return inner.encode("utf-8", "surrogatepass") if isinstance(inner, str) else None


def _encoded(body: bytes) -> Iterator[Variant]:
    """What was signed is encoded once more than the body."""
    fix = "verify what came, before it is decoded"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    found = [
        (base64.b64encode(body), "in base64"),
        (body.hex().encode(), "in hexadecimal"),
    ]
    if text and len(body) <= _SLOW:
        found += [
            (json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"), "as a JSON string"),
            (json.dumps(text).encode(), "as a JSON string"),
            (quote(text, safe="").encode(), "percent-encoded"),
            (quote_plus(text).encode(), "percent-encoded"),
            (html.escape(text).encode("utf-8", "replace"), "with HTML entities"),
        ]
    for data, words in found:
        yield named(data, "body_double_encoded", f"the signature is of the body {words}", fix)


def _compressed(body: bytes) -> Iterator[Variant]:
    fix = "let nothing between Gooclaim and you compress or decompress the body, or undo it first"
    for bits, words in ((31, "gzip"), (15, "zlib"), (-15, "deflate")):
        inflater = zlib.decompressobj(wbits=bits)
        try:
            data = inflater.decompress(body, _LARGEST)
        except zlib.error:
            continue
        if data:
            message = f"the body is compressed with {words}; signed was what is within"
            yield named(data, "body_compressed", message, fix)
    if len(body) > _LARGEST:
        return
    for level in (6, 9, 1):
        for bits, words in ((31, "gzip"), (15, "zlib"), (-15, "deflate")):
            deflater = zlib.compressobj(level, wbits=bits)
            data = deflater.compress(body) + deflater.flush()
            message = f"the body was decompressed; the signature is of it compressed with {words}"
            yield named(data, "body_compressed", message, fix)
            for system in _SYSTEMS if bits == 31 else ():
                yield named(data[:9] + system + data[10:], "body_compressed", message, fix)
