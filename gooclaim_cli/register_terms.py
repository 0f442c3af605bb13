"""The terms on which a session registers: what it is told, where it runs, what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gooclaim_cli import questions
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tenant.lease import END_WITHIN
from gooclaim_cli.tenant.telling import Notify
from gooclaim_cli.tenant.tenancy import Approve, approve_all
from gooclaim_cli.tenant.watching import EVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOptions:
    """How a session registers. `ask` None: nobody is there. Times are seconds.

    `take_over` permits to replace another session. `restore_within` is for how long the end tries.
    Every `watch_every` it is looked whether our URL is still there (None: never); with `take_back`
    it is taken back from another session.
    """

    take_over: bool = False
    accept_secret_rotation: bool = False
    restore_within: float = END_WITHIN
    watch_every: float | None = EVERY
    take_back: bool = False
    ask: questions.Ask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What became of it. `home_url` is put back at the end; `home_known`: whether that is known."""

    done: bool
    home_url: str | None = None
    home_known: bool = True


NOT_REGISTERED: Final = Registered(done=False)


def require_consent(environment: Environment, *, given: bool) -> None:
    """Refuse a PUT against production that nobody has agreed to. Raises ConfigurationError."""
    if environment is Environment.PRODUCTION and not given:
        raise ConfigurationError(
            "changing the URL may give the tenant a new signing secret, which breaks its own"
            " endpoint until that has the new one, and which cannot be undone",
            "if whoever runs that endpoint is ready for it: --accept-secret-rotation",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where and how a session runs. `state` is the folder of journals, locks and secrets.

    `tolerance`: how far a delivery's timestamp may be off, in seconds. `notify` hears what a person
    should know, `fail` of a fault of ours while the session runs, `approve` of what is about to be
    registered: it may raise, and then it is not.
    """

    environment: Environment
    state: Path
    tolerance: float
    notify: Notify
    clock: Callable[[], float]
    fail: Callable[[BaseException], None]
    approve: Approve = approve_all
