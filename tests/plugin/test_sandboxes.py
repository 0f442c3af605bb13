"""A sandbox of a test's own: real deliveries to a real server, and nothing left behind."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gooclaim_cli.errors import ApiError, UsageError
from gooclaim_cli.testing import EventFactory, RunningSandbox, running_sandbox
from gooclaim_cli.wire import Delivery, SigningSecret, verify

SECRET = "whsec_obviously_fake"


class Handler(ThreadingHTTPServer):
    """A developer's server, plain HTTP: answers each status in turn, the last again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.url = f"http://127.0.0.1:{self.server_port}/hooks?tenant=mine"
        self.statuses = [200]
        self.received: list[tuple[str, Delivery]] = []


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Handler

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, Delivery(tuple(self.headers.items()), body)))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def handler() -> Iterator[Handler]:
    with Handler() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """One for the tests that leave it as it was."""
    with running_sandbox(SECRET) as running:
        yield running


def test_an_event_arrives_signed_and_unchanged(sandbox: RunningSandbox, handler: Handler) -> None:
    sandbox.point_at(handler.url)
    event = sandbox.emit("pending_docs.uploaded", {"document_ref": "doc_1"})
    outcome = event.outcome()
    assert outcome.state == "delivered"
    assert outcome in sandbox.deliveries()
    path, delivery = handler.received[-1]
    assert path == "/hooks?tenant=mine"
    verdict = verify(delivery, [SigningSecret(SECRET)], now=time.time())
    assert verdict.ok
    assert verdict.event is not None
    assert verdict.event.event_id == event.event_id
    assert verdict.event.data["document_ref"] == "doc_1"
    assert verdict.event.tenant_id == sandbox.tenant_id


def test_a_failure_is_retried_with_the_same_key(sandbox: RunningSandbox, handler: Handler) -> None:
    handler.statuses = [500, 503, 200]
    sandbox.point_at(handler.url)
    outcome = sandbox.emit().outcome()
    assert [each.status for each in outcome.attempts] == [500, 503, 200]
    assert (
        len({delivery.value("x-gooclaim-idempotency-key") for _, delivery in handler.received}) == 1
    )


def test_a_handler_that_is_gone_makes_a_dead_letter(sandbox: RunningSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox.point_at(f"http://127.0.0.1:{taken.getsockname()[1]}")
    event = sandbox.emit()
    assert event.outcome().state == "dead_letter"
    assert len(event.outcome().attempts) == 6
    assert event.event_id in {each.event_id for each in sandbox.dead_letters()}


def test_a_subscription_and_no_url_are_honoured(sandbox: RunningSandbox, handler: Handler) -> None:
    sandbox.point_at(handler.url, ["workflow.*"])
    assert sandbox.emit("claim.fraud_suspect").outcome().state == "unsubscribed"
    for _ in range(2):
        sandbox.point_at(None)
        assert sandbox.emit().outcome().state == "unconfigured"


def test_a_duplicate_is_waited_for_whole(sandbox: RunningSandbox, handler: Handler) -> None:
    sandbox.point_at(handler.url)
    sandbox.behave(duplicates=1.0)
    try:
        sandbox.emit().outcome()
    finally:
        sandbox.behave()
    assert len(handler.received) == 2
    sandbox.emit(idempotency_key="key_1").outcome()
    sandbox.emit(idempotency_key="key_1").outcome()
    assert len(handler.received) == 4


def test_waiting_ends_and_says_how_far_it_came(handler: Handler) -> None:
    handler.statuses = [500]
    with running_sandbox(retry_schedule=(60,)) as patient:
        patient.point_at(handler.url)
        event = patient.emit("workflow.started")
        until = time.monotonic() + 10
        while not patient.deliveries()[0].attempts:
            assert time.monotonic() < until
        with pytest.raises(TimeoutError, match=r"under way after 0\.05 s: attempt 1: 500"):
            event.outcome(within=0.05)
        assert patient.signing_secret.startswith("whsec_sandbox_")


def test_a_secret_that_changes_is_known(handler: Handler) -> None:
    with running_sandbox(SECRET, rotate_secret_on_put=True) as changing:
        changing.point_at(handler.url)
        assert changing.signing_secret != SECRET
        changing.emit().outcome()
        _, delivery = handler.received[0]
        secret = SigningSecret(changing.env["GOOCLAIM_SIGNING_SECRET"])
        assert verify(delivery, [secret], now=time.time()).ok


def test_a_clock_that_a_test_sets_is_everybody_s(
    sandbox: RunningSandbox, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler's clock is the test's: what was signed by another one would be too old for it."""
    sandbox.point_at(handler.url)
    monkeypatch.setattr(time, "time", lambda: 1_779_272_065.0)
    assert sandbox.emit().outcome().state == "delivered"
    again = EventFactory(SECRET)().again()
    for delivery in (handler.received[0][1], Delivery(tuple(again.headers.items()), again.body)):
        assert delivery.value("x-gooclaim-timestamp") == "1779272065"


def test_what_cannot_be_meant_is_told(sandbox: RunningSandbox) -> None:
    sandbox.point_at(None)  # what is emitted here comes to no other test's handler
    with pytest.raises(UsageError, match=r"http://cms\.example\.com/hooks is plain http"):
        sandbox.point_at("http://cms.example.com/hooks")
    with pytest.raises(ApiError, match=r"422 to PUT .*must begin with https"):
        sandbox.point_at("ftp://cms.example.com/hooks")
    with pytest.raises(UsageError, match=r"did you mean 'claim\.fraud_suspect'"):
        sandbox.emit("claim.fraud_suspekt")
    meant = sandbox.emit("claim.fraud_suspekt", any_type=True)
    assert meant.event_type == "claim.fraud_suspekt"
    assert meant.outcome().state == "unconfigured"
    with pytest.raises(ApiError, match="422 to POST /v1/sandbox/behaviour: there is no dorp"):
        sandbox.behave(dorp=1.0)
    with pytest.raises(ApiError, match=r"404 to POST .* no dead letter"):
        sandbox.replay("evt_nobody")
    with (
        pytest.raises(UsageError, match="a sandbox has no option retries"),
        running_sandbox(retries=1),
    ):
        pass


def test_nothing_is_left_behind(handler: Handler) -> None:
    """No thread, no port, no file, after a test that failed half-way, too."""
    threads = set(threading.enumerate())
    with contextlib.suppress(ZeroDivisionError), running_sandbox(SECRET) as running:
        running.point_at(handler.url)
        url = str(running.emit().outcome().url)
        assert running.ca_file.is_file()
        raise ZeroDivisionError
    assert {each for each in threading.enumerate() if each.name.startswith("gooclaim")} <= threads
    assert not running.ca_file.parent.exists()
    for address in (running.api_url, url.removesuffix("/hooks?tenant=mine")):
        port = int(address.rpartition(":")[2])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_delivery_goes_to_a_url_as_well(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Straight: no proxy of the environment is asked, no redirect followed."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    handler.statuses = [307]
    delivery = EventFactory(SECRET)("workflow.completed")
    answer = delivery.send(handler.url)
    assert answer.status_code == 307
    (arrived,) = handler.received
    assert arrived[1].body == delivery.body
    assert dict(arrived[1].headers).items() >= delivery.headers.items()
