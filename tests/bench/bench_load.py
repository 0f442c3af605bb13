"""`send-test --count`: how many events a second, and what it adds to the times that it tells.

    python -m tests.bench.bench_load [--count 10000] [--rounds 3] [--rate 500]

The handler is a bare ASGI callable on uvicorn, in a process of its own. Over 50 connections, as
fast as it answers: at least 2,000 signed events a second, beside a bare loop of httpx, and beside
wrk and ab where they are installed; these three send one event, signed before, again and again.

At a rate: the median that is told, from when a request was due, against the median that a blocking
socket sees at the same rate, from when it sent. Less than a millisecond may be between them.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import uvloop

from gooclaim_cli.wire import Delivery, SigningSecret, sign_delivery
from tests.bench.bench_receive import SECRET, bare, request

CONNECTIONS = 50
AT_LEAST = 2_000
AT_MOST_MS = 1.0
BODY = json.dumps(
    {
        "event_id": "evt_1",
        "event_type": "workflow.completed",
        "tenant_id": "tnt_bench",
        "occurred_at": "2026-05-20T10:14:25Z",
        "data": {"note": "x" * 400},
    }
).encode()
LUA = """wrk.method = "POST"
wrk.body = [[{body}]]
{headers}
"""


def signed() -> Delivery:
    return sign_delivery(
        BODY,
        SigningSecret(SECRET),
        event_type="workflow.completed",
        idempotency_key="idem_1",
        timestamp=int(time.time()),
    )


def ours(port: int, count: int, *more: str) -> dict[str, Any]:
    """The `load` object of one run of the program."""
    command = (sys.executable, "-m", "gooclaim_cli", "send-test", "--count", str(count))
    done = subprocess.run(
        [*command, "--concurrency", str(CONNECTIONS), "--to", f"127.0.0.1:{port}", "--json", *more],
        capture_output=True,
        check=True,
        text=True,
    )
    load: dict[str, Any] = json.loads(done.stdout.splitlines()[-2])
    assert load["statuses"] == {"200": count}
    return load


async def with_httpx(port: int, count: int) -> float:
    delivery, url = signed(), f"http://127.0.0.1:{port}/"
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def work() -> None:
            for _ in range(count // CONNECTIONS):
                answer = await client.post(url, content=BODY, headers=list(delivery.headers))
                assert answer.status_code == 200

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
        return count / (time.perf_counter() - started)


def with_wrk(port: int, folder: Path) -> float:
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in signed().headers)
    script = folder / "post.lua"
    script.write_text(LUA.format(body=BODY.decode(), headers=headers))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d2s", "-s", str(script)]
    return _figure([*command, f"http://127.0.0.1:{port}/"], r"Requests/sec: +([\d.]+)")


def with_ab(port: int, folder: Path) -> float:
    body = folder / "body.json"
    body.write_bytes(BODY)
    headers = [part for name, value in signed().headers for part in ("-H", f"{name}: {value}")]
    command = ["ab", "-q", "-k", "-n", "10000", "-c", str(CONNECTIONS), "-p", str(body), *headers]
    command += ["-T", "application/json", f"http://127.0.0.1:{port}/"]
    return _figure(command, r"Requests per second: +([\d.]+)")


def _figure(command: list[str], pattern: str) -> float:
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "Non-2xx" not in done.stdout
    found = re.search(pattern, done.stdout)
    assert found, done.stdout
    return float(found[1])


def with_a_socket(port: int, count: int, rate: float) -> float:
    """The median in milliseconds that a blocking socket sees."""
    sent = request("/", "1", SigningSecret(SECRET), int(time.time()))
    times = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            started = time.perf_counter()
            client.sendall(sent)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def throughput(port: int, count: int, rounds: int, folder: Path) -> None:
    found: dict[str, list[float]] = {"gooclaim": [], "httpx": [], "wrk": [], "ab": []}
    for _ in range(rounds):
        found["gooclaim"].append(ours(port, count)["per_second"])
        found["httpx"].append(uvloop.run(with_httpx(port, 1000)))
        if shutil.which("wrk"):
            found["wrk"].append(with_wrk(port, folder))
        if shutil.which("ab"):
            found["ab"].append(with_ab(port, folder))
    medians = {name: statistics.median(rates) for name, rates in found.items() if rates}
    rate = medians.pop("gooclaim")
    print(
        f"{CONNECTIONS} connections  gooclaim {rate:,.0f} events a second (at least {AT_LEAST:,})"
    )
    for name in list(found)[1:]:
        if name in medians:
            print(f"  ratio {rate / medians[name]:.2f} to {name}, {medians[name]:,.0f} a second")
        else:
            print(f"  {name}: not there")


def overhead(port: int, rate: float, rounds: int) -> None:
    count = round(rate * 2)
    latency, service, plain = [], [], []
    for _ in range(rounds):
        load = ours(port, count, "--rate", f"{rate:g}/s")
        latency.append(load["latency"]["p50"])
        service.append(load["service"]["p50"])
        plain.append(with_a_socket(port, count, rate))
    told, sent, seen = map(statistics.median, (latency, service, plain))
    print(
        f"{rate:g}/s  median +{told - seen:.2f} ms (at most {AT_MOST_MS:g}): told {told:.2f} ms"
        f" from when it was due, {sent:.2f} ms from when it was sent; a socket saw {seen:.2f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=500.0)
    given = parser.parse_args()
    with bare() as (port, _), tempfile.TemporaryDirectory() as folder:
        os.environ |= {"GOOCLAIM_HOME": folder, "GOOCLAIM_SIGNING_SECRET": SECRET}
        throughput(port, given.count, given.rounds, Path(folder))
        overhead(port, given.rate, given.rounds)


if __name__ == "__main__":
    main()
