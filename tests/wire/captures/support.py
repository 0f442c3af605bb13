"""One delivery in each format, written here as the formats' makers write it."""

import base64
import gzip
import json
import shlex
from collections.abc import Callable
from typing import Any, Final

from gooclaim_cli.wire import Delivery
from gooclaim_cli.wire.captures import Capture, Unreadable, read

from ..samples import envelope, signed

_DATA: Final = {"note": '₹ "1" \\ it\'s 100% <a>\t', "n": 1, "more": "नमस्ते 🔑"}
BODY: Final = json.dumps(
    json.loads(envelope(data=_DATA)), ensure_ascii=False, separators=(",", ":")
).encode()
DELIVERY: Final = signed(BODY)
HEADERS: Final = [list(each) for each in DELIVERY.headers]
BY_NAME: Final = dict(DELIVERY.headers)
AT: Final = 1_779_272_066.25
AT_TEXT: Final = "2026-05-20T10:14:26.250Z"


def in_history() -> dict[str, Any]:
    return {"kind": "delivery", "at": AT_TEXT, "headers": HEADERS, "body": BODY.decode()}


def in_history_as_base64() -> dict[str, Any]:
    members = {name: value for name, value in in_history().items() if name != "body"}
    return {**members, "body_base64": base64.b64encode(BODY).decode()}


def in_har() -> dict[str, Any]:
    request = {
        "method": "POST",
        "url": "https://a.test/hooks",
        "headers": [{"name": name, "value": value} for name, value in HEADERS],
        "postData": {"mimeType": "application/json", "text": BODY.decode()},
    }
    page = {"request": {"method": "GET", "headers": []}, "startedDateTime": AT_TEXT}
    entry = {"startedDateTime": AT_TEXT, "request": request, "response": {"status": 200}}
    return {"log": {"version": "1.2", "entries": [page, entry]}}


def in_ngrok() -> dict[str, Any]:
    raw = base64.b64encode(http_request()).decode()
    one = {"id": "a", "start": "2026-05-20T12:14:26.25+02:00", "request": {"raw": raw}}
    return {"uri": "/api/requests/http", "requests": [one]}


def in_smee() -> dict[str, Any]:
    lower = {name.lower(): value for name, value in HEADERS}
    return {**lower, "body": json.loads(BODY), "query": {}, "timestamp": int(AT * 1000)}


def in_webhook_site() -> dict[str, Any]:
    one = {
        "uuid": "u",
        "method": "POST",
        "content": BODY.decode(),
        "headers": {name.lower(): [value] for name, value in HEADERS},
        "created_at": "2026-05-20 10:14:26.25",
    }
    return {"data": [{**one, "method": "GET"}, one], "total": 2}


def in_api_gateway_v1() -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "headers": BY_NAME,
        "multiValueHeaders": {name: [value] for name, value in HEADERS},
        "requestContext": {"requestTimeEpoch": int(AT * 1000)},
        "body": BODY.decode(),
        "isBase64Encoded": False,
    }


def in_api_gateway_v2() -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/hooks",
        "headers": {name.lower(): value for name, value in HEADERS},
        "requestContext": {"http": {"method": "POST"}, "timeEpoch": int(AT * 1000)},
        "body": base64.b64encode(BODY).decode(),
        "isBase64Encoded": True,
    }


def in_a_log() -> bytes:
    logged = json.dumps({"headers": BY_NAME, "body": BODY.decode()})
    return (
        "START RequestId: 1 Version: $LATEST\n"
        f"{AT_TEXT}\t1-2\tINFO\tgot {{it}} {logged}\n"
        "END RequestId: 1\n"
    ).encode()


def in_cloudwatch() -> dict[str, Any]:
    message = json.dumps({"headers": BY_NAME, "body": BODY.decode()})
    noise = {"timestamp": 1, "message": "START RequestId {1}"}
    return {"events": [noise, {"timestamp": int(AT * 1000), "message": f"INFO {message}"}]}


def nested() -> dict[str, Any]:
    request = {"headers": BY_NAME, "rawBody": BODY.decode()}
    return {"level": 30, "time": int(AT * 1000), "req": {"more": request}}


def http_request(*, end: bytes = b"\r\n", chunked: bool = False, body: bytes = BODY) -> bytes:
    lines = [b"POST /hooks HTTP/1.1", b"Host: a.test"]
    lines += [f"{name}: {value}".encode() for name, value in HEADERS]
    if chunked:
        pieces = [body[:7], body[7:30], body[30:]]
        framed = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"
        return end.join([*lines, b"Transfer-Encoding: chunked", b"", framed])
    return end.join([*lines, b"Content-Length: %d" % len(body), b"", body])


def curl_command() -> bytes:
    parts = ["curl", "'https://a.test/hooks'", "-sS", "-X", "POST"]
    for name, value in HEADERS:
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    return " ".join([*parts, "--data-raw", shlex.quote(BODY.decode())]).encode()


