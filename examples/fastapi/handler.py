"""A webhook handler for FastAPI that keeps Gooclaim's rules.

    GOOCLAIM_SIGNING_SECRET=... uvicorn handler:app --port 3000

An event is stored before it is answered and worked on after: a 2xx means "safely stored", and what
fails later is tried again here, not by Gooclaim. Your own work goes into `process`.
"""

import hashlib
import hmac
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

# Several with commas, while a new one replaces an old one.
SECRETS = re.findall(rb"[^,\s]+", os.environ.get("GOOCLAIM_SIGNING_SECRET", "").encode())
TOLERANCE = 5 * 60  # seconds that a timestamp may be off, either way
LARGEST = 1024 * 1024  # bytes of a body
LEASE = 10 * 60  # longer than any work takes: what is still in flight then has died
KEEP = 7 * 24 * 60 * 60  # how long a processed key is known
INBOX = Path("inbox.db")

if not SECRETS:
    raise SystemExit("GOOCLAIM_SIGNING_SECRET is not set")

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("handler")  # of types, ids and kinds of errors: never of data

Text = Annotated[str, Field(min_length=1)]


class Event(BaseModel):
    """The envelope. Members and event types of a later version are no error."""

    model_config = ConfigDict(extra="allow")
    event_id: Text
    event_type: Text
    tenant_id: Text
    occurred_at: AwareDatetime
    data: dict[str, Any]


def process(event: Event) -> None:
    """What your system does with an event.

    It runs again where it raised or its process died, so it must bear being repeated. Events may
    come in another order than they happened: `occurred_at` tells.
    """
    log.info("processed %a %a", event.event_type, event.event_id)


# The inbox has a row a key: waiting, in flight, failed or processed. `due` is when something is to
# be done about it: work, look after work that never ended, try again, forget. Each statement is a
# transaction of its own, so that several processes can share an inbox.
SCHEMA = """
    CREATE TABLE IF NOT EXISTS inbox (
        key TEXT PRIMARY KEY, state TEXT NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL,
        body BLOB
    );
    CREATE INDEX IF NOT EXISTS agenda ON inbox (state, due);
"""
ARRIVE = """
    INSERT INTO inbox VALUES (:key, 'waiting', :now, 0, :body)
    ON CONFLICT (key) DO UPDATE SET due = :now WHERE state = 'failed'
"""
TAKE = """
    UPDATE inbox SET state = 'in flight', due = :now + :lease, attempts = attempts + 1
    WHERE key = (SELECT key FROM inbox WHERE state IN ('waiting', 'in flight', 'failed')
                 AND due <= :now ORDER BY due LIMIT 1)
    RETURNING key, attempts, body
"""
FAIL = """
    UPDATE inbox SET state = 'failed', due = :now + :wait
    WHERE key = :key AND state = 'in flight' AND attempts = :attempts
"""
FINISH = "UPDATE inbox SET state = 'processed', due = :now + :keep, body = NULL WHERE key = :key"
FORGET = "DELETE FROM inbox WHERE state = 'processed' AND due <= :now"

in_turn = threading.Lock()  # fairer than SQLite's own waiting
arrived = threading.Event()
stopping = threading.Event()


class Inbox:
    """A connection to the inbox, which any thread may use."""

    def __init__(self, synchronous: str) -> None:
        INBOX.touch(mode=0o600)  # claims are personal data
        self.database = sqlite3.connect(INBOX, 3, isolation_level=None, check_same_thread=False)
        self.database.executescript(SCHEMA)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(f"PRAGMA synchronous = {synchronous}")

    def run(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with in_turn:
            return self.database.execute(statement, values | {"now": time.time()}).fetchall()


arrivals = Inbox("FULL")  # what was answered with 2xx outlives a power cut
agenda = Inbox("NORMAL")  # a power cut may make work be done again


def work() -> None:
    """Process what is due, one after the other. More threads of this do more at a time."""
    while not stopping.is_set():
        arrived.clear()
        try:
            if not work_on_one():
                agenda.run(FORGET)
                arrived.wait(timeout=1)
        except sqlite3.Error as error:  # a full disk must not end the worker
            log.warning("inbox: %s", error)
            stopping.wait(timeout=1)


def work_on_one() -> bool:
    for key, attempts, body in agenda.run(TAKE, lease=LEASE):
        try:
            process(Event.model_validate_json(body))
        except Exception as error:
            log.warning("failed %a, attempt %d: %s", key, attempts, type(error).__name__)
            agenda.run(FAIL, key=key, attempts=attempts, wait=min(2 ** (attempts - 1), 3600))
        else:
            agenda.run(FINISH, key=key, keep=KEEP)
        return True
    return False


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    worker = threading.Thread(target=work)
    worker.start()
    yield
    stopping.set()
    arrived.set()
    worker.join()  # finishes what it is at


app = FastAPI(lifespan=lifespan, openapi_url=None)


async def raw_body(request: Request) -> bytes:
    """The bytes that were signed, before anything parses them."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise HTTPException(413)
    except ClientDisconnect:  # in the middle of the body: no fault of ours
        raise HTTPException(400) from None
    return bytes(body)


@app.post("/", status_code=202)
def receive(request: Request, body: Annotated[bytes, Depends(raw_body)]) -> None:
    """Check a delivery, store it, answer. It is no coroutine since it waits for the disk."""
    given = request.headers.get("X-Gooclaim-Signature", "").encode()
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in SECRETS]
    if not any(hmac.compare_digest(each, given) for each in expected):  # in constant time
        raise HTTPException(401)
    timestamp = request.headers.get("X-Gooclaim-Timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        raise HTTPException(401)
    try:
        event = Event.model_validate_json(body)
    except ValidationError:
        raise HTTPException(400) from None
    key = request.headers.get("X-Gooclaim-Idempotency-Key")
    if not key or request.headers.get("X-Gooclaim-Event", event.event_type) != event.event_type:
        raise HTTPException(400)
    arrivals.run(ARRIVE, key=key, body=body)  # raises: 500, and Gooclaim tries again
    arrived.set()
