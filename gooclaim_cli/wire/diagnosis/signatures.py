"""What a signature header may have meant: every digest that its value can be read as."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from gooclaim_cli.wire.delivery import SIGNATURE_HEADER, Delivery
from gooclaim_cli.wire.diagnosis.causes import Cause, Causes

DIGEST_SIZES: Final = (16, 20, 28, 32, 48, 64)
_SHORTEST: Final = 8  # bytes of a digest that was cut off, below which chance would speak
_MOST_VALUES: Final = 8
_LONGEST: Final = 1024
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})+", re.ASCII)
_PREFIX: Final = re.compile(r"\s*(?:0x|\\x|[A-Za-z][\w-]{0,20}(?:\s*[=:,]\s*|\s+))", re.ASCII)
_ACCEPTED_PREFIX: Final = re.compile(r"sha256=", re.IGNORECASE)
_OWN_FORM: Final = re.compile(r"(?:^|,)\s*v1=", re.ASCII)
_STRICT: Final = "Gooclaim sends 64 hexadecimal digits, alone or after `sha256=`"
_NAMES: Final = re.compile(r"(?:http)?x?gooclaim(?:signature|sig|sign|hmac)|webhooksignature")

DUPLICATED: Final = Cause(
    "header_duplicated",
    f"{SIGNATURE_HEADER} is there more than once",
    "let one proxy add it, not two: compare what each hop sends",
)
FOLDED: Final = Cause(
    "header_folded",
    f"{SIGNATURE_HEADER} was broken over lines, or has spaces within",
    "pass the header on as one line: something between Gooclaim and you folds it",
)
PREFIXED: Final = Cause(
    "signature_prefixed", "the signature has something else before its digits", _STRICT
)
VERSIONED: Final = Cause(
    "signature_malformed",
    "the signature has `v1=` before its digits, and no `t=` beside it",
    "pass the header on as it came: 64 hexadecimal digits, alone or after `sha256=`",
)
QUOTED: Final = Cause("signature_quoted", "the signature stands in quotes", _STRICT)
BASE64: Final = Cause(
    "signature_base64",
    "the signature is base64, not hexadecimal",
    f"{_STRICT}: let the signer write hex, or the proxy pass the header on as it came",
)
DOUBLE: Final = Cause(
    "signature_double_encoded",
    "the signature was encoded twice, in hexadecimal and in base64",
    f"{_STRICT}: encode the digest's bytes, once",
)
CUT: Final = Cause(
    "signature_truncated",
    "the signature was cut off: its digits fit as far as they go",
    "keep all 64 digits: look for a column or a log that is too narrow",
)


class Readings:
    """The digests that a delivery's signature can be read as, each with what was wrong with it."""

    def __init__(self, delivery: Delivery) -> None:
        self._exact: dict[bytes, Causes] = {}
        self._starts: list[tuple[bytes, Causes]] = []
        for value, causes in _values(delivery):
            self._add(value[:_LONGEST], causes)

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes of whole digests, in bytes."""
        return frozenset(map(len, self._exact)) | ({32} if self._starts else set())

    def __bool__(self) -> bool:
        return bool(self._exact or self._starts)

    def match(self, digest: bytes) -> Causes | None:
        """What was wrong with the signature, where it is this digest; None where it is not."""
        found = self._exact.get(digest)
        if found is None and self._starts:
            return next(
                (causes for start, causes in self._starts if digest[: len(start)] == start), None
            )
        return found

    def _add(self, value: str, causes: Causes) -> None:
        for text, more in _stripped(value):
            for digest, decoded in _decoded(text):
                found = causes + more + decoded
                if len(digest) in DIGEST_SIZES:
                    known = self._exact.get(digest)
                    if known is None or len(found) < len(known):
                        self._exact[digest] = found
                if _SHORTEST <= len(digest) < 32 and DOUBLE not in decoded:
                    self._starts.append((digest, (*found, CUT)))


def _values(delivery: Delivery) -> Iterator[tuple[str, Causes]]:
    """The header's values; where there is none, those of a header that is called much like it."""
    values = [value for value in delivery.values(SIGNATURE_HEADER) if value.strip()]
    causes: Causes = (DUPLICATED,) if len(values) > 1 else ()
    if not values:
        for name, value in delivery.headers:
            if _NAMES.fullmatch(re.sub(r"[^a-z]", "", name.lower()[:80])):
                yield from _parts(value, (_renamed(name),))
    for value in values[:_MOST_VALUES]:
        yield from _parts(value, causes)
    if not causes and values and "," in values[0] and not _OWN_FORM.search(values[0]):
        for part in values[0].split(",")[:_MOST_VALUES]:  # joined, as some gateways do
            yield part, (DUPLICATED,)


def _parts(value: str, causes: Causes) -> Iterator[tuple[str, Causes]]:
    """The value; each `v1=` of the older form, and of Standard Webhooks' list."""
    if _OWN_FORM.search(value):
        parts = [part.strip() for part in value.split(",")[:_MOST_VALUES]]
        without_time = not any(part.startswith("t=") for part in parts)
        for part in parts:
            if part.startswith("v1="):
                yield part[3:], (*causes, VERSIONED) if without_time else causes
    else:
        yield value, causes
        for part in value.split(" ")[:_MOST_VALUES]:
            if part.startswith("v1,"):
                yield part[3:], causes


def _renamed(name: str) -> Cause:
    return Cause(
        "header_renamed",
        f"the signature came as {name}, not as {SIGNATURE_HEADER}",
        "save and pass on headers under their own names",
    )


def _stripped(value: str) -> Iterator[tuple[str, Causes]]:
    """The digits, and what had to be taken off."""
    causes: Causes = ()
    text = value.strip()
    bare = text.strip("\"'")
    if bare != text:
        causes, text = (*causes, QUOTED), bare
    if re.search(r"\s", text):
        joined = "".join(text.split())
        yield joined, (*causes, FOLDED)
    yield text, causes
    prefix = _PREFIX.match(text)
    if prefix is not None and prefix.end() < len(text):
        accepted = _ACCEPTED_PREFIX.fullmatch(prefix[0])
        rest = "".join(text[prefix.end() :].split())
        yield rest.strip("\"'"), causes if accepted else (*causes, PREFIXED)


def _decoded(text: str) -> Iterator[tuple[bytes, Causes]]:
    if _HEX.fullmatch(text):
        raw = bytes.fromhex(text)
        yield raw, ()
        yield from ((digest, (DOUBLE,)) for digest in _inner(raw))
    raw_or_none = from_base64(text)
    if raw_or_none is not None:
        yield raw_or_none, (BASE64,)
        yield from ((digest, (DOUBLE,)) for digest in _inner(raw_or_none))


def _inner(raw: bytes) -> Iterator[bytes]:
    """What digits that were encoded once more are of."""
    if not raw.isascii():
        return
    text = raw.decode().strip()
    if _HEX.fullmatch(text):
        yield bytes.fromhex(text)
    digest = from_base64(text)
    if digest is not None:
        yield digest


def from_base64(text: str) -> bytes | None:
    """Decode base64 of either alphabet, its padding lost or not; None where it is none."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
