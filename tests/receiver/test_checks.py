"""gooclaim_cli.receiver: what is checked before anything is forwarded, and what is answered."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.happenings import Delivered, Disposition, Notice
from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, sign

from .support import (
    NOW,
    PATH,
    SECRET,
    Bench,
    delivery,
    event_body,
    handler,
    receiving,
    request,
    run,
    with_headers,
)

OTHER = SigningSecret("whsec_another")
pytestmark = pytest.mark.usefixtures("entrance")


async def refused(bench: Bench, given: Delivery, status: int, *reasons: str) -> None:
    """It is answered so, says why, is told and stored."""
    response = await bench.post(given)
    assert response.status == status
    assert json.loads(response.body) == {"reasons": list(reasons)}
    told = await bench.delivered()
    assert tuple(dict.fromkeys(each.code.value for each in told.findings)) == reasons
    assert (told.disposition, told.response_status) == (Disposition.REJECTED, status)
    assert (told.handler, told.attempt) == (None, 0)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method(tmp_path: Path, method: str) -> None:
    """405 on any path, so that no path can be guessed with it; nothing is stored."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            for path in (PATH, "/", "/elsewhere", "/%ff"):
                raw = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                async with bench.connection() as connection:
                    await connection.send(raw.encode())
                    head, _, body = (await connection.ended()).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 405 ")
                assert b"\r\nallow: POST" in head
                assert body == b""
            assert bench.untold() == []
            assert bench.stored() == []

    run(scenario)


def test_another_path(tmp_path: Path) -> None:
    """404 without a word, even for a good delivery."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            others = ("/", f"{PATH}/", f"{PATH}x", PATH[:-1], PATH.upper(), f"/{PATH}", "/%ff%00")
            for path in others:
                response = await bench.post(delivery(), path=path)
                assert (response.status, response.body) == (404, b"")
            (notice,) = bench.untold()  # the first one only: scanners come in crowds
            assert isinstance(notice, Notice)
            assert notice.code == "other_path"
            assert bench.stored() == []

    run(scenario)


def test_a_query_does_not_matter(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            assert (await bench.post(delivery(), path=f"{PATH}?a=b")).status == 200

    run(scenario)


def test_no_header_says_what_this_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            for path in (PATH, "/elsewhere"):
                response = await bench.post(delivery(), path=path)
                assert response.headers.keys() == {"date", "content-length"}

    run(scenario)


@pytest.mark.parametrize("rest", [b"", b"x" * 100])
def test_a_body_that_is_declared_too_large(tmp_path: Path, rest: bytes) -> None:
    """413 as soon as its length is read, whatever the path is followed by."""

    async def scenario() -> None:
        async with receiving(tmp_path, max_body=1000) as bench, bench.connection() as connection:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"
            await connection.send(head.encode() + rest)
            response = await connection.response()
            assert response.status == 413
            assert json.loads(response.body) == {"reasons": ["body_too_large"]}
            assert response.headers["connection"] == "close"
            assert await connection.ended() == b""
            told = await bench.delivered()
            assert (told.size, told.delivery.body) == (1001, b"")

    run(scenario)


@pytest.mark.parametrize("length", [2**63 - 1, 2**63, 2**64 - 1])
def test_a_body_that_is_declared_absurdly_large(tmp_path: Path, length: int) -> None:
    """It is refused like any other, and stored."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            async with bench.connection() as connection:
                await connection.send(head.encode())
                assert (await connection.response()).status == 413
            await bench.delivered()
            # Something durable after it: then that which may wait is written too.
            await bench.post(delivery())
            assert bench.stored()[0].outcome == "rejected"

    run(scenario)


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def test_a_body_that_grows_too_large(tmp_path: Path) -> None:
    """A streamed body is refused when it passes the limit, not at its end."""

    async def scenario() -> None:
        async with receiving(tmp_path, max_body=1000) as bench, bench.connection() as connection:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            await connection.send(head.encode() + chunk(b"x" * 600))
            await connection.send(chunk(b"x" * 600))
            response = await connection.response()
            assert response.status == 413
            assert await connection.ended() == b""

    run(scenario)


