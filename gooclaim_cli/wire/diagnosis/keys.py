"""What a signing secret may have become: every key that people make of one by mistake."""

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from gooclaim_cli.wire.diagnosis.causes import Cause
from gooclaim_cli.wire.diagnosis.signatures import from_base64
from gooclaim_cli.wire.signing import SigningSecret

_SET: Final = "set GOOCLAIM_SIGNING_SECRET to the secret as the Console shows it"
_SIGNER: Final = (
    "let the signer use the secret's own bytes, as it is shown: nothing added or decoded"
)
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){8,}", re.ASCII)
# What comes along when a secret is copied from a page or a chat, and is not seen.
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_PREFIX: Final = re.compile(r"[A-Za-z]{2,12}[_-](?:[a-z]{2,8}_)?", re.ASCII)


class NamedSecret(msgspec.Struct, frozen=True):
    """A secret that is not the one to verify with, and what it is: `the profile 'staging'`."""

    name: str
    secret: SigningSecret

    def __repr__(self) -> str:
        return f"NamedSecret({self.name!r}, …)"


class Key(msgspec.Struct, frozen=True, gc=False):
    """A key to try, and why it would be that one; None: the secret's own."""

    value: bytes
    cause: Cause | None = None


def variants(secrets: Sequence[SigningSecret], others: Sequence[NamedSecret] = ()) -> list[Key]:
    """All keys, the secrets' own first, each once."""
    found: dict[bytes, Key] = {}
    for secret in secrets:
        found.setdefault(secret.key, Key(secret.key))
    for other in others:
        cause = Cause(
            "secret_other",
            f"it was signed with another secret: {other.name}",
            "verify with that one. During a rotation, set both: GOOCLAIM_SIGNING_SECRET=new,old",
        )
        found.setdefault(other.secret.key, Key(other.secret.key, cause))
    for secret in secrets:
        for key in _changed(secret.value):
            if key.value:
                found.setdefault(key.value, key)
    return list(found.values())


def _changed(text: str) -> Iterator[Key]:
    yield from _trimmed(text)
    yield from _added(text)
    yield from _decoded(text, "", "")
    prefix = _PREFIX.match(text)
    if prefix is not None:
        rest = text[prefix.end() :]
        message = f"it was signed with the secret without its {prefix[0]!r}"
        fix = "the prefix is part of the secret: let the signer keep it"
        yield _key(rest, "secret_prefix", message, fix)
        yield from _decoded(rest, f" after its {prefix[0]!r}", prefix[0])
    if not text.startswith("whsec_"):
        message = "it was signed with `whsec_` before the secret"
        yield _key(f"whsec_{text}", "secret_prefix", message, f"{_SET}, its prefix included")
    for changed in dict.fromkeys((text.lower(), text.upper())):
        yield _key(changed, "secret_case", "it was signed with the secret in another case", _SET)


def _trimmed(text: str) -> Iterator[Key]:
    """What is set has more than the secret."""
    fix = "set it without: in a shell, printf %s and not echo; in a .env file, nothing behind it"
    for each, code, words in (
        (text.rstrip("\r\n"), "secret_newline", "a newline at its end"),
        (text.strip(), "secret_whitespace", "white space around it"),
        (text.replace(" ", ""), "secret_whitespace", "a space within it"),
        (_INVISIBLE.sub("", text).strip(), "secret_whitespace", "an invisible character in it"),
    ):
        yield _key(each, code, f"the secret that is set has {words}", fix)
    if len(text) > 2 and text.strip()[:1] in "\"'`" and text.strip()[:1] == text.strip()[-1:]:
        message = "the secret that is set has quotes around it"
        yield _key(text.strip()[1:-1], "secret_quotes", message, "set it without its quotes")
    for end in ("=", "=="):
        message = "the secret that is set lost a `=` at its end, or gained one"
        yield _key(text + end, "secret_padding", message, f"{_SET}, its `=` included")
    yield _key(text.rstrip("="), "secret_padding", message, f"{_SET}, no `=` more and none less")
    if "%" in text:
        message = "the secret that is set is percent-encoded"
        yield _key(unquote(text), "secret_decoded", message, _SET)
    for escaped, character in (("\\n", "\n"), ("\\\\", "\\"), ("$$", "$")):
        if escaped in text:
            message = f"the secret that is set has {escaped!r} for {character!r}"
            yield _key(text.replace(escaped, character), "secret_escaped", message, _SET)


def _added(text: str) -> Iterator[Key]:
    """What it was signed with has more than the secret."""
    for changed, code, words in (
        (f"{text}\n", "secret_newline", "a newline behind it, as `echo` and editors add"),
        (f"{text}\r\n", "secret_newline", "a Windows newline behind it"),
        (f"{text} ", "secret_whitespace", "a space behind it"),
        (f" {text}", "secret_whitespace", "a space before it"),
        (f" {text} ", "secret_whitespace", "a space before and behind it"),
        (f"{text}\t", "secret_whitespace", "a tab behind it"),
        (f"\t{text}", "secret_whitespace", "a tab before it"),
        (f"{text}\0", "secret_whitespace", "a zero byte behind it"),
    ):
        yield _key(changed, code, f"it was signed with the secret and {words}", _SIGNER)
    for mark in "\"'":
        message = "it was signed with the secret and quotes around it"
        yield _key(f"{mark}{text}{mark}", "secret_quotes", message, _SIGNER)


def _decoded(text: str, where: str, prefix: str) -> Iterator[Key]:
    """What is decoded by mistake, or encoded."""
    own = f"{_SIGNER.partition(':')[0]}{f', {prefix!r} included' if prefix else ''}"
    if _HEX.fullmatch(text):
        message = f"the secret{where} was decoded as hexadecimal before it was used"
        yield Key(bytes.fromhex(text), Cause("secret_decoded", message, own))
    raw = from_base64(text)
    if raw is not None and len(text) >= 8:
        message = f"the secret{where} was decoded as base64 before it was used"
        yield Key(raw, Cause("secret_decoded", message, own))
    data = text.encode("utf-8", "surrogateescape")
    for encoded, name in ((data.hex(), "hexadecimal"), (base64.b64encode(data).decode(), "base64")):
        message = f"it was signed with the secret{where} encoded in {name}"
        yield _key(encoded, "secret_encoded", message, own)
    message = f"it was signed with the secret{where} percent-encoded"
    yield _key(quote(data, safe=""), "secret_encoded", message, own)


def _key(text: str, code: str, message: str, fix: str) -> Key:
    return Key(text.encode("utf-8", "surrogateescape"), Cause(code, message, fix))
