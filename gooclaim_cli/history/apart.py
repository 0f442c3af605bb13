"""Apart: writing the history in a process of its own, `writer`.

A session's loop is never kept by the disk, and the two work at the same time. What goes over are
frames: a batch of operations, and its results, as msgpack behind their length.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from gooclaim_cli.history.operations import Operation, Result, Unwritable
from gooclaim_cli.history.writing import LENGTH, Failure

_GONE_WITHIN: Final = 1.0  # once killed; not even that ends one that a disk does not answer
Done = Callable[[Sequence[object]], None]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Result | Failure])


class Apart:
    """Writes in a process of its own, which is started with the first batch.

    One that is gone is started again for the next batch; what it was at is told as not written.
    """

    turns = 1
    enough = 12
    depth = 3

    def __init__(self, path: Path, *, synchronous: str) -> None:
        program = ("-P", "-m", "gooclaim_cli.history.writer")
        self._command = (sys.executable, *program, str(path), synchronous)
        if synchronous != "FULL":  # a commit that does not wait for the disk is worth it sooner
            self.enough = 10
        self._process: _Process | None = None

    @property
    def process_id(self) -> int | None:
        """Of the process, where it runs."""
        return None if self._process is None else self._process.process_id

    def write(self, operations: Sequence[Operation], done: Done) -> None:
        """Send them over."""
        try:
            content = _encoder.encode(operations)
        except UnicodeEncodeError:
            content = _encoder.encode(list(map(_sendable, operations)))
        if self._process is None or self._process.ended:
            self._process = _Process(self._command)
        self._process.send(LENGTH.pack(len(content)) + content, done, len(operations))

    async def close(self, *, within: float) -> None:
        """End the process, which closes the file; after so many seconds it is killed."""
        if self._process is not None:
            await self._process.close(within)


class _Process(asyncio.SubprocessProtocol):
    """One process that writes, from its start to its end.

    It ends when its input does, so with this process, however that ends. What it still says once it
    has ended is heard by nobody: that is why the next one is another object.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.ended = False
        self._transport: asyncio.SubprocessTransport | None = None
        self._pipe: asyncio.WriteTransport | None = None
        self._unsent: list[bytes] = []  # until it runs
        self._waiting: deque[tuple[Done, int]] = deque()
        self._input = bytearray()
        self._end = asyncio.get_running_loop().create_future()
        self._starting = asyncio.get_running_loop().create_task(self._start(command))

    @property
    def process_id(self) -> int | None:
        """None while it starts."""
        return None if self._transport is None else self._transport.get_pid()

    def send(self, frame: bytes, done: Done, count: int) -> None:
        """Send a batch of so many operations; `done` is given their results."""
        self._waiting.append((done, count))
        if self._pipe is None:
            self._unsent.append(frame)
        elif not self._pipe.is_closing():  # else its end is about to be told (`process_exited`)
            self._pipe.write(frame)

    async def _start(self, command: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        # Ctrl-C in the terminal and a closed terminal are this process's alone to act on.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            await loop.subprocess_exec(lambda: self, *command, stderr=subprocess.DEVNULL, **apart)
        except OSError as error:
            self._fail(f"the process that writes it cannot be started: {error.strerror}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It runs."""
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._pipe = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))
        self._pipe.write(b"".join(self._unsent))
        self._unsent.clear()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what the process answers, batch by batch in the order in which they were sent."""
        self._input += data
        while len(self._input) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._input)
            end = LENGTH.size + length
            if len(self._input) < end or self.ended:
                return
            results = _decoder.decode(bytes(self._input[LENGTH.size : end]))
            del self._input[:end]
            done, _count = self._waiting.popleft()
            done(results)

    def process_exited(self) -> None:
        """It is gone: whatever it was at may or may not be written, and is not acknowledged."""
        if self._transport is not None:
            self._transport.close()
        self._fail("the process that writes it has ended")

    def _fail(self, text: str) -> None:
        self.ended = True
        failure = Failure(None, text, of_the_file=True)
        while self._waiting:
            done, count = self._waiting.popleft()
            done([failure] * count)
        if not self._end.done():
            self._end.set_result(None)

    async def close(self, within: float) -> None:
        """End its input, and wait until it has ended, which it is made to do if it takes long."""
        await self._starting
        if self._pipe is None or self._transport is None:
            return
        self._pipe.close()
        await asyncio.wait([self._end], timeout=within)
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()
            await asyncio.wait([self._end], timeout=_GONE_WITHIN)


def _sendable(operation: Operation) -> Operation:
    try:
        _encoder.encode(operation)
    except UnicodeEncodeError as error:
        return Unwritable(f"{error.reason}: {error.object[error.start : error.end]!r}")
    return operation
