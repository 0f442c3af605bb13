"""The history of a running session: opened, kept within its retention, closed.

Bodies are personal data: what is older than the retention is pruned at the start and every hour.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import StorageError
from gooclaim_cli.happenings import Level
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.history.pruning import Pruning, Wanted

HOUR: Final = 3600.0
Notify = Callable[[Level, str, str, str], None]


@asynccontextmanager
async def keeping(
    path: Path,
    *,
    environment: str,
    owner: str,
    is_gone: Callable[[str], bool],
    synchronous: str = "FULL",
    keep_bodies: bool = True,
    retain: float,
    clock: Callable[[], float],
    notify: Notify,
    every: float = HOUR,
) -> AsyncIterator[Ledger]:
    """Open the ledger and keep the history within `retain` seconds until it is closed.

    A damaged history that was set aside, and a pruning that failed, are told. Raises StorageError
    where nothing can be written, or what is left cannot be at the end.
    """
    ledger = Ledger(
        path,
        environment=environment,
        owner=owner,
        is_gone=is_gone,
        synchronous=synchronous,
        keep_bodies=keep_bodies,
        apart=True,
    )
    try:
        if ledger.set_aside is not None:
            notify(
                Level.WARNING,
                "history_set_aside",
                f"the history {path} was damaged; a new one was started",
                f"the old one is {ledger.set_aside}: nothing of it was deleted",
            )
        async with _pruned(path, ledger, retain, clock, notify, every):
            yield ledger
    finally:
        await ledger.close()


@asynccontextmanager
async def _pruned(
    path: Path,
    ledger: Ledger,
    retain: float,
    clock: Callable[[], float],
    notify: Notify,
    every: float,
) -> AsyncIterator[None]:
    ended = threading.Event()

    async def again_and_again() -> None:
        while True:
            now = clock()
            ledger.forget_old_keys(now)
            try:
                await asyncio.to_thread(prune, path, before=now - retain, now=now, ended=ended)
            except StorageError as error:
                notify(Level.WARNING, "history_not_pruned", error.message, error.hint)
            await asyncio.sleep(every)

    task = asyncio.create_task(again_and_again(), name="prune the history")
    try:
        yield
    finally:
        ended.set()  # a thread cannot be cancelled: it leaves after its batch
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def prune(path: Path, *, before: float, now: float, ended: threading.Event) -> int:
    """Prune what was received before, until `ended`; return how many went. Raises StorageError."""
    with Pruning(path) as pruning:
        doomed = pruning.find(Wanted(before=before), now=now)
        return pruning.run(doomed, stopped=ended.is_set).deliveries if doomed else 0
