"""A handler for the soak: remembers which keys it took, and fails some of them the first time.

Prints its port. GET answers what it took: for each idempotency key, the statuses it was answered.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TAKEN: dict[str, list[int]] = {}
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["x-gooclaim-idempotency-key"]
        with LOCK:
            statuses = TAKEN.setdefault(key, [])
            status = 500 if key.endswith("0") and not statuses else 200
            statuses.append(status)
        self.answer(status, b"")

    def do_GET(self) -> None:
        with LOCK:
            content = json.dumps(TAKEN).encode()
        self.answer(200, content)

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that was killed in the middle of a request is what this is about."""


server = Server(("127.0.0.1", 0), Handler)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
