"""Hostile senders: many slow connections, and a flood of requests that are signed with nothing.

    python -m tests.soak.attack_program PORT PATH SLOW FLOODING

Whoever is cut off comes back. Prints a line when the flood is on, and at the end of its standard
input what it was told: a count for each status, and for connections that ended without ("gone").
"""

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from gooclaim_cli.cli.running import run

TOLD: Counter[str] = Counter()
FLOODING = asyncio.Event()
SIZES = (100, 600, 5_000, 60_000, 300_000)
_BACK_AFTER = 0.5
_DRIP = 0.5


def head(path: str, length: int | None) -> bytes:
    """A request's headers; None: its body comes in chunks."""
    coding = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Gooclaim-Signature: {'0' * 64}\r\n"
        f"X-Gooclaim-Timestamp: {int(time.time())}\r\nX-Gooclaim-Idempotency-Key: k\r\n{coding}"
        "\r\n\r\n"
    ).encode()


# What a slow sender sends at once, and what it drips then.
SLOW: tuple[Callable[[str], tuple[bytes, bytes]], ...] = (
    lambda _path: (b"", b""),
    lambda _path: (b"POST /x HTTP/1.1\r\nX-A: ", b"a"),
    lambda path: (head(path, 2**20), b"a"),
    lambda path: (head(path, None) + b"ea60\r\n" + b"a" * 59_000, b"a"),
    lambda path: (head(path, 2**20) + b"a" * 900_000, b"a"),
)


async def dawdle(port: int, path: str, kind: int) -> None:
    """One slow sender: until it is cut off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        begun, dripped = SLOW[kind](path)
        writer.write(begun)
        line: bytes | None = None
        while line is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRIP * random.uniform(0.5, 1.5)):
                    line = await reader.readline()
            writer.write(dripped)
        note(line)
    finally:
        writer.transport.abort()


async def flood(port: int, path: str) -> None:
    """One connection that asks as fast as it is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            size = random.choice(SIZES)
            writer.write(head(path, size) + b"a" * size)
            line = await reader.readline()
            note(line)
            if not line:
                return
            rest = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = rest.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
    finally:
        writer.transport.abort()


def note(line: bytes) -> None:
    """Count an answer."""
    TOLD[line.split()[1].decode() if line else "gone"] += 1
    if TOLD["401"]:
        FLOODING.set()


async def again_and_again(attack: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Whoever is cut off comes back."""
    while True:
        with contextlib.suppress(OSError, EOFError):
            await attack()
        await asyncio.sleep(_BACK_AFTER)


async def main() -> None:
    port, path, slow, flooding = int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:5])
    attacks = [partial(dawdle, port, path, number % len(SLOW)) for number in range(slow)]
    attacks += [partial(flood, port, path)] * flooding
    tasks = [asyncio.create_task(again_and_again(each)) for each in attacks]
    await FLOODING.wait()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    sys.stdout.write(json.dumps(TOLD) + "\n")
    sys.stdout.flush()
    os._exit(len([task for task in tasks if task.done()]))


if __name__ == "__main__":
    run(main())
