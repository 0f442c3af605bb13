"""A load generator that is cheap enough not to flatter a ratio: prepared bytes over raw sockets.

Runs in a process of its own (`python -m tests.bench.load PORT CONNECTIONS < requests`): reads
length-prefixed requests, sends each over one of the keep-alive connections, and prints how many a
second were answered 2xx, and the median and the 99th percentile of their time in milliseconds. What
is answered must have a Content-Length; anything but a 2xx ends it.
"""

import asyncio
import functools
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Result:
    """What a run of load came to: requests a second, and milliseconds."""

    rate: float
    median: float
    p99: float


def run(port: int, requests: Iterable[bytes], *, connections: int) -> Result:
    """Send the requests from another process and wait for the figures."""
    content = b"".join(struct.pack("!I", len(each)) + each for each in requests)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", str(port), str(connections)],
        input=content,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return Result(*map(float, done.stdout.split()))


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(
        self, requests: "list[bytes]", times: list[float], done: "asyncio.Future[None]"
    ) -> None:
        self.requests = requests
        self.times = times
        self.done = done
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self.next()

    def next(self) -> None:
        if not self.requests:
            self.transport.close()
            self.done.set_result(None)
            return
        self.sent = time.perf_counter()
        self.transport.write(self.requests.pop())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, rest = head.lower().partition(b"\r\ncontent-length:")
        if len(body) < int(rest.split(b"\r\n", 1)[0]):
            return
        if not head.startswith(b"HTTP/1.1 2"):
            raise SystemExit(head.decode())
        self.buffer = b""
        self.times.append(time.perf_counter() - self.sent)
        self.next()


async def send(port: int, connections: int, requests: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    ends = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    for end in ends:
        factory = functools.partial(Connection, requests, times, end)
        await loop.create_connection(factory, "127.0.0.1", port)
    await asyncio.gather(*ends)
    seconds = time.perf_counter() - started
    times.sort()
    median, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    sys.stdout.write(f"{len(times) / seconds} {median * 1000} {p99 * 1000}\n")


def main() -> None:
    content = sys.stdin.buffer.read()
    requests, at = [], 0
    while at < len(content):
        (size,) = struct.unpack_from("!I", content, at)
        requests.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    requests.reverse()
    import uvloop

    uvloop.run(send(int(sys.argv[1]), int(sys.argv[2]), requests))


if __name__ == "__main__":
    main()
