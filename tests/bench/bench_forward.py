"""Forwarding, against calling the handler directly.

    python -m tests.bench.bench_forward [--handler bare|example|fastapi] [--requests 1500]
                                        [--rounds 3]

One connection: what is added to the median, at most 3 ms. 32 connections: the share of the
handler's own rate, at least 0.33 for those that keep Gooclaim's rules, as all do that are forwarded
to: `examples/handler.py`, and `examples/fastapi`, which stores each event before it answers. Beside
them stands a bare ASGI callable that does nothing: the work of forwarding alone. Each is in a
process of its own; without --handler, all three are measured, one after the other. Direct and
forwarded take turns; the ratio is that of the medians, and in brackets stand the lowest and the
highest of the rounds.
"""

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tests.bench import load
from tests.bench.bench_receive import SECRET, bare, listening, requests
from tests.waiting import until

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
PATIENCE: Final = 20.0
STARTED: Final = "the handler has started"
Endpoint = tuple[int, str]


@contextlib.contextmanager
def running(*command: str, **variables: str) -> Iterator[Path]:
    """Run a handler in a folder of its own, and yield the file of its output."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.txt"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=os.environ | {"GOOCLAIM_SIGNING_SECRET": SECRET} | variables,
                cwd=folder,
                stdout=out,
                stderr=out,
            )
        try:
            yield said
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def example() -> Iterator[Endpoint]:
    """The handler that has the rules on one page."""
    with running(str(EXAMPLES / "handler.py"), "0", PYTHONUNBUFFERED="1") as said:
        port = until(lambda: said.read_text().partition("\n")[0], STARTED, within=PATIENCE)
        yield int(port), "/"


@contextlib.contextmanager
def fastapi() -> Iterator[Endpoint]:
    """The handler that stores each event before it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    serve = ("-m", "uvicorn", "handler:app", "--no-access-log", "--port", str(port))
    with running(*serve, "--app-dir", str(EXAMPLES / "fastapi")) as said:
        until(lambda: "Uvicorn running" in said.read_text(), STARTED, within=PATIENCE)
        yield port, "/"


HANDLERS: Final[dict[str, Callable[[], AbstractContextManager[Endpoint]]]] = {
    "bare": bare,
    "example": example,
    "fastapi": fastapi,
}


def measure(
    ends: dict[str, Endpoint], connections: int, count: int, rounds: int
) -> dict[str, list[load.Result]]:
    """Send each end as much in turn; every request has a key that is new to its handler."""
    results: dict[str, list[load.Result]] = {name: [] for name in ends}
    for number in range(rounds):
        for position, (name, (port, path)) in enumerate(ends.items()):
            sent = requests(path, count, (connections * 1000 + number) * 2 + position)
            results[name].append(load.run(port, sent, connections=connections))
    return results


def report(
    name: str, connections: int, direct: list[load.Result], forwarded: list[load.Result]
) -> str:
    """The medians, and the spread of the rates' ratio, round by round."""
    times = [statistics.median(each.median for each in many) for many in (direct, forwarded)]
    rates = [statistics.median(each.rate for each in many) for many in (direct, forwarded)]
    ratios = [there.rate / here.rate for here, there in zip(direct, forwarded, strict=True)]
    return (
        f"{name:<7}  {connections:>2} connections"
        f"  median +{times[1] - times[0]:.2f} ms over {times[0]:.2f} ms"
        f"  rate ratio {rates[1] / rates[0]:.2f} ({rates[1]:.0f}/s of {rates[0]:.0f}/s;"
        f" {min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handler", choices=HANDLERS, help="only this one")
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for name in [given.handler] if given.handler else HANDLERS:
        with HANDLERS[name]() as handler, listening("-f", str(handler[0])) as listen:
            ends = {"direct": handler, "forwarded": listen}
            for connections in (1, 32):
                found = measure(ends, connections, given.requests, given.rounds)
                print(report(name, connections, found["direct"], found["forwarded"]), flush=True)


if __name__ == "__main__":
    main()
