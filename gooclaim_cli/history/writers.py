"""Writers: where the writing of the history takes place.

`Here`, on the event loop itself, which waits meanwhile: simple, and right for little. `Apart`, in a
process of its own: a session's loop is never kept by the disk, and the two work at the same time
(tests/bench/bench_group_commit.py compares them, a writer thread and a commit each).
"""

import asyncio
import contextlib
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from gooclaim_cli.history.operations import Operation, Result, Store, Unwritable
from gooclaim_cli.history.writing import Failure, write

PATIENCE: Final = 2.0
# Another process may hold the write lock: the loop waits this long, then lets others run.
_BUSY_MS: Final = 20
_LEAVES_WITHIN: Final = 10.0
LENGTH: Final = struct.Struct("!I")
Done = Callable[[Sequence[object]], None]


class Here:
    """Writes on the event loop. Owns the connection.

    While another process writes, it comes back to it, for `patience` seconds at most.
    """

    turns = 3
    enough = sys.maxsize

    def __init__(self, connection: sqlite3.Connection, *, patience: float = PATIENCE) -> None:
        self._store = Store(connection)
        self._patience = patience
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")

    def write(self, operations: Sequence[Operation], done: Done) -> None:
        """Write them now."""
        self._go_on(operations, [], done, asyncio.get_running_loop().time())

    def _go_on(
        self, operations: Sequence[Operation], before: list[object], done: Done, since: float
    ) -> None:
        loop = asyncio.get_running_loop()
        results = [*before, *write(self._store, operations[len(before) :])]
        busy = [n for n, each in enumerate(results) if isinstance(each, Failure) and each.busy]
        if busy and loop.time() - since < self._patience:
            written = results[: busy[0]]
            loop.call_later(_BUSY_MS / 1000, self._go_on, operations, written, done, since)
        else:
            done(results)

    async def close(self) -> None:
        """Close the file."""
        self._store.connection.close()


class Apart(asyncio.SubprocessProtocol):
    """Writes in a process of its own (`writer`), which is started with the first batch.

    It ends when its input does, so with this process, however that ends. One that is gone is
    started again for the next batch; what it was at is told as not written.
    """

    turns = 1
    enough = 16

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self._command = [
            sys.executable,
            "-P",
            "-m",
            "gooclaim_cli.history.writer",
            path,
            synchronous,
        ]
        self._process: asyncio.SubprocessTransport | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[None] | None = None
        self._done: Done | None = None
        self._count = 0
        self._input = bytearray()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Result | Failure])

    def write(self, operations: Sequence[Operation], done: Done) -> None:
        """Send them over."""
        self._done, self._count = done, len(operations)
        try:
            content = self._encoder.encode(operations)
        except UnicodeEncodeError:
            content = self._encoder.encode(list(map(self._sendable, operations)))
        frame = LENGTH.pack(len(content)) + content
        if self._process is None:
            self._starting = asyncio.get_running_loop().create_task(self._start(frame))
        else:
            self._send(frame)

    def _sendable(self, operation: Operation) -> Operation:
        try:
            self._encoder.encode(operation)
        except UnicodeEncodeError as error:
            return Unwritable(f"{error.reason}: {error.object[error.start : error.end]!r}")
        return operation

    async def _start(self, frame: bytes) -> None:
        loop = asyncio.get_running_loop()
        # Ctrl-C in the terminal and a closed terminal are this process's alone to act on.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            process, _ = await loop.subprocess_exec(
                lambda: self, *map(str, self._command), stderr=subprocess.DEVNULL, **apart
            )
        except OSError as error:
            self._fail(f"the process that writes it cannot be started: {error.strerror}")
            return
        if process is self._process:  # else it has ended by now, which was told
            self._send(frame)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It runs."""
        self._process = cast(asyncio.SubprocessTransport, transport)
        self._ended = asyncio.get_running_loop().create_future()
        self._input.clear()

    def _send(self, frame: bytes) -> None:
        if self._process is not None:
            pipe = cast(asyncio.WriteTransport, self._process.get_pipe_transport(0))
            pipe.write(frame)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what the process answers."""
        self._input += data
        if len(self._input) < LENGTH.size:
            return
        (length,) = LENGTH.unpack_from(self._input)
        if len(self._input) >= LENGTH.size + length:
            results = self._decoder.decode(memoryview(self._input)[LENGTH.size :])
            self._input = bytearray()
            self._tell(results)

    def process_exited(self) -> None:
        """It is gone: whatever it was at may or may not be written, and is not acknowledged."""
        process, self._process = self._process, None
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
        if process is not None:
            process.close()
        self._fail("the process that writes it has ended")

    def _fail(self, text: str) -> None:
        self._tell([Failure(None, text, of_the_file=True)] * self._count)

    def _tell(self, results: Sequence[object]) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(results)

    async def close(self) -> None:
        """End the process, which closes the file."""
        if self._process is None or self._ended is None:
            return
        cast(asyncio.WriteTransport, self._process.get_pipe_transport(0)).close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVES_WITHIN):
                await asyncio.shield(self._ended)
        if self._process is not None:
            self._process.kill()
            await self._ended
