"""Whatever bytes come: captures, or our own error, soon."""

import contextlib
import gzip
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gooclaim_cli.wire import verify
from gooclaim_cli.wire.captures import Capture, CaptureError, read_raw_body

from ..samples import NOW, SECRET
from .support import FILES, read_bytes

SOON = 5.0  # seconds, on a machine that does other things too
FAST = settings(deadline=None, max_examples=60)
SEEDS = [make() for make in FILES.values()]
STARTS = [
    b"POST / HTTP/1.1\r\n",
    b"curl ",
    b"== Info: x\n",
    b"=> Send data\n",
    b"{",
    b"[",
    b"\x1f\x8b\x08",
]
STARTS += [b'{"log":{"entries":[', b'{"headers":', b"\xff\xfe", b"2026-05-20T10:14:26Z {"]
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["headers", "body", "x"]) | st.text(max_size=4), inner, max_size=3
        )
    ),
    max_leaves=12,
)
MEMBERS = [
    "kind",
    "headers",
    "body",
    "body_base64",
    "at",
    "log",
    "entries",
    "request",
    "postData",
    "text",
    "requests",
    "uri",
    "raw",
    "start",
    "data",
    "content",
    "uuid",
    "isBase64Encoded",
    "requestContext",
    "multiValueHeaders",
    "httpMethod",
    "events",
    "message",
    "timestamp",
    "@message",
    "payload",
    "X-Gooclaim-Signature",
]


def check(data: bytes) -> None:
    """Read, and verify what comes out."""
    started = time.monotonic()
    with contextlib.suppress(CaptureError):
        for each in read_bytes(data):
            if isinstance(each, Capture):
                verify(each.delivery, [SECRET], now=NOW)
    assert time.monotonic() - started < SOON


@FAST
@given(st.sampled_from([b"", *STARTS]), st.binary(max_size=300))
def test_any_bytes(start: bytes, rest: bytes) -> None:
    check(start + rest)


@FAST
@given(st.sampled_from(SEEDS), st.data())
def test_captures_with_a_few_bytes_changed(seed: bytes, data: st.DataObject) -> None:
    mutated = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated)))
        cut = data.draw(st.integers(0, 40))
        mutated[at : at + cut] = data.draw(st.binary(max_size=6) | st.sampled_from(STARTS))
    check(bytes(mutated))


@FAST
@given(
    st.dictionaries(st.sampled_from(MEMBERS), JSON | st.sampled_from(["delivery", "POST", []])),
    st.sampled_from(MEMBERS),
    st.booleans(),
)
def test_json_of_known_members_and_wrong_values(
    value: dict[str, Any], around: str, packed: bool
) -> None:
    for each in (value, [value], {around: value}, {around: [value, 1]}):
        data = json.dumps(each).encode()
        check(gzip.compress(data, mtime=0) if packed else data)


@FAST
@given(st.binary(min_size=1, max_size=300))
def test_raw_bodies_are_taken_as_they_are(data: bytes) -> None:
    assert read_raw_body("file", [data], ()).body == data


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"log " + b'{"a":' * 200_000,
        b"log " + b"{" * 500_000 + b"\n" + b"{ " * 500_000,
        b"1" * 500_000,
        b'{"at": ' + b"9" * 500_000 + b', "headers": {}, "body": ""}',
        b"\n" * 1_000_000,
        b"curl " + b"'" * 500_001,
        b"curl " + b"\\\n" * 300_000,
        b"curl " + b"$'\\" * 200_000,
        b"POST / HTTP/1.1\n" * 60_000,
        b"POST / HTTP/1.1\nContent-Length: 99999999999999\n\n" * 20_000,
        b"POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n" + b"0001\na\n" * 100_000,
        b"POST / HTTP/1.1\n" + b"A: b\n c\n" * 100_000,
        b"POST / HTTP/1.1\n\n" + b" " * 1_000_000,
        gzip.compress(b"\0" * 50_000_000, mtime=0),
        b'{"headers": {}, "body": ""}' * 20_000,
        b"[" + b'{"headers": {}, "body": ""},' * 20_000 + b"1]",
        b'{"body": "a", "headers": ' + b'{"b": ["c"], "headers": ' * 900 + b"1" + b"}" * 901,
    ],
    ids=lambda data: repr(data[:24]),
)
def test_hostile_files_are_done_with_soon(data: bytes) -> None:
    check(data)
