"""A webhook handler that keeps Gooclaim's rules, with nothing but Python's standard library.

    GOOCLAIM_SIGNING_SECRET=... python examples/handler.py 3000

It takes the raw body, compares the signature in constant time, refuses timestamps that are more
than five minutes off, and answers a key that it has processed with 200 without processing it again.
The keys are in memory here; yours belong in a database, for at least seven days.
"""

import hashlib
import hmac
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("GOOCLAIM_SIGNING_SECRET", "").encode()
TOLERANCE = 5 * 60
LARGEST = 1024 * 1024
MEMBERS = ("event_id", "event_type", "tenant_id", "occurred_at", "data")

processed: set[str] = set()
in_flight: set[str] = set()
lock = threading.Lock()


def process(event: dict) -> None:
    """What your system does with an event. Slow work belongs in a queue, behind the answer."""
    print(event["event_type"], event["event_id"], flush=True)


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # the default of 5 makes a burst of retries wait for seconds


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(min(size, 16 * LARGEST))  # who is still sending reads no answer
        self.close_connection = self.close_connection or size > LARGEST
        self.answer(413 if size > LARGEST else self.receive(body))

    def receive(self, body: bytes) -> int:
        expected = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Gooclaim-Signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            return 401
        timestamp = self.headers.get("X-Gooclaim-Timestamp", "")
        if not re.fullmatch("[0-9]{1,12}", timestamp):
            return 401
        if abs(time.time() - int(timestamp)) > TOLERANCE:
            return 401
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return 400
        if not isinstance(event, dict) or any(name not in event for name in MEMBERS):
            return 400
        if event["event_type"] != self.headers.get("X-Gooclaim-Event", event["event_type"]):
            return 400
        key = self.headers.get("X-Gooclaim-Idempotency-Key")
        return self.process_once(key, event) if key else 400

    def process_once(self, key: str, event: dict) -> int:
        with lock:
            if key in processed:
                return 200
            if key in in_flight:
                return 503  # asks for a retry: the first delivery may still fail
            in_flight.add(key)
        try:
            process(event)
            with lock:
                processed.add(key)
        finally:
            with lock:
                in_flight.discard(key)
        return 200

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    if not SECRET:
        sys.exit("GOOCLAIM_SIGNING_SECRET is not set")
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    server = Server(("127.0.0.1", port), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
