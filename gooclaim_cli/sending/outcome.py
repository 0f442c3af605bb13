"""Outcome: what became of one request to an endpoint. Pure."""

from enum import StrEnum

import msgspec


class SendFailure(StrEnum):
    """Why there is no whole answer. The codes are part of the machine output: stable."""

    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_FAILED = "connection_failed"
    CONNECTION_RESET = "connection_reset"
    NAME_NOT_FOUND = "name_not_found"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"
    ANSWER_MALFORMED = "answer_malformed"
    ANSWER_TRUNCATED = "answer_truncated"
    REQUEST_INVALID = "request_invalid"


class Outcome(msgspec.Struct, frozen=True):
    """An endpoint's answer, or why there is none.

    `status` is there once a status line came, even if the answer broke off later (`failure` then
    says so). `ms` runs from the start of the request to its end. `body` is cut at the sender's
    limit, which `cut` tells; the connection is then closed.
    """

    status: int | None
    ms: float
    failure: SendFailure | None = None
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut: bool = False

    @property
    def succeeded(self) -> bool:
        """Gooclaim's rule: a 2xx and nothing else (the deadline is the caller's to judge)."""
        return self.failure is None and self.status is not None and 200 <= self.status < 300
