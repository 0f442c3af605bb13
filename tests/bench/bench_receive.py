"""Receive, verify, store and answer, against a bare ASGI callable on the same server.

    python -m tests.bench.bench_receive [--requests 6000] [--rounds 5] [--connections 32]
                                        [--outlives power-cut|crash]

600-byte events over keep-alive connections; baseline and candidate take turns; the ratio is that of
the medians of requests a second. Aims: 0.33 where what is acknowledged outlives a power cut
(synchronous=FULL), 0.4 where it outlives a crash of the process (NORMAL).
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from gooclaim_cli.wire import SigningSecret, sign_delivery
from tests.bench import load
from tests.e2e.support import read_when_there

SECRET = "whsec_obviously_fake"


def requests(path: str, count: int, round_number: int) -> list[bytes]:
    """Signed requests, each with a key of its own."""
    secret, now = SigningSecret(SECRET), int(time.time())
    return [request(path, f"{round_number}-{number}", secret, now) for number in range(count)]


def request(path: str, name: str, secret: SigningSecret, now: int) -> bytes:
    """One signed request with a body of 600 bytes, as raw HTTP."""
    envelope = {
        "event_id": f"evt_{name}",
        "event_type": "workflow.completed",
        "tenant_id": "tnt_bench",
        "occurred_at": "2026-05-20T10:14:25Z",
        "data": {"workflow_id": "wf_1", "note": ""},
    }
    envelope["data"] = {"note": "x" * (594 - len(json.dumps(envelope)) + 24)}
    body = json.dumps(envelope).encode()
    delivery = sign_delivery(
        body, secret, event_type="workflow.completed", idempotency_key=name, timestamp=now
    )
    headers = "".join(f"{name}: {value}\r\n" for name, value in delivery.headers)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextlib.contextmanager
def bare() -> Iterator[tuple[int, str]]:
    """The baseline's port and a path."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield int(process.stdout.readline()), "/"
    process.communicate()


@contextlib.contextmanager
def listening(*options: str, outlives: str = "power-cut") -> Iterator[tuple[int, str]]:
    """A real `gooclaim listen`: its port and path. Its output is read by nobody: a file."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as out:
        ready_file = Path(home) / "ready.json"
        env = os.environ | {"GOOCLAIM_HOME": home, "GOOCLAIM_SIGNING_SECRET": SECRET}
        env["GOOCLAIM_HISTORY_OUTLIVES"] = outlives
        listen = [sys.executable, "-m", "gooclaim_cli", "listen", "--tunnel", "none", "--json"]
        process = subprocess.Popen(
            [*listen, "--ready-file", str(ready_file), *options], env=env, stdout=out
        )
        url = urlsplit(read_when_there(ready_file)["local_url"])
        assert url.port is not None
        yield url.port, url.path
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--outlives", default="power-cut", choices=("power-cut", "crash"))
    parser.add_argument("options", nargs="*", help="options for listen, after --")
    given = parser.parse_args()
    rates: dict[str, list[float]] = {"bare": [], "listen": []}
    with bare() as base, listening(*given.options, outlives=given.outlives) as candidate:
        for number in range(given.rounds):
            for name, (port, path) in {"bare": base, "listen": candidate}.items():
                sent = requests(path, given.requests, number)
                rates[name].append(load.run(port, sent, connections=given.connections).rate)
    bare_rate, rate = statistics.median(rates["bare"]), statistics.median(rates["listen"])
    print(f"ratio {rate / bare_rate:.2f}  listen {rate:.0f}/s, bare ASGI {bare_rate:.0f}/s")


if __name__ == "__main__":
    main()
