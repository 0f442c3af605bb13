"""Ways to make deliveries durable before answering, against a commit each.

    python -m tests.bench.bench_group_commit [--rows 4000] [--at-once 32]

`each`: a transaction a row. `thread`: a writer thread that takes what has queued up. `loop`: what
`history.group_commit` does. All with synchronous=FULL, on files in one folder.
"""

import argparse
import asyncio
import queue
import sqlite3
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path

import uvloop

from gooclaim_cli.history.group_commit import GroupCommit

INSERT = "INSERT INTO row (name, body) VALUES (?, ?)"
BODY = b"x" * 600
Write = Callable[[int], Awaitable[object]]


def opened(path: Path) -> sqlite3.Connection:
    """A database like the history's."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB)")
    return connection


async def rate(write: Write, rows: int, at_once: int) -> float:
    """Rows a second, `at_once` waiting at any time."""
    numbers = iter(range(rows))

    async def work() -> None:
        for number in numbers:
            await write(number)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return rows / (time.perf_counter() - started)


async def each(path: Path, rows: int, at_once: int) -> float:
    connection = opened(path)

    async def write(number: int) -> None:
        connection.execute(INSERT, (f"row {number}", BODY))

    return await rate(write, rows, at_once)


async def thread(path: Path, rows: int, at_once: int) -> float:
    connection = opened(path)
    waiting: queue.SimpleQueue[tuple[int, Future[None]] | None] = queue.SimpleQueue()

    def serve() -> None:
        while (first := waiting.get()) is not None:
            batch = [first]
            while not waiting.empty() and (another := waiting.get()) is not None:
                batch.append(another)
            connection.execute("BEGIN IMMEDIATE")
            for number, _ in batch:
                connection.execute(INSERT, (f"row {number}", BODY))
            connection.execute("COMMIT")
            for _, done in batch:
                done.set_result(None)

    def write(number: int) -> Awaitable[None]:
        done: Future[None] = Future()
        waiting.put((number, done))
        return asyncio.wrap_future(done)

    worker = threading.Thread(target=serve)
    worker.start()
    try:
        return await rate(write, rows, at_once)
    finally:
        waiting.put(None)
        worker.join()


async def loop(path: Path, rows: int, at_once: int) -> float:
    commits = GroupCommit(opened(path), path)

    def write(number: int) -> Awaitable[object]:
        return commits.submit(
            lambda connection: connection.execute(INSERT, (f"row {number}", BODY)).rowcount
        )

    try:
        return await rate(write, rows, at_once)
    finally:
        await commits.close()


async def measure(rows: int, at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rates = {
            way.__name__: await way(Path(folder) / f"{way.__name__}.db", rows, at_once)
            for way in (each, thread, loop)
        }
    for name, found in rates.items():
        print(f"{name:<8} ratio {found / rates['each']:.1f}  {found:.0f} rows/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--at-once", type=int, default=32)
    given = parser.parse_args()
    uvloop.run(measure(given.rows, given.at_once))


if __name__ == "__main__":
    main()
