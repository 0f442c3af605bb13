"""Listing and looking up at a million deliveries against a thousand, and what pruning costs.

    python -m tests.bench.bench_history [--rows 1000000] [--rounds 9] [--plans]

Whole processes, small and large taking turns; each ratio is that of the medians. Aim: 1.5 at most
for the list and the look-ups. The databases are made here, in a temporary folder; a million take a
gigabyte and a minute. --plans prints how SQLite goes about each query.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gooclaim_cli.history.pruning import Pruning, Wanted
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.history.records import Outcome
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.trimming import trim

SMALL = 1000
HEADERS = json.dumps(
    [
        ["content-type", "application/json"],
        ["x-gooclaim-event", "workflow.completed"],
        ["x-gooclaim-signature", "0" * 64],
        ["x-gooclaim-timestamp", "1779272065"],
        ["x-gooclaim-idempotency-key", "0" * 32],
    ]
)
COMMANDS = {
    "history --limit 20": ["--limit", "20"],
    "history show ID": ["show", "evt_{middle}"],
    "history show ID's start": ["show", "dlv_{start}"],
    "history show evt_…ENDING": ["show", "evt_…{ending}"],
    "history --outcome failed": ["--outcome", "failed", "--limit", "20"],
    "history --since 1m": ["--since", "1m", "--limit", "20"],
    "history --since 7d": ["--since", "7d", "--limit", "20"],
    "history --type (rare)": ["--type", "claim.*", "--limit", "20"],
}


def name(number: int) -> str:
    """An id as long as a ULID, unlike its neighbours."""
    return f"{number * 2654435761 % 2**32:010d}{number:016d}"


def rows(count: int, now: float) -> Iterator[tuple[Any, ...]]:
    """Deliveries of the last seven days, evenly; one in ten thousand failed."""
    for number in range(count):
        outcome = "failed" if number % 10_000 == 5000 else "delivered"
        event_type = "claim.fraud_suspect" if number % 10_000 == 1 else "workflow.completed"
        at = now - 7 * 86_400 * (1 - number / count)
        ident = name(number)
        ids = f"dlv_{ident}", "sandbox/tnt", at, f"evt_{ident}", event_type, "tnt", f"idem_{ident}"
        yield (*ids, 1, "fresh", outcome, "[]", 200, 600, "0" * 64, HEADERS, b"x" * 600)


def build(folder: Path, count: int) -> Path:
    """A database with so many deliveries."""
    path = folder / "history.db"
    connection = open_database(path, synchronous="OFF")
    connection.execute("PRAGMA wal_autocheckpoint = 100000")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO delivery (delivery_id, scope, received_at, event_id, event_type, tenant_id,"
        " idempotency_key, attempt, disposition, outcome, reasons, response_status, size,"
        " body_sha256, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows(count, time.time()),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def milliseconds(home: Path, arguments: list[str]) -> float:
    """Run `gooclaim history` to its end."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "gooclaim_cli", "history", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"GOOCLAIM_HOME": str(home)},
    )
    return (time.perf_counter() - started) * 1000


def compare(homes: dict[int, Path], rounds: int) -> None:
    """Print each command's ratio."""
    for label, arguments in COMMANDS.items():
        times: dict[int, list[float]] = {count: [] for count in homes}
        for number in range(rounds):
            for count, home in homes.items():
                ident = name(count // 2 + number)
                given = {"middle": ident, "start": ident[:18], "ending": ident[-8:]}
                filled = [each.format_map(given) for each in arguments]
                if label.endswith("start"):  # what stands behind it differs
                    filled[-1] = f"dlv_{ident[:-1]}"
                times[count].append(milliseconds(home, filled))
        few, many = (statistics.median(each) for each in times.values())
        print(f"{label:<26} ratio {many / few:.2f}  {max(homes):,} rows {many:.0f} ms, {few:.0f}")


def show_plans(path: Path) -> None:
    """Print how SQLite goes about what readers, pruning and trimming ask."""
    connection = open_database(path)
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    with Pruning(path) as pruning:
        assert pruning._connection is not None
        pruning._connection.set_trace_callback(seen.append)
        pruning.find(Wanted(before=0.0), now=time.time())
    with HistoryReader(path) as reader:
        assert reader._connection is not None
        reader._connection.set_trace_callback(seen.append)
        since = time.time() - 60
        for wanted in (
            Filter(limit=20),
            Filter(outcome=Outcome.FAILED, limit=20),
            Filter(outcome=Outcome.DELIVERED, limit=20),
            Filter(event_type="claim.*", limit=20),
            Filter(since=since, limit=20),
        ):
            list(reader.list(wanted))
        next(reader.details(Filter(since=since)))
        for wanted_id in (f"evt_{name(5)}", "evt_…" + name(5)[-8:]):
            reader.find(wanted_id)
    trim(connection, budget=1.0)
    connection.execute("DELETE FROM delivery WHERE id = -1 AND received_at = 0.0")
    connection.set_trace_callback(None)
    for sql in seen:
        if sql.startswith(("SELECT", "DELETE")):
            print(f"\n{sql}")
            for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"):
                print(f"    {row[3]}")
    connection.close()


async def stalls(path: Path, before: float) -> tuple[int, float, float]:
    """Prune in a thread beside a loop that writes: rows, seconds, the longest wait of the loop."""
    connection = open_database(path)
    connection.execute("PRAGMA busy_timeout = 20")
    loop = asyncio.get_running_loop()

    def prune() -> int:
        with Pruning(path) as pruning:
            doomed = pruning.find(Wanted(before=before), now=time.time())
            return sum(pruning.batches(doomed))

    started, longest = loop.time(), 0.0
    task = asyncio.ensure_future(asyncio.to_thread(prune))
    while not task.done():
        last = loop.time()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE delivery SET response_status = 201 WHERE id = 1")
            connection.execute("COMMIT")
        except sqlite3.OperationalError:
            pass  # busy: the ledger tries again later
        longest = max(longest, loop.time() - last)
        await asyncio.sleep(0.002)
    connection.close()
    return task.result(), loop.time() - started, longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--plans", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as few, tempfile.TemporaryDirectory() as many:
        homes = {SMALL: Path(few), given.rows: Path(many)}
        started = time.perf_counter()
        paths = [build(home, count) for count, home in homes.items()]
        print(f"made {given.rows:,} rows in {time.perf_counter() - started:.0f} s")
        if given.plans:
            show_plans(paths[1])
        compare(homes, given.rounds)
        gone, seconds, longest = asyncio.run(stalls(paths[1], time.time() - 6.8 * 86_400))
        print(
            f"pruned {gone:,} rows in {seconds:.1f} s beside a writer that waited"
            f" {longest * 1000:.0f} ms at most"
        )


if __name__ == "__main__":
    main()
