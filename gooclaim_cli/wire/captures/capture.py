"""Capture: a saved delivery and where it was found. What every format's reader gives back."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from gooclaim_cli.wire.delivery import Delivery


class Format(StrEnum):
    """The formats that are told apart."""

    HISTORY = "history"
    RAW_BODY = "raw_body"
    HTTP = "http"
    CURL = "curl"
    CURL_TRACE = "curl_trace"
    HAR = "har"
    NGROK = "ngrok"
    SMEE = "smee"
    WEBHOOK_SITE = "webhook_site"
    LAMBDA = "lambda"
    LOG = "log"
    JSON = "json"


class Capture(msgspec.Struct, frozen=True, gc=False):
    """A saved delivery.

    `source` names the file, and the line or the number in it (`a.jsonl:7`, `b.har#2`). Headers are
    as in `Delivery`. `received_at` is UNIX seconds, None where the capture does not say. `exact`:
    the body's bytes are those that crossed the wire; some tools keep only what they parsed.
    `verified`: it says that it verified when it was received.
    """

    source: str
    format: Format
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: float | None = None
    exact: bool = True
    verified: bool = False

    @property
    def delivery(self) -> Delivery:
        """The delivery, to be verified or sent again."""
        return Delivery(self.headers, self.body)


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """A record among others that could not be read: where it is, and what is wrong with it."""

    source: str
    problem: str


class CaptureError(ValueError):
    """A file that holds no captures, or not to its end. `hint` is the next thing to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


Records = Iterator[Capture | Unreadable]
