"""Pacing: waking up when a request is due, to a fraction of a millisecond.

Event loops count in milliseconds (on Windows, in sixteens): their lateness would be told as the
handler's. A thread that sleeps is exact on every platform, and costs less than to spin.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from typing import Final, Self

_AT_A_TIME: Final = 0.0005  # seconds: what is due within them is released together
_ASLEEP: Final = 0.05  # seconds before the time that a long wait, which can be ended, ends


class Pacer:
    """An async context manager. Times are those of `time.perf_counter`."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._dues: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._is_set = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._keep_time, name="pacer", daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._dues.put(None)

    async def until(self, due: float) -> None:
        """Wait until a time, which is no earlier than any that is waited for already."""
        if time.perf_counter() >= due:
            return
        waits = self._loop.create_future()
        self._waiting.append((due, waits))
        if not self._is_set:
            self._set(due)
        await waits

    def _set(self, due: float) -> None:
        self._is_set = True
        self._dues.put(due)

    def _release(self) -> None:
        self._is_set = False
        now = time.perf_counter()
        while self._waiting and self._waiting[0][0] <= now:
            _, waits = self._waiting.popleft()
            if not waits.done():  # else it was cancelled
                waits.set_result(None)
        if self._waiting:
            self._set(max(self._waiting[0][0], now + _AT_A_TIME))

    def _keep_time(self) -> None:
        due = self._dues.get()
        while due is not None:
            rest = due - time.perf_counter()
            if rest > 2 * _ASLEEP:
                with contextlib.suppress(queue.Empty):
                    due = self._dues.get(timeout=rest - _ASLEEP)
                continue
            if rest > 0:
                time.sleep(rest)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._release)
            due = self._dues.get()
