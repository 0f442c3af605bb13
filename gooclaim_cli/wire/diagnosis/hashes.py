"""Other ways from a key and a message to a digest: HMAC with another hash, a hash without HMAC."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

import msgspec

from gooclaim_cli.wire.diagnosis.causes import Cause

Digest = Callable[[bytes, bytes], bytes]


class Hash(msgspec.Struct, frozen=True, gc=False):
    """A way to make a digest of `size` bytes; the cause is None for HMAC-SHA256."""

    size: int
    digest: Digest
    cause: Cause | None = None


def _hmac(name: str) -> Digest:
    return lambda key, message: hmac.digest(key, message, name)


def _cause(what: str) -> Cause:
    return Cause(
        "hash_other",
        f"the signature is {what}, not HMAC-SHA256",
        "let the signer use HMAC-SHA256, keyed with the secret: nothing else is accepted",
    )


EXPECTED: Final = Hash(32, _hmac("sha256"))
_OTHERS: Final = (
    ("sha1", "HMAC-SHA1", 20),
    ("sha512", "HMAC-SHA512", 64),
    ("sha384", "HMAC-SHA384", 48),
    ("sha224", "HMAC-SHA224", 28),
    ("md5", "HMAC-MD5", 16),
    ("sha3_256", "HMAC-SHA3-256", 32),
    ("blake2s", "HMAC-BLAKE2s", 32),
)
_PLAIN: Final = (
    ("a plain SHA-256 of the body, without the secret", lambda _key, message: (message,)),
    ("a plain SHA-256 of secret and body", lambda key, message: (key, message)),
    ("a plain SHA-256 of body and secret", lambda key, message: (message, key)),
    ("an HMAC-SHA256 with key and message exchanged", None),
)


def _plain(parts: Callable[[bytes, bytes], tuple[bytes, ...]] | None) -> Digest:
    if parts is None:
        return lambda key, message: hmac.digest(message, key, "sha256")

    def digest(key: bytes, message: bytes) -> bytes:
        found = hashlib.sha256()
        for part in parts(key, message):
            found.update(part)
        return found.digest()

    return digest


def variants(sizes: frozenset[int]) -> list[Hash]:
    """The ways that give a digest of one of these sizes, the expected one first where it does."""
    found = [EXPECTED] if 32 in sizes else []
    found += [
        Hash(size, _hmac(name), _cause(words))
        for name, words, size in _OTHERS
        if size in sizes and name in hashlib.algorithms_available
    ]
    if 32 in sizes:
        found += [Hash(32, _plain(parts), _cause(words)) for words, parts in _PLAIN]
    return found
