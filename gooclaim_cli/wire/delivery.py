"""Delivery: one signed HTTP request of Gooclaim's, as it crossed the wire."""

from collections.abc import Iterable

import msgspec

EVENT_HEADER = "X-Gooclaim-Event"
SIGNATURE_HEADER = "X-Gooclaim-Signature"
TIMESTAMP_HEADER = "X-Gooclaim-Timestamp"
IDEMPOTENCY_KEY_HEADER = "X-Gooclaim-Idempotency-Key"


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
        """Every header's values, in order, by its name in lower case."""
        named: dict[str, list[str]] = {}
        for name, value in self.headers:
            named.setdefault(name.lower(), []).append(value)
        return named

    def values(self, name: str) -> list[str]:
        """Every value given for a header, in order; names are compared without case."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def value(self, name: str) -> str | None:
        """A header's value, the first one where there are several; None where there is none."""
        return next(iter(self.values(name)), None)
