"""Trying causes until one makes the signature match: none, each alone, then two together.

A match is proof: no digest of 128 bits or more fits by chance. What is likely comes first. It stops
when it is told to.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from gooclaim_cli.wire.delivery import Delivery
from gooclaim_cli.wire.diagnosis import bodies, contents, hashes, json_forms, keys
from gooclaim_cli.wire.diagnosis.causes import Cause, Causes, Variant, both
from gooclaim_cli.wire.diagnosis.contents import Content
from gooclaim_cli.wire.diagnosis.hashes import Hash
from gooclaim_cli.wire.diagnosis.keys import Key, NamedSecret
from gooclaim_cli.wire.diagnosis.signatures import Readings
from gooclaim_cli.wire.signing import SignedContent, SigningSecret

Stop = Callable[[], bool]
_KEPT: Final = 32 * 1024 * 1024  # bytes of bodies that are kept to be combined
_MOST_KEPT: Final = 1024


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """It was told to stop."""


class Found(msgspec.Struct, frozen=True):
    """The causes that make it match, and the body that was signed."""

    causes: Causes
    body: bytes


class _Body(msgspec.Struct, frozen=True, gc=False):
    data: bytes
    cause: Cause | None = None


class Search:
    """The ways in which a delivery may have been signed. `tried` counts digests."""

    def __init__(
        self,
        delivery: Delivery,
        secrets: Sequence[SigningSecret],
        others: Sequence[NamedSecret],
        signed_content: SignedContent,
        stop: Stop,
    ) -> None:
        self.tried = 0
        self._delivery = delivery
        self._stop = stop
        self._readings = Readings(delivery)
        self._keys = keys.variants(secrets, others)
        self._own = [key for key in self._keys if key.cause is None]
        self._contents = contents.variants(delivery, signed_content)
        self._hashes = hashes.variants(self._readings.sizes or frozenset((32,)))
        self._body = _Body(delivery.body)
        self._bytes: list[_Body] = []
        self._forms: list[_Body] = []
        self._rarer: list[_Body] = []

    @property
    def has_signature(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self._readings)

    def alone(self) -> Found | None:
        """Try no cause but the signature's own, then each likely cause alone. Raises Stopped."""
        first, kind = self._contents[:1], self._hashes[:1]
        return (
            self._try([self._body], self._own, first, kind)
            or self._try([self._body], self._keys, first, kind)
            or self._try([self._body], self._own, self._contents, kind)
            or self._try(self._byte_variants(), self._own, first, kind)
            or self._try(self._json_variants(), self._own, first, kind)
            or self._try([self._body], self._own, first, self._hashes)
        )

    def together(self) -> Found | None:
        """Try two causes together, and rarer ones, the quick ones first. Raises Stopped."""
        first, kind = self._contents[:1], self._hashes[:1]
        known = (*self._bytes, *self._forms)
        return (
            self._try([self._body], self._keys, self._contents, kind)
            or self._try([self._body], self._keys, first, self._hashes)
            or self._try([self._body], self._own, self._contents, self._hashes)
            or self._try(self._bytes, self._keys, first, kind)
            or self._try(self._bytes, self._own, self._contents, kind)
            or self._try(self._forms, self._keys, first, kind)
            or self._try(self._rarer_variants(), self._own, first, kind)
            or self._try(self._forms, self._own, self._contents, kind)
            or self._try(known, self._own, first, self._hashes)
            or self._try(self._pairs(), self._own, first, kind)
            or self._try_twice_changed(first, kind)
            or self._try(self._rarer, self._keys, first, kind)
            or self._try(self._rarer, self._own, self._contents, kind)
            or self._try(self._rarer, self._own, first, self._hashes)
        )

    def _try_twice_changed(self, first: list[Content], kind: list[Hash]) -> Found | None:
        """Try bodies that were changed in two ways: bytes and bytes, bytes and JSON."""
        for change in (bodies.variants, json_forms.variants, _some_rarer):
            for once in self._bytes:
                twice = self._changed(once, change(once.data))
                found = self._try(twice, self._own, first, kind)
                if found is not None:
                    return found
        for once in self._forms:
            twice = self._changed(once, bodies.variants(once.data))
            found = self._try(twice, self._own, first, kind)
            if found is not None:
                return found
        return None

    def _changed(self, once: _Body, variants: Iterator[Variant]) -> Iterator[_Body]:
        for each in variants:
            self._check()
            if each.data != self._body.data and each.data != once.data:
                yield _Body(each.data, both(once.cause, each.cause))

    def _byte_variants(self) -> Iterator[_Body]:
        announced = _announced(self._delivery)
        return self._remembered(bodies.variants(self._body.data, announced), self._bytes)

    def _json_variants(self) -> Iterator[_Body]:
        return self._remembered(json_forms.variants(self._body.data), self._forms)

    def _rarer_variants(self) -> Iterator[_Body]:
        return self._remembered(json_forms.rarer(self._body.data), self._rarer)

    def _pairs(self) -> Iterator[_Body]:
        return self._remembered(json_forms.pairs(self._body.data), [])

    def _remembered(self, variants: Iterator[Variant], kept: list[_Body]) -> Iterator[_Body]:
        """Each body once; kept for the combinations while there is room."""
        seen = {hash(self._body.data)}
        size = 0
        for each in variants:
            self._check()
            if hash(each.data) in seen or not each.data:
                continue
            seen.add(hash(each.data))
            found = _Body(each.data, each.cause)
            size += len(each.data)
            if size <= _KEPT and len(kept) < _MOST_KEPT:
                kept.append(found)
            yield found

    def _try(
        self,
        some_bodies: Iterable[_Body],
        some_keys: list[Key],
        some_contents: list[Content],
        some_hashes: list[Hash],
    ) -> Found | None:
        """Try every combination of these."""
        match = self._readings.match
        for body, content in ((each, around) for each in some_bodies for around in some_contents):
            message = content.before + body.data + content.behind
            for key in some_keys:
                for kind in some_hashes:
                    self._check()
                    self.tried += 1
                    causes = match(kind.digest(key.value, message))
                    if causes is not None:
                        own = (key.cause, content.cause, body.cause, kind.cause)
                        return Found((*causes, *filter(None, own)), body.data)
        return None

    def _check(self) -> None:
        if self._stop():
            raise Stopped


def _some_rarer(body: bytes) -> Iterator[Variant]:
    return itertools.islice(json_forms.rarer(body), _MOST_KEPT)


def _announced(delivery: Delivery) -> int | None:
    value = delivery.value("Content-Length") or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
