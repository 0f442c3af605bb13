"""gooclaim_cli.wire.captures: one delivery comes out of every format as it went in."""

import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gooclaim_cli.wire import Delivery, verify
from gooclaim_cli.wire.captures import Capture, CaptureError, Unreadable, read, streams

from ..samples import NOW, SECRET
from . import support
from .support import AT, BODY, DELIVERY, FILES, http_request, only_delivery, read_bytes

TIMELESS = ("http", "curl")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("piece", [0, 1, 777])
def test_a_delivery_comes_out_as_it_went_in(name: str, piece: int) -> None:
    (found,) = read_bytes(FILES[name](), piece=piece)
    assert isinstance(found, Capture), found
    assert found.body == BODY
    assert verify(found.delivery, [SECRET], now=NOW).ok
    lower = {(header.lower(), value) for header, value in DELIVERY.headers}
    assert lower <= {(header.lower(), value) for header, value in found.headers}
    assert found.received_at == (None if name.startswith(TIMELESS) else AT)
    assert found.exact == ("smee" not in name)
    assert found.source.startswith("file")


def many(count: int) -> Iterator[bytes]:
    line = json.dumps(support.in_history()).encode() + b"\n"
    for _ in range(count):
        yield line


def test_lines_are_read_as_they_come_and_say_where_they_stand() -> None:
    """The first capture is there before the second line is asked for."""
    asked: list[int] = []

    def lines() -> Iterator[bytes]:
        for number, line in enumerate(many(3), 1):
            asked.append(number)
            yield line

    found = read("a.jsonl", lines())
    assert next(found).source == "a.jsonl:1"
    assert asked == [1]
    assert [each.source for each in found] == ["a.jsonl:2", "a.jsonl:3"]


def test_a_line_that_cannot_be_read_is_told_among_the_others() -> None:
    (line,) = many(1)
    bad = [b"{", b"[]", b'{"a": 1}', b'{"kind": "delivery", "headers": 5, "body": ""}']
    found = read_bytes(line + b"\n".join(bad) + b"\n\r\n" + line)
    assert [type(each) for each in found] == [Capture, *[Unreadable] * 4, Capture]
    assert [each.source for each in found] == [f"file:{n}" for n in (1, 2, 3, 4, 5, 7)]


def test_several_documents_and_lists_are_counted() -> None:
    (line,) = many(1)
    value = json.loads(line)
    shown = json.dumps(value, indent=2).encode()
    assert [each.source for each in read_bytes(shown + b"\n" + shown)] == ["file#1", "file#2"]
    assert [each.source for each in read_bytes(json.dumps([value] * 2).encode())] == [
        "file:1#1",
        "file:1#2",
    ]
    broken = read_bytes(shown + b"\n{")
    assert [type(each) for each in broken] == [Capture, Unreadable]


def test_several_compressed_members_are_one_file() -> None:
    (line,) = many(1)
    assert (
        len(
            read_bytes(
                gzip.compress(line, mtime=0) + gzip.compress(line, mtime=0) + b"\0" * 8, piece=5
            )
        )
        == 2
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\r\n\t", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "begins with '\\x89PNG"),
        (b"hello\nworld\n", "begins with 'hello"),
        (b"a log { without } a capture\n", "begins with 'a log"),
        (b'{"a": ', "begins with '{"),
        (b'{"headers": ', "begins like JSON"),
        (b"[]", "an empty list"),
        (b"[1]", "begins with '[1]"),
        (b"[[1]]", "a list"),
        (b'{"a": 1}', "no capture, with 'a'"),
        (BODY, "a body without its headers"),
        (b'{"kind": "delivery", "bytes": 1}', "without their bodies"),
        (b'{"log": {"entries": []}}', "no delivery in it"),
        (b"GET / HTTP/1.1\r\n\r\n", "no POST request"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "no POST request"),
        (b"curl https://a.test", "no headers and no body"),
        (b"curl -d @body.json -H 'A: b' https://a.test", "in the file 'body.json'"),
        (b"curl -H 'A: b", "a quote stays open"),
        (b"curl -F a=b https://a.test", "-F is not read"),
        (b"=> Send header, 9 bytes (0x9)\n0000: POST / HTTP/1.1\n", "--trace-ascii"),
        (b"\x1f\x8b\x08" + b"\xff" * 40, "damaged"),
        (gzip.compress(BODY, mtime=0)[:-9], "ends too early"),
    ],
)
def test_what_is_no_capture_is_refused_with_what_was_seen(data: bytes, words: str) -> None:
    with pytest.raises(CaptureError) as refused:
        read_bytes(data)
    assert words in refused.value.message
    assert refused.value.hint


