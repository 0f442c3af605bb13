"""The value of X-Gooclaim-Signature, read: each form that is accepted. Nothing is compared here."""

import re
from typing import Final

import msgspec

# Twelve digits reach past the year 30000: more is no time, and int() of a huge text is slow.
TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


class Signature(msgspec.Struct, frozen=True):
    """A signature header, read: its digests, and its own timestamp in the older form."""

    digests: tuple[bytes, ...]
    timestamp: str | None = None


class MalformedError(ValueError):
    """The header is none of the forms; the message says why."""


def parse_signature(values: list[str]) -> Signature:
    """Read each accepted form: hex of either case, `sha256=` before it, `t=…, v1=…`.

    `values` are all that were given, one at least. Raises MalformedError.
    """
    if len(values) > 1:
        raise MalformedError(f"given {len(values)} times, expected once")
    value = values[0].strip()
    prefix, _, rest = value.partition("=")
    digits = rest if prefix.lower() == "sha256" else value
    if _HEX_DIGEST.fullmatch(digits):
        return Signature((bytes.fromhex(digits),))
    pairs = [part.strip().partition("=") for part in value.split(",")]
    times = [text for name, _, text in pairs if name == "t"]
    versions = [text for name, _, text in pairs if name == "v1"]
    if not times and not versions:
        raise MalformedError(f"{len(digits)} characters, expected 64 hexadecimal digits")
    if len(times) != 1 or not TIMESTAMP.fullmatch(times[0]):
        raise MalformedError("t= must be there once, in UNIX seconds")
    if not versions or not all(map(_HEX_DIGEST.fullmatch, versions)):
        raise MalformedError("v1= must be 64 hexadecimal digits")
    return Signature(tuple(map(bytes.fromhex, versions)), times[0])
