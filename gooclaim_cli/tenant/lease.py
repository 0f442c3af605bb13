"""Lease: the time for which our URL is in the tenant's configuration.

Whatever happens in between, `end` undoes `begin`; a failure to do so is kept, not raised, so that
the rest of a session is undone too.
"""

import asyncio
from typing import Final

from gooclaim_cli.errors import ApiError, GooclaimError
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.belonging import HomeOf
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.tenant.journal import Entry
from gooclaim_cli.tenant.registration import AnswerLostError, Registration
from gooclaim_cli.tenant.telling import (
    Notify,
    answer_lost,
    home_unknown,
    keeps_trying,
    left_alone,
    not_put_back,
    put_right,
)
from gooclaim_cli.tenant.undoing import Undone, is_home

END_WITHIN: Final = 10.0
_PAUSE: Final = 0.5


class Lease:
    """`restored`: whether the configuration is what it was before; None before `end`.

    `within` is for how many seconds `end` tries.
    """

    def __init__(
        self, registration: Registration, notify: Notify, *, within: float = END_WITHIN
    ) -> None:
        self._registration = registration
        self._notify = notify
        self._within = within
        self._turn = asyncio.Lock()  # one change at a time
        self.entry: Entry | None = None
        self.ended = False
        self.restored: bool | None = None
        self.failure: ApiError | None = None

    @property
    def holds(self) -> bool:
        """Whether there is something that `end` has to undo."""
        return self._registration.begun and not self.ended

    async def recover(self) -> None:
        """Undo what a session that was killed has left behind, if there is such a thing.

        Raises ApiProblem, or ConfigurationError where the journal cannot be read.
        """
        undone = await self._registration.restore()
        if undone is not None:
            put_right(undone).to(self._notify)

    async def begin(self, url: str, take_over: HomeOf | None = None) -> Entry:
        """Register; return what was journaled. Raises ApiProblem or OtherSessionError.

        `end` is due all the same.
        """
        async with self._turn:
            entry, _answer = await self._registration.register(url, take_over)
        self.entry = entry
        if not entry.home_known:
            home_unknown().to(self._notify)
        return entry

    async def look(self) -> Webhook | None:
        """What is configured now, asked for once. Raises ApiProblem."""
        return await self._registration.look(attempts=1)

    def has(self, url: str | None) -> bool:
        """Whether a URL is ours."""
        return self.entry is not None and url in self.entry.urls

    def is_home(self, found: Webhook) -> bool:
        """Whether it is what belongs there."""
        return self.entry is not None and is_home(found, self.entry.home)

    def note_taken_over(self) -> None:
        """Record that another session has put its URL in place of ours."""
        self._registration.note_taken_over()

    async def take_back(self) -> None:
        """Put our URL in place of the session that took ours, or of what it left behind.

        Raises ApiProblem.
        """
        if self.entry is not None:
            home = self.entry.home
            await self.begin(self.entry.ours, _knowing(home.url if home else None))

    async def move(self, url: str) -> Webhook | None:
        """Put another URL of ours in place of ours; None where ours is no longer there.

        Raises ApiProblem.
        """
        async with self._turn:
            moved = await self._registration.move(url)
            self.entry = self._registration.journal.read() or self.entry
            return moved

    async def end(self) -> None:
        """Put back what was there, or keep the reason why that could not be done."""
        if not self.holds:
            return  # nothing was changed: an earlier session's journal is not ours to clear
        try:
            async with self._turn:
                undone = await self._restore()
        except AnswerLostError as error:
            self.restored = True
            answer_lost(error).to(self._notify)
        except GooclaimError as error:
            self.restored = False
            message, hint = not_put_back(self.entry, error.message)
            path = self._registration.journal.path
            self.failure = ApiError(message, f"{hint}\nwhat was there is kept in {path}")
        else:
            self.restored = undone is None or undone.restored
            if undone is not None and not undone.restored:
                left_alone(undone).to(self._notify)
        self.ended = True

    async def _restore(self) -> Undone | None:
        """Try until the time is over; what does not pass is not tried again. Raises ApiProblem."""
        reason = ApiProblem("no answer in time", status=None)
        told = False
        try:
            async with asyncio.timeout(self._within):
                while True:
                    try:
                        return await self._registration.restore(attempts=1)
                    except ApiProblem as error:
                        if not error.passing:
                            raise
                        reason = error
                    if not told:
                        told = True
                        keeps_trying(reason, self._within).to(self._notify)
                    await asyncio.sleep(_PAUSE if reason.wait is None else reason.wait)
        except TimeoutError:
            if self._registration.lacks_answer and not isinstance(reason, AnswerLostError):
                reason = AnswerLostError(reason)  # cut short while asking for it
            raise reason from None


def _knowing(home_url: str | None) -> HomeOf:
    async def home_of(_found: Webhook) -> str | None:
        return home_url

    return home_of
