"""Replacing: another URL for good, by hand. The journal knows of it until it is known to be there.

Should it be cut off in the middle, the journal says that the new URL belongs there: to undo what
was left behind is then to finish it.
"""

import uuid
from dataclasses import dataclass

from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.belonging import OtherSessionError
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.tenant.journal import Entry, HomeWebhook, Sent
from gooclaim_cli.tenant.tenancy import ALL_EVENTS, CHANGED, TRIES, Tenancy
from gooclaim_cli.webhook_urls import is_session_url


@dataclass(frozen=True, slots=True)
class Replaced:
    """A change for good: what was there, and what is there now."""

    before: Webhook | None
    after: Webhook
    changed: bool


async def replace(
    tenancy: Tenancy, url: str, events: tuple[str, ...] = (), *, take_over: bool = False
) -> Replaced:
    """Configure `url`, with `events` (none: those that are there).

    What a session of before had journaled is settled with it. Raises ApiProblem; OtherSessionError
    where a session is in the way, unless `take_over`.
    """
    before = tenancy.journal.read()
    for tries_left in reversed(range(TRIES)):
        found = await tenancy.api.get_webhook()
        known = before is not None and found is not None and found.url in before.urls
        if found is not None and is_session_url(found.url) and not (known or take_over):
            raise OtherSessionError(found.url, found.updated_at)
        wanted = HomeWebhook(url, events or (found.events if found else ALL_EVENTS))
        if found is not None and (found.url, found.events) == (wanted.url, wanted.events):
            tenancy.journal.clear()
            return Replaced(found, found, changed=False)
        try:
            return Replaced(found, await _put(tenancy, wanted, found), changed=True)
        except ApiProblem as error:
            if not error.passing:  # it was not made: what was to be done before still is
                _give_back(tenancy, before)
            if error.status not in CHANGED or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


async def _put(tenancy: Tenancy, wanted: HomeWebhook, found: Webhook | None) -> Webhook:
    sent = Sent(str(uuid.uuid4()), found.etag if found else None)
    entry = Entry(
        api_url=tenancy.api_url,
        tenant_id=tenancy.tenant_id,
        ours=found.url if found else "",
        home=wanted,
        at=tenancy.clock(),
        taken_over=found is None,  # it belongs there, though nothing is there
        undo=sent,
    )
    tenancy.journal.write(entry)
    answer = await tenancy.put(wanted, sent)
    tenancy.keep(answer, wanted)
    tenancy.journal.clear()
    return answer


def _give_back(tenancy: Tenancy, before: Entry | None) -> None:
    if before is None:
        tenancy.journal.clear()
    else:
        tenancy.journal.write(before)
