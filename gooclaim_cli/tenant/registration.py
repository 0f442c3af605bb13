"""Registration: our URL in the tenant's configuration, and the way back.

What was there is journaled before it is changed, and never put back over somebody else's later
change. Every change names the state that it is meant for, so that of two at once only one is made.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.belonging import HomeOf, what_belongs
from gooclaim_cli.tenant.http import ATTEMPTS, ApiProblem
from gooclaim_cli.tenant.journal import Entry, HomeWebhook, Journal, Sent
from gooclaim_cli.tenant.tenancy import ALL_EVENTS, CHANGED, TRIES, Tenancy
from gooclaim_cli.tenant.undoing import Step, Undone, is_home, undo_step
from gooclaim_cli.webhook_urls import is_session_url

# A change whose answer never came may still be on its way for so long, in seconds.
_UNDER_WAY: Final = 10.0
_SETTLED_AFTER: Final = 1.0


class AnswerLostError(ApiProblem):
    """The home URL is there again; the answer to the change that put it there is yet to be had."""

    def __init__(self, problem: ApiProblem) -> None:
        super().__init__(
            "the tenant's old URL is put back, but the API's answer to that has not come:"
            f" {problem.message}",
            "it tells of a new signing secret, should the change have made one, without which the"
            " old URL's\nendpoint refuses every delivery; to ask for it again, within 24 hours:"
            " gooclaim restore",
            status=problem.status,
            wait=problem.wait,
        )


class Registration:
    """Puts a URL of ours into a tenant's configuration and takes it out again.

    `settle` is for how many seconds a change of an unknown fate is given.
    """

    def __init__(self, tenancy: Tenancy, *, settle: float = _SETTLED_AFTER) -> None:
        self._tenancy = tenancy
        self._api = tenancy.api
        self._journal = tenancy.journal
        self._settle = settle
        self._answered: bool | None = None
        self._begun = False
        self._lacks_answer = False

    @property
    def begun(self) -> bool:
        """Whether a change was journaled, which `restore` then undoes."""
        return self._begun

    @property
    def lacks_answer(self) -> bool:
        """Whether the home URL was there at the last look, so that only an answer was missing."""
        return self._lacks_answer

    @property
    def journal(self) -> Journal:
        """Where the change is recorded until it is undone."""
        return self._journal

    async def look(self, *, attempts: int = ATTEMPTS) -> Webhook | None:
        """What is configured now; `attempts` for less patience. Raises ApiProblem."""
        return await self._api.get_webhook(attempts=attempts)

    async def register(self, url: str, take_over: HomeOf | None = None) -> tuple[Entry, Webhook]:
        """Configure `url` with the events that were there; return the journaled entry, the answer.

        `take_over` permits to replace another session's URL, and says what belongs there instead
        (None: nobody knows). Raises ApiProblem; OtherSessionError where that is not permitted.
        """

        async def entry_for(found: Webhook | None) -> Entry:
            entry = await self._entry(url, found, take_over)
            self._tenancy.approve(entry)
            return entry

        changed = await self._change(entry_for)
        assert changed is not None  # noqa: S101 - there is always an entry
        return changed

    async def move(self, url: str) -> Webhook | None:
        """Replace our URL by another one of ours; None where it is no longer there to replace."""

        async def entry_for(found: Webhook | None) -> Entry | None:
            known = self._journal.read()
            if known is None or found is None or found.url not in known.urls:
                return None
            earlier = tuple(each for each in known.urls if each != url)
            return msgspec.structs.replace(
                known, ours=url, earlier=earlier, at=self._tenancy.clock()
            )

        changed = await self._change(entry_for)
        return changed and changed[1]

    async def restore(
        self,
        *,
        force: bool = False,
        dry_run: bool = False,
        forget: bool = True,
        attempts: int = ATTEMPTS,
    ) -> Undone | None:
        """Undo our change; None where there is none. Raises ApiProblem: the journal stays. Where
        only the answer is missing, that is an AnswerLostError.

        Somebody else's later change is left alone, unless `force`, and ours is then forgotten,
        unless `forget` is False. `dry_run` only looks. `attempts`: how often one look is tried.
        """
        entry = self._journal.read()
        if entry is None:
            return None
        self._tenancy.require_same_api(entry)
        if dry_run:
            found = await self._api.get_webhook()
            return Undone(undo_step(entry, found, force=force), entry, found)
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._undo(entry, force=force, forget=forget, attempts=attempts)
            except ApiProblem as error:
                if error.status not in CHANGED or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def note_taken_over(self) -> None:
        """Record that another session has put its URL in place of ours."""
        entry = self._journal.read()
        if entry is not None and not entry.taken_over:
            self._journal.write(msgspec.structs.replace(entry, taken_over=True))

    async def _change(
        self, entry_for: Callable[[Webhook | None], Awaitable[Entry | None]]
    ) -> tuple[Entry, Webhook] | None:
        """Read, journal, PUT; again where somebody was faster."""
        for tries_left in reversed(range(TRIES)):
            found = await self._api.get_webhook()
            entry = await entry_for(found)
            if entry is None:
                return None
            self._journal.write(entry)
            self._begun, self._answered = True, False
            events = found.events if found else ALL_EVENTS
            sent = Sent(str(uuid.uuid4()), found.etag if found else None)
            try:
                answer = await self._tenancy.put(HomeWebhook(entry.ours, events), sent)
            except ApiProblem as error:
                self._answered = not error.passing
                if error.status not in CHANGED or not tries_left:
                    raise
            else:
                self._answered = True
                self._tenancy.keep(answer, entry.home)
                if entry.taken_over:  # not any more
                    entry = msgspec.structs.replace(entry, taken_over=False)
                    self._journal.write(entry)
                return entry, answer
        raise AssertionError("the last try returns or raises")

    async def _undo(self, entry: Entry, *, force: bool, forget: bool, attempts: int) -> Undone:
        found = await self._settled(entry, attempts)
        step = undo_step(entry, found, force=force)
        self._lacks_answer = step is Step.NOTHING and None not in (entry.home, entry.undo)
        match step:
            case Step.NOTHING:
                await self._ask_again(entry)
            case Step.PUT:
                await self._put_home(entry, found)
            case Step.DELETE if found is not None:
                await self._api.delete_webhook(etag=found.etag)
            case Step.WAIT if entry.home is not None:  # ours to put back, should nothing be left
                self.note_taken_over()
                return Undone(step, entry, found)
        if forget or step is not Step.LEAVE:
            self._journal.clear()
        return Undone(step, entry, found)

    async def _settled(self, entry: Entry, attempts: int) -> Webhook | None:
        """What is configured, once a change of ours cannot be on its way any more.

        A request whose sender was killed in the middle of it may yet be carried out.
        """
        found = await self._api.get_webhook(attempts=attempts)
        answered = self._answered
        if answered is None:
            answered = not 0 <= self._tenancy.clock() - entry.at < _UNDER_WAY
        if not answered and entry.undo is None and is_home(found, entry.home):
            await asyncio.sleep(self._settle)
            found = await self._api.get_webhook()
        return found

    async def _put_home(self, entry: Entry, found: Webhook | None) -> None:
        home, etag = entry.home, found.etag if found else None
        assert home is not None  # noqa: S101 - of PUT
        sent = entry.undo
        if sent is None or sent.etag != etag:
            sent = Sent(str(uuid.uuid4()), etag)
            self._journal.write(msgspec.structs.replace(entry, undo=sent))
        self._tenancy.keep(await self._tenancy.put(home, sent), home)

    async def _ask_again(self, entry: Entry) -> None:
        """Ask for the answer to a restoring PUT again: it may have been lost with a new secret.

        The same request under the same key changes nothing; one that a server has forgotten is
        refused, since it names a state that is gone.
        """
        if entry.home is None or entry.undo is None:
            return
        try:
            answer = await self._tenancy.put(entry.home, entry.undo)
        except ApiProblem as error:
            if error.passing:
                raise AnswerLostError(error) from None
        else:
            self._tenancy.keep(answer, entry.home)

    async def _entry(self, url: str, found: Webhook | None, take_over: HomeOf | None) -> Entry:
        known = self._journal.read()
        belongs = await what_belongs(found, known, take_over)
        mine = known is not None and found is not None and found.url in known.urls
        # Should our change fail, we may still be the last one out.
        theirs = found is not None and not mine and is_session_url(found.url)
        taken = theirs or (known is not None and known.taken_over and (mine or found is None))
        return Entry(
            api_url=self._tenancy.api_url,
            tenant_id=self._tenancy.tenant_id,
            ours=url,
            home=belongs.home,
            at=self._tenancy.clock(),
            earlier=tuple(each for each in known.urls if each != url) if known and mine else (),
            home_known=belongs.known,
            taken_over=taken,
        )
