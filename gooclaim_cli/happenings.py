"""What a session tells whoever watches it: small frozen values, no behaviour, no formatting.

The receiver and the session make them; a renderer shows them to a person or writes them as JSON.
Text in them may come off the wire: it is escaped where it is shown, never here. Times are UNIX
seconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from gooclaim_cli.story_happenings import StoryHappening
from gooclaim_cli.wire import Delivery, Finding


class Level(StrEnum):
    """How much a notice matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Disposition(StrEnum):
    """What its idempotency key made of a delivery; REJECTED where it was not verified."""

    FRESH = "fresh"
    RETRY = "retry"
    DUPLICATE = "duplicate"
    IN_FLIGHT = "in_flight"
    REJECTED = "rejected"


class Target(StrEnum):
    """To whom a delivery is passed on, beside the handler."""

    HOME = "home"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Handler:
    """Where events whose type matches `pattern` (fnmatch) go."""

    pattern: str
    url: str


class HandlerAnswer(msgspec.Struct, frozen=True):
    """What the developer's handler answered, or why it did not.

    `error` is a stable code (`connection_refused`, …, `deadline_exceeded`), `message` says it in
    words. `body` is cut at the sender's limit.
    """

    url: str
    status: int | None
    ms: float
    error: str | None
    message: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Gooclaim's rule: a 2xx and nothing else."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class SandboxFacts:
    """What another process needs to use a running sandbox. Its secrets are throwaway."""

    api_url: str
    client_id: str
    client_secret: str = field(repr=False)
    tenant_id: str
    signing_secret: str = field(repr=False)
    ca_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An event could now really be received.

    `public_url` is None where nobody but the user knows it (`--tunnel none`). `events` is the
    pattern of the types that are shown and forwarded, `ends_at` when the session ends by itself,
    `inspector` the URL of the tunnel program's own page. `home_known` False: another session's URL
    was there, and nobody knows what belongs there. `restore_command` puts `previous_url` back from
    another machine. `home_url` is where deliveries are passed on to, None where they are not.
    """

    at: float
    environment: str
    tenant_id: str | None
    public_url: str | None
    local_url: str
    handlers: tuple[Handler, ...]
    tunnel: str
    registered: bool
    previous_url: str | None
    deadline: float
    home_known: bool = True
    restore_command: str | None = None
    events: str = "*"
    ends_at: float | None = None
    home_url: str | None = None
    answer_from: str = "handler"
    copy_to: tuple[str, ...] = ()
    keeps_bodies: bool = True
    sandbox: SandboxFacts | None = None
    inspector: str | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, once Gooclaim has been answered.

    `response_status` is None where the sender hung up before it could be. `home` is the home URL's
    answer, where that is the one that counts; `handler` then is what came of it until the deadline.
    """

    at: float
    delivery_id: str
    event_id: str | None
    event_type: str | None
    idempotency_key: str | None
    size: int
    findings: tuple[Finding, ...]
    disposition: Disposition
    attempt: int
    response_status: int | None
    handler: HandlerAnswer | None
    delivery: Delivery
    home: HandlerAnswer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateAnswer:
    """A handler's answer that came after the deadline.

    Gooclaim had been told 504 by then, unless another's answer `counted`.
    """

    at: float
    delivery_id: str
    event_id: str
    event_type: str
    handler: HandlerAnswer
    counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """A delivery that was passed on to an endpoint whose answer did not count, and what it was.

    `late`: it would have counted, but came after the deadline.
    """

    at: float
    delivery_id: str
    event_id: str | None
    event_type: str | None
    target: Target
    answer: HandlerAnswer
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person should know: a stable code, a sentence, and what to do.

    `public_url`: the session's, where it has become another. `event_id`: the event that it
    is about, where it is about one.
    """

    at: float
    level: Level
    code: str
    message: str
    hint: str = ""
    public_url: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The session in numbers. `slowest_ms` is the slowest handler answer, None without one.

    `forwarded` are tries, and `failed` those of them that no handler took; `failed_events` are the
    events whose last try was one of these, where the handler's answer counts.

    `passed_on` are deliveries that went to the home URL; `not_taken` those of them to which it did
    not answer 2xx in time.

    `restored`: True: the tenant's configuration is what it was before us; False: it is not; None:
    we did not register.
    """

    at: float
    received: int
    verified: int
    rejected: int
    duplicates: int
    forwarded: int
    failed: int
    slowest_ms: float | None
    restored: bool | None
    passed_on: int = 0
    not_taken: int = 0
    failed_events: int = 0


Happening = Ready | Delivered | LateAnswer | PassedOn | Notice | StoryHappening | Summary
