"""Waiting for what a developer changes, and for the handler that then restarts itself."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import GooclaimError, UsageError

_TOGETHER_MS: Final = 200  # an editor writes several files within this time
_TRY_EVERY: Final = 0.05


@contextlib.asynccontextmanager
async def changes(paths: Sequence[Path]) -> AsyncIterator["Changes"]:
    """Watch files and folders. Raises UsageError for one that is not there."""
    missing = [each for each in paths if not each.exists()]
    if missing:
        raise UsageError(f"--watch: there is no {missing[0]}", "name a file or a folder")
    resolved = [each.resolve() for each in paths]
    folders = [each for each in resolved if each.is_dir()]
    files = frozenset(each for each in resolved if not each.is_dir())
    seen = Changes()
    # An editor may put a new file in a file's place: the folder around it is watched.
    parents = [each.parent for each in files]
    watchers = [
        asyncio.create_task(seen.follow(places, only))
        for places, only in ((folders, None), (parents, files))
        if places
    ]
    try:
        yield seen
    finally:
        for each in watchers:
            each.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)


class Changes:
    """What has changed, as it is seen."""

    def __init__(self) -> None:
        self._seen: asyncio.Queue[frozenset[Path] | GooclaimError] = asyncio.Queue()

    async def next(self) -> frozenset[Path]:
        """Wait for a change; return all that has changed since the last. Raises GooclaimError."""
        changed: frozenset[Path] = frozenset()
        while not changed or not self._seen.empty():
            found = await self._seen.get()
            if isinstance(found, GooclaimError):
                raise found
            changed |= found
        return changed

    def _note(self, names: Sequence[str], only: frozenset[Path] | None) -> None:
        paths = frozenset(Path(name).resolve() for name in names)
        if wanted := paths if only is None else paths & only:
            self._seen.put_nowait(wanted)

    async def follow(self, places: Sequence[Path], only: frozenset[Path] | None) -> None:
        """Watch folders: these files in them, or (None) all that is in and below them."""
        from watchfiles import awatch  # costs start-up

        try:
            async for found in awatch(
                *places, recursive=only is None, debounce=_TOGETHER_MS, step=_TOGETHER_MS // 4
            ):
                self._note([name for _, name in found], only)
        except (OSError, RuntimeError) as error:
            problem = GooclaimError(
                f"--watch: {', '.join(map(str, places))} cannot be watched: {error}",
                "watch fewer folders, or files alone",
            )
            self._seen.put_nowait(problem)


async def until_back(url: str, *, begins_within: float, patience: float) -> None:
    """Wait for a handler to restart, if it does, and to be there.

    A connection is held to the old one: when that ends, it has gone. Some servers keep their port
    open all along, and some never restart: after `begins_within` seconds it is taken for one that
    does not. Then a connection is tried until `patience` seconds are over. Raises GooclaimError
    where it is not there by then.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(begins_within):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                await reader.read(1)
            finally:
                await _end(writer)
    give_up_at = time.monotonic() + patience
    while not await _is_there(host, port):
        if time.monotonic() > give_up_at:
            raise GooclaimError(
                f"the handler has not come back within {patience:g} s",
                "look at its output; the next change is waited for",
            )
        await asyncio.sleep(_TRY_EVERY)


async def _is_there(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    await _end(writer)
    return True


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
