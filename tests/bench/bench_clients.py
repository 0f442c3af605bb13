"""HTTP clients that could carry deliveries, against httpx: requests a second to one bare server.

    python -m tests.bench.bench_clients [--requests 2000]

Why `sending` speaks HTTP through httptools, and not through a client. Each runs its loop in this
process, at 1 and at 32 connections.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import uvloop

from gooclaim_cli.sending import Outgoing, Sender
from tests.bench.bench_receive import bare

BODY = b"x" * 600
Post = Callable[[], Awaitable[object]]


async def rate(post: Post, requests: int, connections: int) -> float:
    """Requests a second."""

    async def work() -> None:
        for _ in range(requests // connections):
            await post()

    await post()
    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return requests / (time.perf_counter() - started)


async def measure(url: str, requests: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as baseline, Sender() as sender:

        async def with_httpx() -> None:
            await baseline.post(url, content=BODY)

        async def with_ours() -> None:
            assert (await sender.send(Outgoing(url, (), BODY))).succeeded

        for connections in (1, 32):
            slow = await rate(with_httpx, requests, connections)
            quick = await rate(with_ours, requests, connections)
            print(
                f"{connections:>2} connections  ratio {quick / slow:.1f}"
                f"  sending {quick:.0f}/s, httpx {slow:.0f}/s"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    requests = parser.parse_args().requests
    with bare() as (port, path):
        uvloop.run(measure(f"http://127.0.0.1:{port}{path}", requests))


if __name__ == "__main__":
    main()
