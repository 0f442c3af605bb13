"""The process that writes the history of a session: `python -m gooclaim_cli.history.writer`.

Reads batches of operations from its standard input and answers each with their results on its
standard output, both as msgpack behind their length, until the input ends. It starts with each
session, and loads no event loop.
"""

import signal
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from gooclaim_cli.errors import StorageError
from gooclaim_cli.history.backfill import Backfill
from gooclaim_cli.history.operations import Carried, Store
from gooclaim_cli.history.schema import open_database
from gooclaim_cli.history.writing import LENGTH, MOVED, PATIENCE, Failure, write


def serve(path: Path, synchronous: str, source: BinaryIO, sink: BinaryIO) -> None:
    """Write what comes, until nothing more does. The file is opened with the first batch.

    One that was moved away or deleted since would be written on, and read by nobody: its batch has
    failed, and with the next one another is opened.
    """
    decoder = msgspec.msgpack.Decoder(list[Carried])
    encoder = msgspec.msgpack.Encoder()
    store: Store | None = None
    backfill: Backfill | None = None
    file: tuple[int, int] | None = None
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        content = source.read(length)
        if len(content) < length:
            break  # whoever sent it is gone: nobody was told that it is written
        operations = decoder.decode(content)
        try:
            if store is None:
                store = _open(path, synchronous)
                file = _file_at(path)
                backfill = Backfill(path, store.connection) if synchronous == "NORMAL" else None
            if _file_at(path) == file:
                results = write(store, operations)
            else:
                results = [MOVED] * len(operations)
                _close(store, backfill)
                store = backfill = None
        except StorageError as error:
            results = [Failure(None, error.message, of_the_file=True)] * len(operations)
        answer = encoder.encode(results)
        sink.write(LENGTH.pack(len(answer)) + answer)
        sink.flush()
        if backfill is not None:
            backfill.after(len(operations))
    _close(store, backfill)


def _close(store: Store | None, backfill: Backfill | None) -> None:
    if backfill is not None:
        backfill.close()
    if store is not None:
        store.connection.close()  # of what was moved, SQLite leaves alone what has its names now


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file has this name; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: Path, synchronous: str) -> Store:
    return Store(open_database(path, synchronous=synchronous, busy_ms=round(PATIENCE * 1000)))


if __name__ == "__main__":
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # it ends when its input does, and not before
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    serve(Path(sys.argv[1]), sys.argv[2], sys.stdin.buffer, sys.stdout.buffer)
