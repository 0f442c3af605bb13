"""Signing, as the contract says: the secret, what its HMAC covers, and deliveries made with it."""

import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from gooclaim_cli.wire.delivery import (
    EVENT_HEADER,
    IDEMPOTENCY_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Delivery,
)


class SignedContent(StrEnum):
    """What the HMAC covers. Not published: a setting (`GOOCLAIM_SIGNED_CONTENT`)."""

    BODY = "body"
    TIMESTAMP_BODY = "timestamp.body"


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A signing secret as given: no prefix removed, nothing decoded. Never shown by repr."""

    value: str
    _keyed: hmac.HMAC = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.value:
            raise ValueError("a signing secret cannot be empty")
        try:
            key = self.key
        except UnicodeEncodeError:
            raise ValueError("a signing secret must be text that UTF-8 can hold") from None
        object.__setattr__(self, "_keyed", hmac.new(key, digestmod="sha256"))

    def digest(self, content: bytes) -> bytes:
        """HMAC-SHA256 of the content, 32 bytes. The key is prepared once, not at each call."""
        keyed = self._keyed.copy()
        keyed.update(content)
        return keyed.digest()

    @property
    def key(self) -> bytes:
        """The HMAC's key: the secret's UTF-8 bytes."""
        return self.value.encode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return "SigningSecret(…)"


def sign(
    body: bytes,
    secret: SigningSecret,
    *,
    timestamp: int,
    signed_content: SignedContent = SignedContent.BODY,
) -> str:
    """Return the value of X-Gooclaim-Signature: 64 lower-case hex digits."""
    return digest(body, secret, str(timestamp), signed_content).hex()


def sign_delivery(
    body: bytes,
    secret: SigningSecret,
    *,
    event_type: str,
    idempotency_key: str,
    timestamp: int,
    signed_content: SignedContent = SignedContent.BODY,
) -> Delivery:
    """Build the delivery that Gooclaim would send for this body at this time (UNIX seconds)."""
    signature = sign(body, secret, timestamp=timestamp, signed_content=signed_content)
    return Delivery(
        (
            ("Content-Type", "application/json"),
            (EVENT_HEADER, event_type),
            (SIGNATURE_HEADER, signature),
            (TIMESTAMP_HEADER, str(timestamp)),
            (IDEMPOTENCY_KEY_HEADER, idempotency_key),
        ),
        body,
    )


def digest(body: bytes, secret: SigningSecret, timestamp: str, content: SignedContent) -> bytes:
    """Return the HMAC of a delivery, 32 bytes; `timestamp` as its header has it."""
    signed = body if content is SignedContent.BODY else b"%b.%b" % (timestamp.encode(), body)
    return secret.digest(signed)
