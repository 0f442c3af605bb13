"""What belongs into the tenant's configuration: what is to be put back once we have gone.

Never a session's URL. Of one that our journal knows, the journal knows the home, too; any other may
be alive, and its home is not ours to know.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.journal import Entry, HomeWebhook
from gooclaim_cli.webhook_urls import is_session_url

HomeOf = Callable[[Webhook], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Belonging:
    """`home` None: nothing belongs there, or (`known` False) nobody could say what."""

    home: HomeWebhook | None
    known: bool = True


class OtherSessionError(ConfigurationError):
    """Somebody else's session is registered: to take its place would lose the URL of before."""

    def __init__(self, url: str, since: str) -> None:
        super().__init__(
            f"another gooclaim session is registered for this tenant: {url} (since {since})",
            "let its owner end it; to take its place: --take-over",
        )


async def what_belongs(
    found: Webhook | None, known: Entry | None, take_over: HomeOf | None
) -> Belonging:
    """Tell it from what was found and from our journal's entry, if there is one.

    `take_over` permits to replace another session's URL, and is asked what belongs there (None:
    nobody knows). Raises OtherSessionError where that is not permitted.
    """
    if found is None:  # what another session left behind that had taken our place, or as it was
        return Belonging(known.home if known is not None and known.taken_over else None)
    if known is not None and found.url in known.urls:
        return Belonging(known.home, known.home_known)
    if not is_session_url(found.url):
        return Belonging(HomeWebhook(found.url, found.events))
    if take_over is None:
        raise OtherSessionError(found.url, found.updated_at)
    if known is not None and known.home_known:  # it took our place, and we know more
        return Belonging(known.home)
    url = await take_over(found)
    return Belonging(HomeWebhook(url, found.events) if url else None, known=url is not None)
