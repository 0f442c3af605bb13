"""How long `listen --sandbox` takes from the command to the first verified, forwarded event.

    python -m tests.bench.bench_first_event [--rounds 7]

The aim is 2 s. The baseline is an interpreter that imports the heaviest of what listening needs
(uvicorn, starlette, httpx, trustme, rich) and does nothing.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

IMPORTS = "import uvicorn, starlette.applications, httpx, trustme, rich.console, typer"


class Handler(BaseHTTPRequestHandler):
    """Answers every POST with 200."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def first_event(port: int, home: str) -> float:
    """Seconds from the command to the first delivery that the handler answered."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gooclaim_cli", "listen", "--sandbox", "--json", "-f", str(port)],
        stdout=subprocess.PIPE,
        env=os.environ | {"GOOCLAIM_HOME": home},
    )
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told["kind"] == "delivery":
            assert told["verdict"] == "verified"
            assert told["handler"]["status"] == 200
            break
    seconds = time.perf_counter() - started
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait() == 0
    process.stdout.close()
    return seconds


def baseline() -> float:
    """Seconds that the imports alone take."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    events, imports = [], []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(rounds):
            imports.append(baseline())
            events.append(first_event(server.server_port, home))
    server.shutdown()
    event, alone = statistics.median(events), statistics.median(imports)
    print(
        f"first event {event:.2f} s (at most 2 s)  ratio {event / alone:.2f} to the imports alone,"
        f" {alone:.2f} s"
    )


if __name__ == "__main__":
    main()
