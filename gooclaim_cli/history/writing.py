"""Writing operations: many to a transaction, and none sunk by another.

Owns what becomes of each when something fails. Blocks while it writes: who calls it decides where
that may be (`here`, `apart`).
"""

import sqlite3
import struct
from collections.abc import Sequence
from typing import Final

import msgspec

from gooclaim_cli.history.operations import Operation, Store
from gooclaim_cli.history.trouble import is_busy

PATIENCE: Final = 2.0  # seconds, for a lock that another process holds
LENGTH: Final = struct.Struct("!I")  # of what goes to a writer in a process of its own, and back


class Failure(msgspec.Struct, frozen=True, array_like=True, tag="failure"):
    """Why an operation was not written: SQLite's code (None: another's) and words.

    `of_the_file`: it is the file that cannot be written now, not this operation.
    """

    code: int | None
    text: str
    of_the_file: bool

    @property
    def busy(self) -> bool:
        """Whether another process holds the lock that was needed."""
        return is_busy(self.error())

    def error(self) -> sqlite3.Error:
        """The error that it was."""
        error = sqlite3.OperationalError(self.text)
        if self.code is not None:
            error.sqlite_errorcode = self.code
        return error


MOVED: Final = Failure(sqlite3.SQLITE_READONLY_DBMOVED, "it is another file now", of_the_file=True)


def write(store: Store, operations: Sequence[Operation]) -> list[object]:
    """Write all in one transaction, in order; where one fails, each in one of its own.

    Returns a result for each, a Failure for those that were not written.
    """
    try:
        return _write(store, operations)
    except sqlite3.OperationalError as error:  # the file, not an operation
        return [_failure(error, of_the_file=True)] * len(operations)
    except Exception:  # whatever one operation does, the others are written
        return _write_singly(store, operations)


def _write_singly(store: Store, operations: Sequence[Operation]) -> list[object]:
    results: list[object] = []
    for operation in operations:
        try:
            results += _write(store, [operation])
        except sqlite3.OperationalError as error:
            failure = _failure(error, of_the_file=True)
            return results + [failure] * (len(operations) - len(results))
        except Exception as error:  # told to whoever waits for it
            results.append(_failure(error, of_the_file=False))
    return results


def _write(store: Store, operations: Sequence[Operation]) -> list[object]:
    connection = store.connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [operation.run(store) for operation in operations]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _failure(error: Exception, *, of_the_file: bool) -> Failure:
    code = getattr(error, "sqlite_errorcode", None)
    return Failure(code, str(error) or type(error).__name__, of_the_file)
