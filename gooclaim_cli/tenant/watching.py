"""Watching: is our URL still in the tenant's configuration? One light look every so often.

Whoever is taken over does not fight: it is told by what, once, and the home URL is left to the last
one out. Only where that is asked for, our place is taken back from another session, a few times.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Final

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.http import ApiProblem, CredentialsError
from gooclaim_cli.tenant.lease import Lease
from gooclaim_cli.tenant.telling import Notify, Tell, lost_to, taken_back, taken_over
from gooclaim_cli.webhook_urls import is_session_url

EVERY: Final = 20.0
_JITTER: Final = 0.25
_TAKES_BACK: Final = 3


class Watch:
    """Looks after a lease every `every` seconds, a quarter more or less."""

    def __init__(
        self, lease: Lease, notify: Notify, *, every: float = EVERY, take_back: bool = False
    ) -> None:
        self._lease = lease
        self._notify = notify
        self._every = every
        self._takes_left = _TAKES_BACK if take_back else 0
        self._ours = True
        self._last: str | None = None
        self._displaced = False  # by another session, since ours was there last
        self._blind = False

    async def run(self) -> None:
        """Look again and again, until the API does not let us any more."""
        while True:
            await asyncio.sleep(self._every * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
            try:
                found = await self._lease.look()
            except CredentialsError as error:
                _cannot_look(error, "the tenant's URL is not looked at any more").to(self._notify)
                return
            except ApiProblem as error:
                if not self._blind:
                    _cannot_look(error, "whether the URL is still ours is not known").to(
                        self._notify
                    )
                self._blind = True
            else:
                self._blind = False
                await self._saw(found)

    async def _saw(self, found: Webhook | None) -> None:
        url, was_ours = found.url if found else None, self._ours
        self._ours = self._lease.has(url)
        if self._ours:
            self._displaced = False
            if not was_ours:
                Tell(Level.INFO, "registered_again", "the tenant's URL is ours again").to(
                    self._notify
                )
            return
        if was_ours or url != self._last:
            self._last = url
            await self._displaced_by(found)

    async def _displaced_by(self, found: Webhook | None) -> None:
        """Tell what is there now; take it back from a session, or when that one has gone."""
        if found is not None and is_session_url(found.url):
            self._displaced = True
            self._lease.note_taken_over()
            taken_over(found, takes_back=self._takes_left > 0).to(self._notify)
        else:
            lost_to(found).to(self._notify)
            if found is not None and not self._lease.is_home(found):
                self._displaced = False  # somebody's decision, not another session's
        if self._displaced and self._takes_left > 0:
            self._takes_left -= 1
            await self._take_back()

    async def _take_back(self) -> None:
        try:
            await self._lease.take_back()
        except GooclaimError as error:
            _cannot_look(error, "our URL could not be put back").to(self._notify)
        else:
            self._ours, self._displaced = True, False
            taken_back(self._takes_left).to(self._notify)


def _cannot_look(error: GooclaimError, what: str) -> Tell:
    return Tell(Level.WARNING, "watch_failed", f"{what}: {error.message}", error.hint)


@contextlib.asynccontextmanager
async def watching(watch: Watch, fail: Callable[[BaseException], None]) -> AsyncIterator[None]:
    """Watch until the context is left; `fail` hears of a fault of ours."""

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            fail(error)

    task = asyncio.create_task(watch.run(), name="watch")
    task.add_done_callback(ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
