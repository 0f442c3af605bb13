"""A handler that restarts itself when its file changes, as development servers do.

Arguments: its port (0: any; printed), and the file whose content it answers with.
"""

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FILE = Path(sys.argv[2])
ANSWER = FILE.read_bytes()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        pass


def restart_when_changed(port: int) -> None:
    while FILE.read_bytes() == ANSWER:
        time.sleep(0.02)
    os.execv(sys.executable, [sys.executable, sys.argv[0], str(port), sys.argv[2]])


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
threading.Thread(target=restart_when_changed, args=(server.server_port,), daemon=True).start()
server.serve_forever()
