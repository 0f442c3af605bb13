"""Delivery: one signed HTTP request of Gooclaim's, as it crossed the wire."""

from collections.abc import Iterable

import msgspec

EVENT_HEADER = "X-Gooclaim-Event"
SIGNATURE_HEADER = "X-Gooclaim-Signature"
TIMESTAMP_HEADER = "X-Gooclaim-Timestamp"
IDEMPOTENCY_KEY_HEADER = "X-Gooclaim-Idempotency-Key"
# As they are usually spelled, and in lower case, to be found without lowering a name.
_OWN = {
    spelled: name.lower()
    for name in (EVENT_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, IDEMPOTENCY_KEY_HEADER)
    for spelled in (name, name.lower())
}
_OWN_NAMES = frozenset(_OWN.values())


class Delivery(msgspec.Struct, frozen=True):
    """Headers (in order, repeated ones included, latin-1 text) and the body's exact bytes."""

    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def from_raw(cls, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> "Delivery":
        """Take headers as a server gives them: HTTP header bytes are latin-1 (RFC 9110, 5.5)."""
        text = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        return cls(tuple(text), body)

    def by_name(self) -> dict[str, list[str]]:
        """The values of each of Gooclaim's headers, in order, by its name in lower case."""
        named: dict[str, list[str]] = {}
        for name, value in self.headers:
            key = _OWN.get(name) or name.lower()
            if key not in _OWN_NAMES:
                continue
            if key in named:
                named[key].append(value)
            else:
                named[key] = [value]
        return named

    def values(self, name: str) -> list[str]:
        """Every value given for a header, in order; names are compared without case."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def value(self, name: str) -> str | None:
        """A header's value, the first one where there are several; None where there is none."""
        return next(iter(self.values(name)), None)
