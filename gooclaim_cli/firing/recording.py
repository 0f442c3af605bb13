"""Replays in the history: each is a forward of the delivery that it carried.

What was replayed from a file and is not in the history yet is stored first, so that its forwards
have a place.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random, SystemRandom

from gooclaim_cli.firing.range import Fired
from gooclaim_cli.firing.replays import Original
from gooclaim_cli.history.ledger import Arrival, Ledger
from gooclaim_cli.history.reading import Filter, HistoryReader
from gooclaim_cli.receiver.forwarding import answer_of
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import BodyNotJsonError, EnvelopeInvalidError, Event, Verdict, decode_event


class Recorder:
    """Writes what was replayed. `path` is the history's."""

    def __init__(
        self,
        ledger: Ledger,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self._ledger = ledger
        self._path = path
        self._clock = clock
        self._random = random or SystemRandom()
        self._stored: dict[str, str] = {}

    def record(self, original: Original, fired: Fired) -> str:
        """Note one replay; return the id of the delivery that it belongs to."""
        delivery_id = original.delivery_id or self._delivery_of(original, fired)
        answer = answer_of(fired.to, fired.outcome)
        self._ledger.record_forward(
            delivery_id, answer, started_at=fired.at, late=False, kind="replay"
        )
        return delivery_id

    def _delivery_of(self, original: Original, fired: Fired) -> str:
        """The delivery of the history that has these bytes and this key; stored where none has."""
        key = original.idempotency_key
        digest = hashlib.sha256(original.delivery.body).hexdigest()
        name = f"{digest} {key}"
        if name not in self._stored:
            self._stored[name] = self._known(key, digest) or self._store(original, key)
        return self._stored[name]

    def _known(self, key: str | None, digest: str) -> str | None:
        if key is None:
            return None
        with HistoryReader(self._path) as reader:
            for stored in reader.list(Filter(idempotency_key=key)):
                if stored.body_sha256 == digest:
                    return stored.delivery_id
        return None

    def _store(self, original: Original, key: str | None) -> str:
        now = self._clock()
        arrival = Arrival(
            delivery_id=f"dlv_{new_ulid(now, self._random)}",
            received_at=now,
            delivery=original.delivery,
            verdict=Verdict((), _event(original.delivery.body), None),
            idempotency_key=key,
            size=len(original.delivery.body),
        )
        self._ledger.store_capture(arrival)
        return arrival.delivery_id


@asynccontextmanager
async def recording(path: Path, *, environment: str, keep_bodies: bool) -> AsyncIterator[Recorder]:
    """Open the history for replays, beside sessions that run. Raises StorageError."""
    ledger = Ledger(
        path,
        environment=environment,
        owner="replay",  # it claims no keys
        is_gone=lambda _owner: False,
        synchronous="NORMAL",
        keep_bodies=keep_bodies,
    )
    try:
        yield Recorder(ledger, path)
    finally:
        await ledger.close()


def _event(body: bytes) -> Event | None:
    try:
        return decode_event(body)
    except (BodyNotJsonError, EnvelopeInvalidError):
        return None
