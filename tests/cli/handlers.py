"""Handlers in this process: real servers, on a thread of their own, that do as a test says."""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gooclaim_cli.wire import IDEMPOTENCY_KEY_HEADER, Delivery, SigningSecret, verify

SECRET = "whsec_obviously_fake"
Decide = Callable[[Delivery], int | tuple[int, bytes]]


@dataclass
class Handler:
    """A handler that was started, and the requests that it got."""

    port: int = 0
    scheme: str = "http"
    seen: list[Delivery] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/hooks"


def careful() -> Decide:
    """One that keeps the rules: verifies, and takes each key once."""
    taken: set[str] = set()

    def decide(delivery: Delivery) -> int:
        verdict = verify(delivery, [SigningSecret(SECRET)], now=time.time())
        if not verdict.ok:
            return 401
        taken.add(delivery.value(IDEMPOTENCY_KEY_HEADER) or "")
        return 200

    return decide


@contextlib.contextmanager
def handler(decide: Decide, tls: ssl.SSLContext | None = None) -> Iterator[Handler]:
    """Serve on loopback until the test is done."""
    shown = Handler(scheme="https" if tls else "http")

    class Serve(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            delivery = Delivery(tuple(self.headers.items()), body)
            shown.seen.append(delivery)
            shown.paths.append(self.path)
            decided = decide(delivery)
            status, answer = decided if isinstance(decided, tuple) else (decided, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if answer:
                self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Serve)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    shown.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield shown
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
