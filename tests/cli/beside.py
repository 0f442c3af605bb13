"""What runs beside a command that has this thread for itself: servers, in a loop of their own."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from .support import PATIENCE

T = TypeVar("T")


@contextlib.contextmanager
def beside(manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Enter an asynchronous context in another thread; leave it there at the end."""
    found: list[T] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def scenario() -> None:
        async with manager as entered:
            found.append(entered)
            ready.set()
            await stopped.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(scenario(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()
