"""Makes the corpus: `python -m tests.corpus.make`, with openssl, node, curl, jq and coreutils.

Every way of going wrong is there as a raw HTTP request; each other format has the good one and its
share of the bad ones. `expected.jsonl` says what is to come of each file.
"""

import base64
import gzip
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import programs
from .programs import Headers
from .ways import MISMATCH, RECEIVED_AT, Way, body_ways, other_ways, signature_ways

HERE = Path(__file__).parent
FILES = HERE / "captures"
AT = (
    datetime.fromtimestamp(RECEIVED_AT, UTC)
    .isoformat(timespec="milliseconds")
    .replace("+00:00", "Z")
)
WAYS_OF_A_FORMAT = 8
Write = Callable[[Headers, bytes], bytes]


def history(headers: Headers, body: bytes) -> bytes:
    """A line of our own export."""
    return _line(headers, body=body.decode())


def history_base64(headers: Headers, body: bytes) -> bytes:
    return _line(headers, body_base64=base64.b64encode(body).decode())


def history_gz(headers: Headers, body: bytes) -> bytes:
    return gzip.compress(history(headers, body), mtime=0)


def _line(headers: Headers, **body: str) -> bytes:
    value = {"kind": "delivery", "at": AT, "headers": headers, **body}
    return json.dumps(value).encode() + b"\n"


def with_lf(headers: Headers, body: bytes) -> bytes:
    """A dump whose line ends became LF."""
    head, _, content = programs.by_http_client(headers, body).partition(b"\r\n\r\n")
    return head.replace(b"\r\n", b"\n") + b"\n\n" + content


def js(name: str) -> Write:
    return lambda headers, body: programs.by_formats_js(name, headers, body, RECEIVED_AT)


# name → how it is written, the name's ending, what it can hold: bytes, text, or what was parsed.
FORMATS: dict[str, tuple[Write, str, str]] = {
    "http_lf": (with_lf, "txt", "bytes"),
    "http_chunked": (programs.by_node, "http", "bytes"),
    "curl_trace": (programs.by_curl, "trace", "bytes"),
    "history": (history, "jsonl", "text"),
    "history_base64": (history_base64, "jsonl", "bytes"),
    "history_gz": (history_gz, "jsonl.gz", "text"),
    "raw_body": (lambda _headers, body: body, "json", "raw"),
    **{
        name: (js(name), ending, holds)
        for name, ending, holds in (
            ("har", "har", "text"),
            ("curl_bash", "sh", "text"),
            ("curl_cmd", "bat", "text"),
            ("curl_plain", "sh", "text"),
            ("ngrok", "json", "bytes"),
            ("smee", "json", "parsed"),
            ("webhook_site", "json", "text"),
            ("lambda_v1", "json", "text"),
            ("lambda_v2", "json", "bytes"),
            ("log", "log", "text"),
            ("cloudwatch", "json", "text"),
            ("json_log", "log", "text"),
        )
    },
}
ONE_VALUE = ("smee", "lambda_v2", "log", "cloudwatch", "json_log")  # of each header
LOSSY = {"curl_cmd": ("crlf",), "curl_bash": ()}


def fits(way: Way, name: str, holds: str) -> bool:
    """Whether a format can hold what the way needs."""
    if way.folded or way.name in LOSSY.get(name, ()):
        return False
    if way.name == "doubled" and name in ONE_VALUE:
        return False
    if holds == "raw":
        return way.name not in ("no_key", "no_timestamp", "no_signature")
    return {"bytes": True, "text": way.text, "parsed": way.parsed}[holds]


def cases() -> Iterator[tuple[str, str, Way, Write, str]]:
    """Each file's format and ending, the way, how it is written, and who signs."""
    signers = itertools.cycle(("openssl", "node"))
    every = [*signature_ways(), *body_ways(), *other_ways()]
    for way in every:
        yield "http", "http", way, programs.by_http_client, next(signers)
    turns = itertools.cycle(every[1:])
    for name, (write, ending, holds) in FORMATS.items():
        share = [every[0]]
        possible = sum(fits(way, name, holds) for way in every)
        while len(share) < min(WAYS_OF_A_FORMAT, possible):
            way = next(turns)
            if way not in share and fits(way, name, holds):
                share.append(way)
        for way in share:
            yield name, ending, way, write, next(signers)


def reasons(way: Way) -> list[str]:
    """The codes in the order in which they are found: what became of the body comes last."""
    found = list(way.reasons)
    if way.reasons in (MISMATCH, ("signature_malformed",)) and not is_json(way.body):
        found.append("body_not_json")
    if way.reasons == MISMATCH and way.name == "json_in_json":
        found.append("envelope_invalid")
    return found


def is_json(body: bytes) -> bool:
    try:
        json.loads(body.decode("utf-8"))
    except ValueError:
        return False
    return not body.startswith(b"\xef\xbb\xbf")


def folded(dump: bytes) -> bytes:
    """Break the signature's header over two lines, as HTTP once allowed."""
    return programs.run("perl", "-0pe", r"s/(X-Gooclaim-Signature: .{32})/$1\r\n /", data=dump)


def main() -> None:
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    rows = []
    for name, ending, way, write, signer in cases():
        pairs = way.pairs(signer)
        file = f"{name}-{way.name}.{ending}"
        content = write(pairs, way.body)
        (FILES / file).write_bytes(folded(content) if way.folded else content)
        row: dict[str, Any] = {
            "file": file,
            "verdict": "rejected" if way.reasons else "verified",
            "reasons": reasons(way),
        }
        row |= {"diagnosis": way.diagnosis, "signed_by": signer}
        row |= {"secret": way.secret} if way.secret != Way("").secret else {}
        row |= {"signed_content": way.options[0]} if way.options else {}
        row |= {"headers": pairs} if name == "raw_body" else {}
        rows.append(row)
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (HERE / "expected.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(rows)} captures in {FILES}")


if __name__ == "__main__":
    main()