def test_a_body_of_exactly_the_limit(tmp_path: Path) -> None:
    """Streamed or with its length declared, up to the limit a body is taken."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url, max_body=1000) as bench:
            body = event_body().ljust(1000)
            assert (await bench.post(delivery(body))).status == 200
            streamed = delivery(body)
            head = request(Delivery(streamed.headers, b""))
            head = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            chunks = chunk(body[:10]) + chunk(body[10:]) + b"0\r\n\r\n"
            assert (await bench.raw(head + chunks)).status == 200
            assert [(await app.next()).body for _ in range(2)] == [body, body]
            assert (await bench.post(delivery(body + b" "))).status == 413

    run(scenario)


def test_a_sender_that_hangs_up_within_its_body(tmp_path: Path) -> None:
    """That is no delivery: nothing is told, nothing stored, and the next one is served."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            async with bench.connection() as connection:
                await connection.send(request(delivery())[:-5])
            assert (await bench.post(delivery())).status == 200
            assert len(bench.stored()) == 1
            await bench.delivered()
            assert bench.untold() == []

    run(scenario)


def test_headers_that_are_missing_or_malformed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            for header, value, reason in (
                ("signature", None, "signature_missing"),
                ("signature", "no", "signature_malformed"),
                ("timestamp", None, "timestamp_missing"),
                ("timestamp", "soon", "timestamp_malformed"),
                ("idempotency_key", None, "idempotency_key_missing"),
                ("idempotency_key", "", "idempotency_key_missing"),
            ):
                given = with_headers(delivery(), **{f"x_gooclaim_{header}": value})
                await refused(bench, given, 400, reason)

    run(scenario)


def test_what_comes_behind_a_chunked_body_is_no_header(tmp_path: Path) -> None:
    """A signature there is none: who looks at the headers first, as a proxy, saw none."""

    async def scenario() -> None:
        given = delivery()
        signature = given.value("X-Gooclaim-Signature")
        head, _, body = request(with_headers(given, X_Gooclaim_Signature=None)).partition(
            b"\r\n\r\n"
        )
        head = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
        trailer = f"X-Gooclaim-Signature: {signature}".encode()
        chunks = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
        async with receiving(tmp_path) as bench:
            response = await bench.raw(b"\r\n".join((head, b"", chunks + trailer, b"", b"")))
            assert (response.status, json.loads(response.body)) == (
                400,
                {"reasons": ["signature_missing"]},
            )

    run(scenario)


