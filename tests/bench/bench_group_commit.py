"""Ways to make deliveries durable before answering, against a commit each.

    python -m tests.bench.bench_group_commit [--rows 4000] [--at-once 32] [--work 25]

`each`: a transaction a row. `thread`: a writer thread that takes what has queued up. `here`: on the
event loop, a batch at a time. `apart`: in a process of its own, as a session does it. All with
synchronous=FULL, on files in one folder; between two rows of a sender, `--work` microseconds of
Python stand for receiving and verifying.
"""

import argparse
import asyncio
import contextlib
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop

from gooclaim_cli.history.apart import Apart
from gooclaim_cli.history.group_commit import GroupCommit, Writer
from gooclaim_cli.history.here import Here
from gooclaim_cli.history.operations import Operation, Store, Take
from gooclaim_cli.history.rows import DeliveryRow, as_json
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.writing import write

Done = Callable[[Sequence[object]], None]
BODY = b"x" * 600
HEADERS = as_json([(f"X-Header-{number}", "0" * 50) for number in range(7)])


def take(number: int) -> Take:
    """A delivery like those that arrive."""
    row = DeliveryRow(
        f"dlv_{number:026}",
        "bench/tnt_bench",
        float(number),
        f"evt_{number:026}",
        "workflow.completed",
        "tnt_bench",
        f"key_{number * 7919 % 1_000_003}",  # keys come in no order
        "[]",
        len(BODY),
        HEADERS,
        BODY,
        True,
    )
    return Take(row, "bench", float(number), 200, True, {})


class Each:
    """A transaction a row."""

    turns = 0
    enough = 1
    depth = 1

    def __init__(self, path: Path) -> None:
        self._store = Store(open_database(path))

    def write(self, operations: Sequence[Operation], done: Done) -> None:
        done([write(self._store, [operation])[0] for operation in operations])

    async def close(self, *, within: float) -> None:
        self._store.connection.close()


class Thread:
    """A writer thread, which the event loop hands a batch to."""

    turns = 1
    enough = 8
    depth = 4

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[Sequence[Operation], Done] | None]
        self._queue = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.closing(open_database(self._path)) as connection:
            store = Store(connection)
            while (batch := self._queue.get()) is not None:
                operations, done = batch
                self._loop.call_soon_threadsafe(done, write(store, operations))

    def write(self, operations: Sequence[Operation], done: Done) -> None:
        self._queue.put((operations, done))

    async def close(self, *, within: float) -> None:
        self._queue.put(None)
        self._thread.join()


WAYS: dict[str, Callable[[Path], Writer]] = {
    "each": Each,
    "thread": Thread,
    "here": lambda path: Here(open_database(path)),
    "apart": lambda path: Apart(path, synchronous="FULL"),
}


async def rate(writer: Writer, path: Path, rows: int, at_once: int, work: float) -> float:
    """Rows a second, `at_once` waiting at any time. What starts the writer is not timed."""
    commits = GroupCommit(writer, path)
    numbers = iter(range(rows))

    async def send() -> None:
        for number in numbers:
            busy_until = time.perf_counter() + work
            while time.perf_counter() < busy_until:
                pass
            await commits.submit(take(number))

    await commits.submit(take(rows))
    started = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(at_once)))
    elapsed = time.perf_counter() - started
    await commits.close()
    return rows / elapsed


async def measure(rows: int, at_once: int, work: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rates = {}
        for name, way in WAYS.items():
            path = Path(folder) / f"{name}.db"
            open_database(path).close()
            rates[name] = await rate(way(path), path, rows, at_once, work)
    for name, found in rates.items():
        print(f"{name:<8} ratio {found / rates['each']:.1f}  {found:.0f} rows/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--work", type=float, default=25.0, help="microseconds")
    given = parser.parse_args()
    uvloop.run(measure(given.rows, given.at_once, given.work / 1e6))


if __name__ == "__main__":
    main()
