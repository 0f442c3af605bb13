"""Checking a request that is whole: what arrived, and whether it may be processed."""

from collections.abc import Callable, Sequence
from random import Random

from gooclaim_cli.history.ledger import Arrival
from gooclaim_cli.receiver.options import ReceiverOptions
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import (
    IDEMPOTENCY_KEY_HEADER,
    Delivery,
    Finding,
    Reason,
    SigningSecret,
    Verdict,
    verify,
)

RawHeaders = Sequence[tuple[bytes, bytes]]


class Checker:
    """Verifies requests, and names each. `secrets` are asked for at each."""

    def __init__(
        self,
        options: ReceiverOptions,
        *,
        secrets: Callable[[], Sequence[SigningSecret]],
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._options = options
        self._secrets = secrets
        self._clock = clock
        self._random = random

    def check(self, headers: RawHeaders, body: bytes) -> Arrival:
        """Verify a request."""
        delivery = Delivery.from_raw(headers, body)
        now = self._clock()
        verdict = verify(
            delivery,
            self._secrets(),
            now=now,
            tolerance=self._options.tolerance,
            signed_content=self._options.signed_content,
            tenant_id=self._options.tenant_id,
        )
        return self._arrival(delivery, verdict, now, len(body))

    def too_large(self, headers: RawHeaders, size: int) -> Arrival:
        """What stands for a request whose body, of so many bytes at least, was not read."""
        detail = f"the body has more than {self._options.max_body} bytes"
        verdict = Verdict((Finding(Reason.BODY_TOO_LARGE, detail),), None, None)
        return self._arrival(Delivery.from_raw(headers, b""), verdict, self._clock(), size)

    def _arrival(self, delivery: Delivery, verdict: Verdict, now: float, size: int) -> Arrival:
        return Arrival(
            delivery_id=f"dlv_{new_ulid(now, self._random)}",
            received_at=now,
            delivery=delivery,
            verdict=verdict,
            idempotency_key=delivery.value(IDEMPOTENCY_KEY_HEADER),
            size=size,
        )