def test_what_is_not_authentic(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            for given, reason in (
                (delivery(secret=OTHER), "signature_mismatch"),
                (with_headers(delivery(), x_gooclaim_signature="a" * 64), "signature_mismatch"),
                (Delivery(delivery().headers, event_body()), "signature_mismatch"),
                (delivery(timestamp=NOW - 301), "timestamp_too_old"),
                (delivery(timestamp=NOW + 301), "timestamp_in_future"),
                (delivery(signed_content=SignedContent.TIMESTAMP_BODY), "signature_mismatch"),
            ):
                await refused(bench, given, 401, reason)

    run(scenario)


def test_another_tolerance(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path, tolerance=10) as bench:
            assert (await bench.post(delivery(timestamp=NOW - 10))).status == 200
            await bench.delivered()
            await refused(bench, delivery(timestamp=NOW - 11), 401, "timestamp_too_old")

    run(scenario)


def test_a_signed_timestamp(tmp_path: Path) -> None:
    """Where it is signed, a signature over the body alone is refused."""

    async def scenario() -> None:
        stamped = SignedContent.TIMESTAMP_BODY
        async with receiving(tmp_path, signed_content=stamped) as bench:
            assert (await bench.post(delivery(signed_content=stamped))).status == 200
            await bench.delivered()
            await refused(bench, delivery(), 401, "signature_mismatch")

    run(scenario)


def test_no_secret_at_all(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path, secrets=()) as bench:
            await refused(bench, delivery(), 401, "signature_mismatch")

    run(scenario)


def test_secrets_are_asked_for_at_each_delivery(tmp_path: Path) -> None:
    """Registering may bring a new one while the receiver runs."""

    async def scenario() -> None:
        secrets = [OTHER]
        async with receiving(tmp_path, secrets=secrets) as bench:
            given = delivery()
            await refused(bench, given, 401, "signature_mismatch")
            secrets.append(SECRET)
            assert (await bench.post(given)).status == 200

    run(scenario)


def signed_as(body: bytes) -> Delivery:
    """A good delivery whose body, and signature, are of these bytes."""
    good = delivery()
    signature = sign(body, SECRET, timestamp=NOW)
    return Delivery(with_headers(good, x_gooclaim_signature=signature).headers, body)


NO_ENVELOPES = (
    (b"", "body_not_json"),
    (b"\x00\xff", "body_not_json"),
    (event_body()[:-1], "body_not_json"),
    (b"[" * 10_000, "body_not_json"),
    (gzip.compress(event_body()), "body_not_json"),
    (event_body(note="Zo\xeb").decode().encode("utf-16"), "body_not_json"),
    (event_body().replace(b"wf_1", b"Zo\xeb"), "body_not_json"),  # Latin-1
    (event_body().replace(b"wf_1", b"a\0b"), "body_not_json"),
    (b"{}", "envelope_invalid"),
    (b"[]", "envelope_invalid"),
    (event_body(event_id=""), "envelope_invalid"),
    (event_body(data=None), "envelope_invalid"),
    (event_body(tenant_id="tnt_other"), "envelope_invalid"),
    (event_body("workflow.started"), "event_type_mismatch"),
    (b'{"event_id":7,' + event_body()[1:], "envelope_invalid"),
)


def test_what_is_no_envelope(tmp_path: Path) -> None:
    """Well signed, and still not to be processed: 400, never 5xx."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url, tenant_id="tnt_xyz") as bench:
            for body, reason in NO_ENVELOPES:
                await refused(bench, signed_as(body), 400, reason)
            assert app.received.empty()

    run(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        {"content_encoding": "gzip"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": "application/octet-stream"},
        {"content_type": None},
    ],
)
def test_what_headers_say_of_the_body_does_not_matter(
    tmp_path: Path, headers: dict[str, str | None]
) -> None:
    """The bytes are what is signed, and read, as JSON in UTF-8; the handler gets it as it came."""

    async def scenario() -> None:
        async with handler() as app, receiving(tmp_path, app.url) as bench:
            given = with_headers(delivery(event_body(note="₹")), **headers)
            assert (await bench.post(given)).status == 200
            came = await app.next()
            assert came.body == given.body
            for name in headers:
                wanted = name.replace("_", "-")
                assert came.values(wanted) == given.values(wanted)

    run(scenario)


@pytest.mark.parametrize(
    ("headers", "body", "status", "reasons"),
    [
        (
            {"x_gooclaim_signature": "a" * 64, "x_gooclaim_timestamp": None},
            event_body(),
            400,
            ["timestamp_missing", "signature_mismatch"],
        ),
        (
            {"x_gooclaim_idempotency_key": None, "x_gooclaim_timestamp": "1"},
            b"no",
            400,
            ["idempotency_key_missing", "timestamp_too_old", "body_not_json"],
        ),
        ({"x_gooclaim_signature": "a" * 64}, b"no", 401, ["signature_mismatch", "body_not_json"]),
        (
            {"x_gooclaim_timestamp": "1"},
            b"{}",
            401,
            ["timestamp_too_old", "envelope_invalid"],
        ),
        ({"x_gooclaim_signature": None}, b" " * 1001, 413, ["body_too_large"]),
    ],
)
def test_which_answer_goes_before_which(
    tmp_path: Path, headers: dict[str, str | None], body: bytes, status: int, reasons: list[str]
) -> None:
    """413 over a header's 400 over 401 over the envelope's 400; every reason is named."""

    async def scenario() -> None:
        async with receiving(tmp_path, max_body=1000) as bench:
            await refused(bench, with_headers(signed_as(body), **headers), status, *reasons)

    run(scenario)


def test_a_rejected_delivery_is_stored_as_it_came(tmp_path: Path) -> None:
    """It touches no key: the good delivery after it is the first."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            good = delivery()
            bad = Delivery(good.headers, good.body + b" ")
            await refused(bench, bad, 401, "signature_mismatch")
            assert (await bench.post(good)).status == 200
            first, second = bench.stored()
            assert (first.outcome, first.reasons) == ("rejected", ("signature_mismatch",))
            assert first.response_status == 401
            assert (second.disposition, second.attempt) == ("fresh", 1)
            assert bench.found(first.delivery_id).delivery.body == bad.body

    run(scenario)


def test_a_fault_of_our_own(tmp_path: Path) -> None:
    """It becomes a 500, and a notice that names its report but no value; the receiver goes on."""

    async def scenario() -> None:
        times = [float(NOW)]

        def clock() -> float:
            if not times:
                times.append(float(NOW))
                raise RuntimeError(f"{SECRET.value} has stopped the clock")
            return times[-1]

        reported: list[Exception] = []

        def report(error: Exception) -> str:
            reported.append(error)
            return "it is in the attic"

        async with receiving(tmp_path, clock=clock, report=report) as bench:
            times.clear()
            assert (await bench.post(delivery())).status == 500
            notice = await bench.notice("internal_error")
            assert "(RuntimeError)" in notice.message
            assert notice.hint.endswith("it is in the attic")
            assert SECRET.value not in repr(notice)
            assert [type(each) for each in reported] == [RuntimeError]
            assert (await bench.post(delivery())).status == 200

    run(scenario)


def test_a_fault_of_our_own_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    """Nothing more can be answered; it is told all the same."""

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(_message: Any) -> None:
        raise RuntimeError("it has begun")

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            scope = {"type": "http", "method": "POST", "path": PATH, "headers": []}
            with pytest.raises(RuntimeError):
                await bench.receiver(scope, receive, send)
            await bench.notice("internal_error")

    run(scenario)


def test_a_connection_carries_several_deliveries(tmp_path: Path) -> None:
    """Good and bad ones in turn, each answered in its place."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench, bench.connection() as connection:
            for given, status in (
                (delivery(), 200),
                (delivery(secret=OTHER), 401),
                (delivery(), 200),
            ):
                await connection.send(request(given))
                assert (await connection.response()).status == status
            for given in (delivery(), delivery()):
                await connection.send(request(given))
            assert [(await connection.response()).status for _ in range(2)] == [200, 200]
            assert [type(await bench.delivered()) for _ in range(5)] == [Delivered] * 5

    run(scenario)


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02\x00", b"POST\r\n\r\n", b"POST /\xff HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_what_is_not_http(tmp_path: Path, raw: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """It ends its own connection, prints nothing, and disturbs nobody."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench:
            async with bench.connection() as connection:
                await connection.send(raw)
                assert b" 200 " not in await connection.ended()
            assert (await bench.post(delivery())).status == 200

    run(scenario)
    assert capfd.readouterr() == ("", "")


def test_many_large_bodies_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many bytes are held for those that are not whole; small deliveries get in all the same."""

    async def scenario() -> None:
        async with receiving(tmp_path) as bench, bench.connection() as slow:
            large = delivery(event_body(more="x" * 600_000))
            await slow.send(request(large)[:-1])  # one byte is missing
            other = await bench.post(large)
            refused = other if other.status == 503 else await slow.response()  # the later read
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            assert (await bench.post(delivery())).status == 200
            await slow.close()
            assert (await bench.post(large)).status == 200

    monkeypatch.setattr("gooclaim_cli.receiver.bodies._MOST_READ_AT_ONCE", 1_000_000)  # 32 MiB
    run(scenario)