def curl_from_a_browser() -> bytes:
    """As Chrome copies for bash: `$'…'` where there is more than ASCII or a quote."""
    escaped = BODY.decode().replace("\\", "\\\\").replace("'", "\\'").replace("!", "\\u0021")
    utf16 = "".join(
        each if each.isascii() else "".join(f"\\u{unit:04x}" for unit in _units(each))
        for each in escaped
    )
    lines = ["curl 'https://a.test/hooks'"]
    lines += [f"  -H '{name}: {value}'" for name, value in HEADERS]
    return " \\\n".join([*lines, f"  --data-raw $'{utf16}' \\\n  --compressed"]).encode()


def curl_for_windows() -> bytes:
    """As Chrome copies for cmd."""

    def quoted(text: str) -> str:
        inner = text.replace("\\", "\\\\").replace('"', '\\"')
        return '^"' + "".join(each if each.isalnum() else f"^{each}" for each in inner) + '^"'

    lines = ["curl " + quoted("https://a.test/hooks")]
    lines += [f"  -H {quoted(f'{name}: {value}')}" for name, value in HEADERS]
    return " ^\r\n".join([*lines, f"  --data-raw {quoted(BODY.decode())}"]).encode()


def curl_for_windows_by_hand() -> bytes:
    """As people write it for cmd: carets at the ends of lines alone."""
    lines = ['curl "https://a.test/hooks"']
    lines += [f'  -H "{name}: {value}"' for name, value in HEADERS]
    body = BODY.decode().replace("\\", "\\\\").replace('"', '\\"')
    return " ^\r\n".join([*lines, f'  --data-raw "{body}"']).encode()


def curl_trace() -> bytes:
    head, _, body = http_request().partition(b"\r\n\r\n")
    parts = ["== Info:   Trying 127.0.0.1:3000..."]
    for name, data in (("header", head + b"\r\n\r\n"), ("data", body)):
        parts.append(f"=> Send {name}, {len(data)} bytes ({len(data):#x})")
        for at in range(0, len(data), 16):
            row = data[at : at + 16]
            shown = "".join(chr(each) if 32 <= each < 127 else "." for each in row)
            parts.append(f"{at:04x}: {row.hex(' ').ljust(47)} {shown}")
    parts += ["<= Recv header, 17 bytes (0x11)", "0000: 48 54 54 50 HTTP"]
    return "\n".join(parts).encode()


def _units(character: str) -> list[int]:
    encoded = character.encode("utf-16-be")
    return [int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2)]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _laid_out(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "history": lambda: _json(in_history()),
    "history in base64": lambda: _json(in_history_as_base64()) + b"\n",
    "history shown": lambda: _laid_out(in_history()),
    "history as a list": lambda: _json([in_history()]),
    "history compressed": lambda: gzip.compress(_json(in_history()), mtime=0),
    "history in UTF-16": lambda: _json(in_history()).decode().encode("utf-16"),
    "history after a mark": lambda: b"\xef\xbb\xbf" + _json(in_history()),
    "http": http_request,
    "http with LF": lambda: http_request(end=b"\n"),
    "http in chunks": lambda: http_request(chunked=True),
    "http and its answer": lambda: http_request() + b"\r\nHTTP/1.1 200 OK\r\n\r\nfine\r\n",
    "har": lambda: _laid_out(in_har()),
    "har on one line": lambda: _json(in_har()),
    "curl": curl_command,
    "curl from a browser": curl_from_a_browser,
    "curl for Windows": curl_for_windows,
    "curl for Windows, by hand": curl_for_windows_by_hand,
    "curl --trace": curl_trace,
    "ngrok": lambda: _laid_out(in_ngrok()),
    "ngrok, one": lambda: _json(in_ngrok()["requests"][0]),
    "smee": lambda: _json(in_smee()),
    "smee's stream": lambda: b"event: ping\n\nid: 1\ndata: " + _json(in_smee()) + b"\n\n",
    "webhook.site": lambda: _laid_out(in_webhook_site()),
    "webhook.site, one": lambda: _json(in_webhook_site()["data"][1]),
    "api gateway 1": lambda: _json(in_api_gateway_v1()),
    "api gateway 2": lambda: _laid_out(in_api_gateway_v2()),
    "a log": in_a_log,
    "cloudwatch": lambda: _laid_out(in_cloudwatch()),
    "json": lambda: _json(nested()),
}


def read_bytes(data: bytes, *, piece: int = 0) -> list[Capture | Unreadable]:
    """Read a file that comes in pieces of this size, or at once."""
    size = piece or max(1, len(data))
    return list(read("file", [data[at : at + size] for at in range(0, len(data), size)]))


def only_delivery(data: bytes) -> Delivery:
    """The one delivery of a file."""
    (found,) = read_bytes(data)
    assert isinstance(found, Capture), found
    return found.delivery
