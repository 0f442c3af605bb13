"""A developer's handler as a program of its own: knows nothing of gooclaim.

Prints its port, then a JSON line a request. An event type named in the arguments as TYPE=N is
answered 500 the first N times.
"""

import base64
import json
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAILS = Counter({name: int(count) for name, count in (a.split("=") for a in sys.argv[1:])})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        event_type = self.headers["x-gooclaim-event"]
        fails = FAILS[event_type] > 0
        FAILS[event_type] -= 1
        answer = b"secret stack trace" if fails else b"thanks"
        seen = {
            "path": self.path,
            "headers": self.headers.items(),
            "body": base64.b64encode(body).decode(),
        }
        sys.stdout.write(json.dumps(seen) + "\n")
        sys.stdout.flush()
        self.send_response(500 if fails else 200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
