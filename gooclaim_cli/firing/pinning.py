"""Writes a test that pins a recorded event: its body as a file, a signer, the expected answer.

The test needs nothing but pytest and the standard library. Pure: text out.
"""

import json
import re
from dataclasses import dataclass
from string import Template
from typing import Final

from gooclaim_cli.firing.disguise import Disguise
from gooclaim_cli.firing.replays import Original, sample_of
from gooclaim_cli.wire import SignedContent

_LONGEST_ANSWER: Final = 1024
_SIGNED: Final = {
    SignedContent.BODY: "BODY",
    SignedContent.TIMESTAMP_BODY: 'f"{timestamp}.".encode() + BODY',
}
_TEST: Final = Template(
    '''"""Pins what the handler answers to a $event_type event.

Start the handler, then run pytest with GOOCLAIM_SIGNING_SECRET set to the secret that it has.
HANDLER_URL says where it is, if it is not where it was.
"""

import hashlib
import hmac
import os
import time
import uuid
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

HANDLER = os.environ.get("HANDLER_URL", $url)
BODY = Path(__file__).with_name($body_name).read_bytes()


def signed_headers():
    """Sign as Gooclaim does, now. A new key each time: a handler takes one only once."""
    secret = os.environ.get("GOOCLAIM_SIGNING_SECRET", "")
    assert secret, "set GOOCLAIM_SIGNING_SECRET to the secret that the handler has"
    timestamp = str(int(time.time()))
    signed = $signed
    return {
        "Content-Type": "application/json",
        "X-Gooclaim-Event": $event_type_text,
        "X-Gooclaim-Signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
        "X-Gooclaim-Timestamp": timestamp,
        "X-Gooclaim-Idempotency-Key": f"idem_{uuid.uuid4().hex}",
    }


def test_$name():
    where = urlsplit(HANDLER)
    connect = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = connect(where.hostname, where.port, timeout=5)
    target = f"{where.path or '/'}?{where.query}" if where.query else where.path or "/"
    connection.request("POST", target, BODY, signed_headers())
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status $status, body
'''
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A test and the body that it sends, with the names of their files."""

    test_name: str
    test: str
    body_name: str
    body: bytes


def pin(
    original: Original,
    *,
    url: str,
    signed_content: SignedContent,
    disguise: Disguise,
    keep_data: bool,
) -> Pin:
    """Make a test of an original, disguised unless its data is to be kept.

    Raises GooclaimError where a disguise cannot tell what is in the body.
    """
    sample = sample_of(original)
    body, event_id = original.delivery.body, sample.event_id or sample.idempotency_key
    if not keep_data:
        body, event_id = disguise.body(body), disguise.text(event_id)
    name = re.sub(r"[^a-z0-9]+", "_", f"{sample.event_type}_{event_id[-8:]}".lower()).strip("_")
    test = _TEST.substitute(
        event_type=re.sub(r"[^\w.-]", "?", sample.event_type),
        event_type_text=_literal(sample.event_type),
        url=_literal(url),
        body_name=_literal(f"{name}.json"),
        signed=_SIGNED[signed_content],
        name=name,
        status=_status(original),
    )
    test += _expected_body(original, disguise)
    return Pin(test_name=f"test_{name}.py", test=test, body_name=f"{name}.json", body=body)


def _literal(text: str) -> str:
    """Text as Python source."""
    return json.dumps(text) if text.isascii() else ascii(text)


def _status(original: Original) -> str:
    """The recorded status where it was right; else what is right."""
    answer = original.answer
    if answer is not None and answer.status in range(200, 300):
        return f"== {answer.status}"
    return "in range(200, 300)"


def _expected_body(original: Original, disguise: Disguise) -> str:
    """The recorded answer's body where it says the same each time: no ids, no times, no people."""
    answer = original.answer
    if answer is None or answer.status not in range(200, 300) or answer.body is None:
        return ""
    steady = len(answer.body) <= _LONGEST_ANSWER and disguise.leaves(answer.body)
    return f"    assert body == {answer.body!r}\n" if steady or not answer.body else ""