def test_no_document_is_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "DOCUMENT_LIMIT", 4096)
    rows = b"0000: 61 61 61 61 aaaa\n" * 40
    for start, more in ((b"POST / HTTP/1.1\r\n\r\n", b"a" * 900), (b"=> Send data\n", rows)):
        with pytest.raises(CaptureError, match="in one document"):
            list(read("file", itertools.chain([start], itertools.repeat(more))))


def test_a_file_that_breaks_off_gives_what_came_before() -> None:
    packed = gzip.compress(b"".join(many(3)), mtime=0)[:-4]
    found = read("file", [packed])
    assert [isinstance(next(found), Capture) for _ in range(3)] == [True] * 3
    with pytest.raises(CaptureError, match="ends too early"):
        next(found)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"headers": 5}, "headers: expected an object or a list"),
        ({"headers": {"A": None}}, "headers.A: expected a text"),
        ({"headers": [["A"]]}, "headers[0]: expected a name and a value"),
        ({"body": 5}, "body: expected a text"),
        ({"body": "é", "isBase64Encoded": True}, "body: expected base64"),
    ],
)
def test_a_member_that_is_wrong_is_named(changed: dict[str, Any], problem: str) -> None:
    value = {**support.in_api_gateway_v1(), "multiValueHeaders": None, **changed}
    (found,) = read_bytes(json.dumps(value).encode())
    assert found == Unreadable("file:1", problem)


def test_a_delivery_without_its_body_cannot_be_read() -> None:
    value = {**support.in_history(), "body": None, "body_kept": False}
    (found,) = read_bytes(json.dumps(value).encode())
    assert isinstance(found, Unreadable)
    assert "not kept" in found.problem


def test_headers_that_are_folded_or_repeated_are_kept() -> None:
    request = b"POST / HTTP/1.1\r\nA: b\r\n\tc\r\nA:d\r\n\r\nbody"
    assert only_delivery(request) == Delivery((("A", "b c"), ("A", "d")), b"body")


def test_requests_that_follow_one_another_are_parted_where_they_say_they_end() -> None:
    inner = b"\nPOST /inner HTTP/1.1\n"
    found = read_bytes(http_request(body=inner) + b"\r\n\r\n" + http_request() + b"\n")
    assert [each.body for each in found if isinstance(each, Capture)] == [inner, BODY]
    assert [each.source for each in found] == ["file#1", "file#2"]


@pytest.mark.parametrize("more", [b"tail", b"\n}"])
def test_more_than_was_announced_is_kept(more: bytes) -> None:
    assert only_delivery(http_request() + more).body == BODY + more


def test_chunks_that_a_proxy_undid_are_left_alone() -> None:
    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}"
    assert only_delivery(request).body == b"{}"
    (broken,) = read_bytes(request[:-2] + b"2\r\n{}\r\nnot a size\r\n")
    assert isinstance(broken, Unreadable)
    assert "chunks end at byte 7" in broken.problem


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (b"curl -d a -d b https://x", b"a&b"),
        (b'curl --data-binary "a\\"b\\\\c" https://x', b'a"b\\c'),
        (b"curl -sSXPOST -da https://x && echo done -d b", b"a"),
        (b"curl --data=a\\ b https://x | jq -d .", b"a b"),
        (
            b"$ curl https://x \\\n  -d $'\\xe2\\x82\\xb9\\n\\101'\ncurl -d b https://x",
            b"\xe2\x82\xb9\nA",
        ),
        (b"curl --data-raw @home https://x", b"@home"),
    ],
)
def test_what_a_shell_would_make_of_a_curl_command(command: bytes, body: bytes) -> None:
    assert only_delivery(command).body == body


def test_a_log_passes_over_the_requests_of_others() -> None:
    other = b'INFO {"headers": {"A": "b"}, "body": "{}"}\n'
    (found,) = read_bytes(other + support.in_a_log() + other)
    assert found.source == "file:3"
