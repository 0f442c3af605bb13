"""Deliveries as tools of many makers write them: logs and their exports, clients, old shells."""

import json
from typing import Any

import pytest

from gooclaim_cli.wire import verify
from gooclaim_cli.wire.captures import Capture

from ..samples import NOW, SECRET, envelope, signed
from .support import (
    AT,
    AT_TEXT,
    BODY,
    BY_NAME,
    HEADERS,
    in_api_gateway_v2,
    in_history,
    in_webhook_site,
    only_delivery,
    read_bytes,
)

EVENT = json.dumps(in_api_gateway_v2())
LINE = f"{AT_TEXT}\t1-2\tINFO\tgot {EVENT}"
DOUBLED = LINE.replace('"', '""')
NOISE = {"@timestamp": "2026-05-20 10:14:20", "@message": "START RequestId: {1}"}
PAIRS = [{"key": name, "value": value} for name, value in HEADERS]
TEXT = BODY.decode()


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in values)


SHAPES: dict[str, bytes] = {
    "CloudWatch, CSV": f'timestamp,message\n1,"START {{1}}\n"\n2,"{DOUBLED}\n"\n'.encode(),
    "Insights, a list": lines([NOISE, {"@timestamp": AT_TEXT, "@message": LINE}, NOISE]),
    "Insights, the API's": lines(
        {"results": [[{"field": "@ptr", "value": "{"}, {"field": "@message", "value": LINE}]]}
    ),
    "a subscription": lines({"logEvents": [{"id": "1", "timestamp": AT * 1000, "message": LINE}]}),
    "Lambda's JSON": lines(
        {"time": AT_TEXT, "type": "platform.start", "record": {"requestId": "1"}},
        {"timestamp": AT_TEXT, "level": "INFO", "message": in_api_gateway_v2()},
    ),
    "Docker": lines(
        {"log": "listening\n", "stream": "stdout", "time": AT_TEXT},
        {"log": f"got {EVENT}\n", "stream": "stdout", "time": AT_TEXT},
    ),
    "Loki, lines": lines({"labels": {}, "line": f"got {EVENT}", "timestamp": AT_TEXT}),
    "Loki, a list": lines([{"line": f"got {EVENT}", "timestamp": "1779272066250000000"}]),
    "Loki, the API's": lines(
        {"data": {"result": [{"stream": {}, "values": [["1779272066250000000", LINE]]}]}}
    ),
    "Datadog": lines({"data": [{"attributes": {"timestamp": AT_TEXT, "message": LINE}}]}),
    "Datadog, parsed": lines(
        {
            "data": [
                {
                    "attributes": {
                        "timestamp": AT_TEXT,
                        "attributes": {"http": {"headers": BY_NAME, "body": TEXT}},
                    }
                }
            ]
        }
    ),
    "Elastic": lines({"hits": {"hits": [{"_source": {"@timestamp": AT_TEXT, "message": LINE}}]}}),
    "zap": lines({"level": "info", "msg": "up"}, {"ts": AT, "headers": BY_NAME, "body": TEXT}),
    "laid out": json.dumps({"level": 30, "msg": "up"}, indent=2).encode()
    + json.dumps({"time": AT, "headers": BY_NAME, "body": TEXT}, indent=2).encode(),
    "logfmt": f'time="{AT_TEXT}" level=info msg={json.dumps(EVENT)}\n'.encode(),
    "Postman": lines(
        {"item": [{"request": {"header": PAIRS, "body": {"mode": "raw", "raw": TEXT}}}]}
    ),
    "Insomnia": lines(
        {"resources": [{"headers": PAIRS, "body": {"mimeType": "application/json", "text": TEXT}}]}
    ),
    "Bruno": lines(
        {
            "items": [
                {"request": {"headers": PAIRS, "body": {"mode": "json", "json": TEXT, "text": "x"}}}
            ]
        }
    ),
    "webhook.site, a list": lines(in_webhook_site()["data"]),
}
TIMELESS = ("Postman", "Insomnia", "Bruno")


@pytest.mark.parametrize("name", SHAPES)
def test_a_delivery_is_found_in_what_a_tool_writes(name: str) -> None:
    (found,) = read_bytes(SHAPES[name])
    assert isinstance(found, Capture), found
    assert found.body == BODY
    assert verify(found.delivery, [SECRET], now=NOW).ok
    assert found.received_at == (None if name in TIMELESS else AT)
    assert found.exact


@pytest.mark.parametrize("first", [0, 1])
def test_only_the_records_of_a_log_are_passed_over(first: int) -> None:
    """In lines and in lists: another object, or a capture that is broken, is told."""
    others: list[Any] = [{"level": "info", "msg": "up"}, in_history(), {"a": 1}, {"msg": "{"}]
    for data in (lines(*others[first:]), lines(others[first:])):
        found = [each.source[-1] for each in read_bytes(data)]
        assert found == [str(2 - first), str(3 - first)]


def curl_for_windows(text: str) -> bytes:
    """As browsers copied for cmd until 2023, and as people write it."""
    doubled = text.replace("\\", "\\\\").replace('"', '""').replace("%", '"%"')
    return f'curl "https://a.test/?a=""b""" --data-raw "{doubled}"'.encode()


@pytest.mark.parametrize("text", [TEXT, '{"a":"","b":"%"}', '[{"a%b":"\\\\"}]'])
def test_quotes_that_are_doubled_for_windows(text: str) -> None:
    assert only_delivery(curl_for_windows(text)).body == text.encode()
    laid_out = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    copied = curl_for_windows(laid_out).replace(b"\n", b'"^\r\n\r\n"')
    assert only_delivery(copied).body == laid_out.replace("\n", "\r\n").encode()


def test_bytes_that_are_not_utf_8_come_out_of_a_command_as_they_were() -> None:
    command = b"curl https://a.test -d'\xe9' -d \"\xff\" -d $'\\xe9\\ud83d\\ude00\\ud83d\xfe'"
    assert only_delivery(command).body == b"\xe9&\xff&\xe9\xf0\x9f\x98\x80\xed\xa0\xbd\xfe"


def test_a_log_that_only_talks_of_deliveries_has_none() -> None:
    body = envelope()
    value = {"level": "info", "msg": f"no x-gooclaim-signature {{ in {body.decode()}"}
    told = lines(value) + lines({"headers": dict(signed(body).headers), "body": body.decode()})
    (found,) = read_bytes(told)
    assert found.source == "file:2"
