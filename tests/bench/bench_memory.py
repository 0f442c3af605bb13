"""What a real `gooclaim listen` holds in memory after many events.

    python -m tests.bench.bench_memory [--events 10000,50000,100000] [--connections 32]

600-byte events, verified, stored, forwarded to a handler and answered; the resident memory after
each number of them, and the most that it ever was. Aims: under 120 MiB, and no longer growing: the
last stretch adds less than 50 bytes an event. Exits 1 where that is missed.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import load
from tests.bench.bench_receive import SECRET, bare, requests
from tests.soak.programs import listening, memory_of

MOST_MIB = 120.0
MOST_BYTES_AN_EVENT = 50.0
_AT_ONCE = 10_000


async def measured(stages: list[int], connections: int) -> AsyncIterator[tuple[int, float, float]]:
    """Send so many events in all; yield the memory after each stage, in MiB: now, at its most."""
    with tempfile.TemporaryDirectory() as home, bare() as (handler, _):
        async with listening(Path(home), handler, SECRET) as session:
            url, pid = urlsplit(session.url), session.process.pid
            assert url.port is not None
            yield 0, *memory_of(pid)
            sent = 0
            for stage in stages:
                while sent < stage:
                    count = min(_AT_ONCE, stage - sent)
                    made = requests(url.path, count, sent)
                    await asyncio.to_thread(load.run, url.port, made, connections=connections)
                    sent += count
                yield sent, *memory_of(pid)


async def measure(stages: list[int], connections: int) -> int:
    """Print what is measured; return the exit code."""
    seen: list[tuple[int, float]] = []
    async for events, now, most in measured(stages, connections):
        seen.append((events, now))
        print(f"{events:>9,} events  {now:6.1f} MiB, {most:6.1f} at most", flush=True)
    (before, then), (after, now) = seen[-2:]
    growth = (now - then) * 1024 * 1024 / (after - before)
    print(f"the last stretch: {growth:+.0f} bytes an event (limit {MOST_BYTES_AN_EVENT:.0f})")
    return int(max(now for _, now in seen) > MOST_MIB or growth > MOST_BYTES_AN_EVENT)


def main(arguments: list[str] | None = None) -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", default="10000,50000,100000")
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args(arguments)
    stages = [int(each) for each in given.events.split(",")]
    return asyncio.run(measure(stages, given.connections))


if __name__ == "__main__":
    sys.exit(main())
