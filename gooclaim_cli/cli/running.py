"""Running an asynchronous command: the event loop, and the signals that end it."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Final, TypeVar

from gooclaim_cli.errors import ExitCode

T = TypeVar("T")
_FILES: Final = 4096
_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
# Seconds within which two signals are one press of Ctrl-C: a relayed one comes within
# milliseconds, and nobody presses a key twice so soon.
_ONE_PRESS: Final = 0.25


def allow_many_files() -> None:
    """Let this process open as many connections as it means to bound itself."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows, or not allowed
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def collect_garbage_less_often() -> None:
    """Leave what was loaded so far out of collections, and make those rarer.

    A delivery leaves no cycles behind; looking for some at every 700 objects took a tenth of its
    time (tests/bench/bench_receive.py).
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where it exists."""
    allow_many_files()
    collect_garbage_less_often()
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def end_on_signals(stop: Callable[[], None], left_behind: Callable[[], str]) -> None:
    """Let SIGINT, SIGTERM and SIGHUP call `stop`; a SIGINT after one of them leaves at once.

    `left_behind` says what the person must then know.
    """
    loop = asyncio.get_running_loop()
    asked_at: float | None = None

    def end() -> None:
        nonlocal asked_at
        asked_at = loop.time() if asked_at is None else asked_at
        stop()

    def interrupt() -> None:
        if asked_at is None:
            end()
        elif loop.time() - asked_at >= _ONE_PRESS:  # else `timeout` or its like has relayed it
            sys.stderr.write(f"\nerror: left at once\n  {left_behind()}\n")
            sys.stderr.flush()
            os._exit(ExitCode.INTERRUPTED)

    def from_handler(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(interrupt)

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        action = interrupt if name in ("SIGINT", "SIGBREAK") else end
        if sys.platform == "win32":  # its event loops take no signal handlers
            signal.signal(number, from_handler)
        else:
            loop.add_signal_handler(number, action)
