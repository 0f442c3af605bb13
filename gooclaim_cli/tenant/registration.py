"""Registration: our URL in the tenant's configuration, and the way back.

What was there is journaled before it is changed, and never put back over somebody else's later
change.
"""

import uuid
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.api import TenantApi, Webhook
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.tenant.journal import Entry, HomeWebhook, Journal

PATH_PREFIX: Final = "/gooclaim-cli/"
ALL_EVENTS: Final = ("*",)
_TRIES: Final = 3
Notify = Callable[[Level, str, str, str], None]


def is_session_url(url: str) -> bool:
    """Whether a URL is some `gooclaim listen`'s: its path's prefix tells."""
    return urlsplit(url).path.startswith(PATH_PREFIX)


class OtherSessionError(ConfigurationError):
    """Somebody else's session is registered: to take its place would lose the URL of before."""

    def __init__(self, url: str, since: str) -> None:
        super().__init__(
            f"another gooclaim session is registered for this tenant: {url} (since {since})",
            "let its owner end it; if it is dead, set the tenant's URL right in the Console; to"
            " listen without changing anything: --no-register",
        )


class Registration:
    """Puts a URL of ours into a tenant's configuration and takes it out again.

    `notify(level, code, message, hint)` hears what a person should know.
    """

    def __init__(
        self,
        api: TenantApi,
        journal: Journal,
        *,
        api_url: str,
        tenant_id: str,
        notify: Notify,
        clock: Callable[[], float],
    ) -> None:
        self._api = api
        self._journal = journal
        self._api_url = api_url
        self._tenant_id = tenant_id
        self._notify = notify
        self._clock = clock
        self._ours: str | None = None
        self._told: set[str] = set()

    @property
    def begun(self) -> bool:
        """Whether a change was journaled, which `restore` then undoes."""
        return self._ours is not None

    async def register(self, url: str) -> tuple[HomeWebhook | None, Webhook]:
        """Configure `url` with the events that were there; return what was there, and the answer.

        Raises ApiProblem. The journal is written before the PUT is sent.
        """
        for tries_left in reversed(range(_TRIES)):
            found = await self._api.get_webhook()
            entry = self._entry(url, found)
            self._journal.write(entry)
            self._ours = url
            events = found.events if found else ALL_EVENTS
            try:
                return entry.home, await self._put(url, events, found)
            except ApiProblem as error:
                if error.status not in (409, 412) or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    async def restore(self) -> bool:
        """Undo our change; True if the configuration is now what it was before us.

        Somebody else's later change is left alone, and told. Raises ApiProblem: the journal stays.
        """
        entry = self._journal.read()
        if entry is None:
            return True
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self._undo(entry)
            except ApiProblem as error:
                if error.status not in (409, 412) or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _undo(self, entry: Entry) -> bool:
        found = await self._api.get_webhook()
        if _is_home(found, entry.home):
            self._journal.clear()
            return True
        if self._ours not in (None, entry.ours):  # a later session took ours up, and undoes it
            self._tell_left_alone(found)
            return False
        if found is None or found.url not in entry.urls:
            self._tell_left_alone(found)
            self._journal.clear()
            return False
        if entry.home is None:
            await self._api.delete_webhook(etag=found.etag)
        else:
            await self._put(entry.home.url, entry.home.events, found)
        self._journal.clear()
        return True

    async def _put(self, url: str, events: tuple[str, ...], found: Webhook | None) -> Webhook:
        return await self._api.put_webhook(
            url,
            events,
            etag=found.etag if found else None,
            idempotency_key=str(uuid.uuid4()),
        )

    def _entry(self, url: str, found: Webhook | None) -> Entry:
        """The change that is about to be made, with what belongs there.

        A session's URL never does. One that our journal knows was left by a dead session, and its
        home with it; any other may be alive, and its home is not ours to know: ApiProblem.
        """
        home: HomeWebhook | None = None
        earlier: tuple[str, ...] = ()
        if found is not None and not is_session_url(found.url):
            home = HomeWebhook(found.url, found.events)
        elif found is not None:
            known = self._journal.read()
            if known is None or found.url not in known.urls:
                raise OtherSessionError(found.url, found.updated_at)
            home, earlier = known.home, known.urls
            self._tell_taken_up(found.url)
        return Entry(
            api_url=self._api_url,
            tenant_id=self._tenant_id,
            ours=url,
            home=home,
            at=self._clock(),
            earlier=tuple(dict.fromkeys(each for each in earlier if each != url)),
        )

    def _tell_taken_up(self, url: str) -> None:
        """Tell of a dead session's URL, once: a registration may be tried several times."""
        if url not in self._told:
            self._told.add(url)
            self._notify(
                Level.INFO,
                "journal_taken_up",
                "an earlier session has not restored the tenant's URL; this one will",
                "",
            )

    def _tell_left_alone(self, found: Webhook | None) -> None:
        now = f"{found.url} (since {found.updated_at})" if found else "nothing"
        self._notify(
            Level.WARNING,
            "registration_changed",
            f"the tenant's URL was changed while we listened and is left as it is: {now}",
            "if that is not meant, set the right one in the Console",
        )


def _is_home(found: Webhook | None, home: HomeWebhook | None) -> bool:
    if found is None or home is None:
        return found is None and home is None
    return found.url == home.url
