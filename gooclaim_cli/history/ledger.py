"""Ledger: the writing side of the history: deliveries, forwards and idempotency keys.

What must be durable before Gooclaim is answered is awaited; a forward's outcome rides on a later
commit.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from gooclaim_cli.errors import StorageError
from gooclaim_cli.futures import resolve
from gooclaim_cli.happenings import HandlerAnswer
from gooclaim_cli.history.apart import Apart
from gooclaim_cli.history.group_commit import GroupCommit
from gooclaim_cli.history.here import Here
from gooclaim_cli.history.keys import Claim
from gooclaim_cli.history.operations import (
    Claimed,
    ForgetKeys,
    HeldBy,
    RecordForward,
    Settle,
    StoreCapture,
    StoreRejected,
    Take,
)
from gooclaim_cli.history.records import ForwardKind, Outcome
from gooclaim_cli.history.recovery import open_or_set_aside
from gooclaim_cli.history.rows import DeliveryRow, as_json
from gooclaim_cli.wire import Delivery, Verdict

_STORED_ANSWER: Final = 64 * 1024
_OVERHEAD: Final = 4096  # about what a delivery takes beside its body
_MOST_TO_STORE: Final = 64 * 1024 * 1024  # bytes that wait for a disk which does not keep up
_LARGEST: Final = 2**63 - 1  # an integer of SQLite's; a sender may declare any length


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be stored, with what verifying found. `size` is that of the body as it came."""

    delivery_id: str
    received_at: float
    delivery: Delivery
    verdict: Verdict
    idempotency_key: str | None
    size: int


class Ledger:
    """Writes the history of one session. Use from one event loop; `close` writes what is left.

    Keys are scoped by `environment` and the event's tenant; `owner` names this session in the keys
    it claims, `is_gone` tells whether another session is no longer running. `set_aside` is where a
    damaged history was put, None where there was none. Without `keep_bodies`, of a body only its
    size and hash are written. With `apart`, a process of its own writes. Raises StorageError.
    """

    def __init__(
        self,
        path: Path,
        *,
        environment: str,
        owner: str,
        is_gone: Callable[[str], bool],
        synchronous: str = "FULL",
        keep_bodies: bool = True,
        apart: bool = False,
    ) -> None:
        self._environment = environment
        self._owner = owner
        self._is_gone = is_gone
        self._keep_bodies = keep_bodies
        self._to_store = 0
        connection, self.set_aside = open_or_set_aside(path, synchronous=synchronous)
        if apart:
            connection.close()
            self._commits = GroupCommit(Apart(path, synchronous=synchronous), path)
        else:
            self._commits = GroupCommit(Here(connection), path)

    @property
    def keeps_up(self) -> bool:
        """Whether more may be brought: what waits to be stored is held in memory."""
        return self._to_store < _MOST_TO_STORE

    async def take(
        self, arrival: Arrival, *, now: float, answer: int | None = None, shown: bool = True
    ) -> Claim:
        """Claim the key and store the delivery, in one transaction, durable on return.

        `answer` is the status that it will be answered with, where that is known already: unless
        its key is in flight, it is then settled, too. Raises StorageError: then nothing was stored
        and nothing may be acknowledged.
        """
        done: asyncio.Future[Claim] = asyncio.get_running_loop().create_future()
        self.begin_take(arrival, partial(resolve, done), now=now, answer=answer, shown=shown)
        return await done

    def begin_take(
        self,
        arrival: Arrival,
        then: Callable[[Claim | StorageError], None],
        *,
        now: float,
        answer: int | None = None,
        shown: bool = True,
    ) -> None:
        """Do what `take` does, and call `then` with what that returns or raises.

        `then` must not raise.
        """
        size = self._enter(arrival)
        take = Take(self._row(arrival), self._owner, now, answer, shown, {})
        self._commits.call(take, partial(self._taken, take, size, then))

    def _taken(
        self,
        take: Take,
        size: int,
        then: Callable[[Claim | StorageError], None],
        result: Claimed | HeldBy | StorageError,
    ) -> None:
        if isinstance(result, HeldBy):
            running = {**take.running, result.owner: not self._is_gone(result.owner)}
            again = msgspec.structs.replace(take, running=running)
            self._commits.call(again, partial(self._taken, again, size, then))
            return
        self._to_store -= size
        then(result.claim if isinstance(result, Claimed) else result)

    async def take_unverified(self, arrival: Arrival) -> None:
        """Store a delivery that was not verified but is passed on: durable on return, and no key.

        Raises StorageError: then nothing was stored and nothing may be acknowledged.
        """
        size = self._enter(arrival)
        stored = self._commits.submit(StoreRejected(self._row(arrival), None))
        stored.add_done_callback(partial(self._leave, size))
        await stored

    def _enter(self, arrival: Arrival) -> int:
        """Count what waits to be stored; the size that it is counted with."""
        size = len(arrival.delivery.body) + _OVERHEAD
        self._to_store += size
        return size

    def _leave(self, size: int, _done: object) -> None:
        self._to_store -= size

    def store_rejected(self, arrival: Arrival, *, status: int) -> None:
        """Store a delivery that was not verified: it touches no key. Rides on a later commit.

        The oldest of these go for the newest (`trimming`).
        """
        weight = len(arrival.delivery.body) + _OVERHEAD
        self._commits.enqueue(StoreRejected(self._row(arrival), status), weight=weight)

    def store_capture(self, arrival: Arrival) -> None:
        """Store a delivery that came from a file: it touches no key. Rides on a later commit."""
        self._commits.enqueue(StoreCapture(self._row(arrival)))

    def settle(self, arrival: Arrival, *, status: int | None, outcome: Outcome, now: float) -> None:
        """Note what Gooclaim was answered (None: it hung up), and free a claimed key."""
        self._commits.enqueue(
            Settle(
                arrival.delivery_id,
                self._scope(arrival),
                arrival.idempotency_key,
                status,
                outcome.value,
                now,
            )
        )

    def record_forward(
        self,
        delivery_id: str,
        answer: HandlerAnswer,
        *,
        started_at: float,
        late: bool,
        kind: ForwardKind = "live",
    ) -> None:
        """Note one forward and its outcome. Of the answer's body, 64 KiB are kept."""
        body = answer.body[:_STORED_ANSWER] if self._keep_bodies else b""
        self._commits.enqueue(
            RecordForward(
                delivery_id,
                kind,
                answer.url,
                started_at,
                answer.status,
                answer.ms,
                answer.error,
                answer.message,
                late,
                as_json(answer.headers),
                body,
                self._keep_bodies or not answer.body,
            )
        )

    def forget_old_keys(self, now: float) -> None:
        """Drop keys that nothing has touched for seven days."""
        self._commits.enqueue(ForgetKeys(now))

    async def close(self) -> None:
        """Write what is queued and close the file. Raises StorageError if it cannot be written."""
        await self._commits.close()

    def _scope(self, arrival: Arrival) -> str:
        event = arrival.verdict.event
        return f"{self._environment}/{event.tenant_id if event else ''}"

    def _row(self, arrival: Arrival) -> DeliveryRow:
        verdict, event = arrival.verdict, arrival.verdict.event
        return DeliveryRow(
            arrival.delivery_id,
            self._scope(arrival),
            arrival.received_at,
            event.event_id if event else None,
            event.event_type if event else None,
            event.tenant_id if event else None,
            arrival.idempotency_key,
            as_json(tuple(dict.fromkeys(verdict.codes))) if verdict.findings else "[]",
            min(arrival.size, _LARGEST),
            as_json(arrival.delivery.headers),
            arrival.delivery.body,
            self._keep_bodies,
        )
