"""What a sandbox is told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path

from gooclaim_cli.errors import UsageError
from gooclaim_cli.sandbox.behaviour import Behaviour
from gooclaim_cli.sandbox.outbound import DELIVERIES_KEPT
from gooclaim_cli.webhook_urls import require_webhook_url
from gooclaim_cli.wire.handling import DEADLINE
from gooclaim_cli.wire.retrying import JITTER, RETRY_SCHEDULE


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The settings of a sandbox. Times are seconds. Raises UsageError for what cannot be meant.

    `retry_schedule` holds the waits before the retries, `jitter` the share that is added to each
    at most. `deadline` is the time that an endpoint has to answer. `emit` starts a stream of sample
    events once a URL has been configured; after its opening burst one comes `emit_every`.
    `trust` names PEM files of further authorities whose endpoints are trusted. `home_url` is the
    URL that the tenant has from the start, `signing_secret` its secret (None: a new one).
    `deliveries_kept` bounds what is listed. `behaviour` is how it misbehaves on purpose, from the
    start.
    """

    port: int = 0
    retry_schedule: tuple[float, ...] = RETRY_SCHEDULE
    jitter: float = JITTER
    deadline: float = DEADLINE
    emit: bool = True
    emit_every: float = 3.0
    rotate_secret_on_put: bool = False
    token_lifetime: float = 3600
    token_rate: int = 60
    trust: tuple[Path, ...] = ()
    home_url: str | None = None
    signing_secret: str | None = field(default=None, repr=False)
    deliveries_kept: int = DELIVERIES_KEPT
    behaviour: Behaviour = Behaviour()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        if self.emit_every <= 0 or self.deadline <= 0:
            raise UsageError("the gap between events and the deadline must be longer than nothing")
        if self.deliveries_kept < 1 or self.token_rate < 1:
            raise UsageError("a sandbox keeps one delivery and gives one token a minute at least")
        if self.jitter < 0 or any(wait < 0 for wait in self.retry_schedule):
            raise UsageError("a retry cannot wait for less than nothing")
        if self.home_url is not None:
            require_webhook_url(self.home_url)
