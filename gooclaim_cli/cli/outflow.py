"""Writing what a session shows, in a thread of its own: nobody has to read it for events to flow.

A pipe whose reader is slow, or a terminal that is held (Ctrl-S), keeps whoever writes to it; and
the event loop has Gooclaim to answer meanwhile. POSIX alone: elsewhere streams are what they were.
"""

import io
import os
import select
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO, cast

_MOST_WAITING: Final = 16 * 1024 * 1024  # bytes; who writes more waits after all
_A_MOMENT: Final = 0.2
_AT_THE_END: Final = 1.0


class Outflow:
    """Writes to several streams in the order in which they were flushed.

    `on_error` is called in its thread, once, with what a stream could not be written for; then
    nothing more is.
    """

    def __init__(self, on_error: Callable[[OSError], None]) -> None:
        self._on_error = on_error
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._is_held = False
        self._failed = False
        threading.Thread(target=self._run, daemon=True, name="output").start()

    def put(self, descriptor: int, content: bytes) -> None:
        """Have this written."""
        with self._changed:
            self._changed.wait_for(lambda: self._size < _MOST_WAITING or self._failed)
            if not self._failed:
                self._waiting.append((descriptor, content))
                self._size += len(content)
                self._changed.notify_all()

    def settle(self) -> None:
        """Wait a moment until all is written; not again while it is held."""
        self._is_held = not self._wait(0.0 if self._is_held else _A_MOMENT)

    def close(self) -> None:
        """Wait until all is written, as long as somebody reads."""
        before = -1
        while not self._wait(_AT_THE_END) and self._size != before:
            before = self._size

    def _wait(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._size or self._failed, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                descriptor, content = self._waiting.popleft()
            try:
                _write(descriptor, content)
            except OSError as error:
                with self._changed:
                    self._failed = True
                    self._changed.notify_all()
                self._on_error(error)
                return
            with self._changed:
                self._size -= len(content)
                self._changed.notify_all()


class _Stream(io.TextIOBase):
    """Stands in for a stream; what is written goes on its way with `flush`."""

    def __init__(self, outflow: Outflow, target: TextIO) -> None:
        self._outflow = outflow
        self._target = target
        self._parts: list[str] = []

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's own."""
        return self._target.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """The stream's own."""
        return self._target.errors

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._target.isatty()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keep it until `flush`."""
        self._parts.append(text)
        return len(text)

    def flush(self) -> None:
        """Send it on its way."""
        if self._parts:
            content = "".join(self._parts).encode(self.encoding, self.errors or "strict")
            self._parts.clear()
            self._outflow.put(self._target.fileno(), content)


def aside(outflow: Outflow, stream: TextIO) -> TextIO:
    """What is to be written to in place of a stream; itself, where nothing can hold it up."""
    if sys.platform == "win32" or not _may_be_held(stream):
        return stream
    stream.flush()
    return cast(TextIO, _Stream(outflow, stream))


def _may_be_held(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # no file of the system's
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:  # whoever started us wants it so
            select.select([], [descriptor], [])
