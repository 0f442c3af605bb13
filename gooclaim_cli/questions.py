"""What only the user can know, and how it is asked for: the home URL, the signing secret."""

from typing import Final, Protocol

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.telling import Notify
from gooclaim_cli.webhook_urls import is_session_url, require_webhook_url
from gooclaim_cli.wire import SigningSecret

_TRIES: Final = 3


class Ask(Protocol):
    """Asks the person at the terminal; what is `hidden` is not echoed."""

    async def __call__(self, question: str, *, hidden: bool = False) -> str:
        """Return the answer without white space around it."""


async def home_url(
    found: Webhook, *, configured: str | None, ask: Ask | None, notify: Notify
) -> str | None:
    """What belongs there instead of another session's URL; None where nobody knows.

    Raises UsageError where what is configured cannot be meant.
    """
    if configured:
        return require_home_url(configured)
    if ask is None:
        return None
    for _ in range(_TRIES):
        answer = await ask(
            f"{found.url} is another session's.\nThe tenant's own URL (empty: not known): "
        )
        if not answer:
            break
        try:
            return require_home_url(answer)
        except UsageError as error:
            notify(Level.WARNING, "home_url_refused", error.message, error.hint)
    return None


async def signing_secret(ask: Ask | None) -> SigningSecret:
    """The secret that the API does not tell and nobody has set. Raises ConfigurationError."""
    question = "Signing secret, as the Console shows it (not shown here): "
    answer = await ask(question, hidden=True) if ask else ""
    if not answer:
        raise ConfigurationError(
            "Gooclaim's API did not tell the signing secret, and none is set",
            "set GOOCLAIM_SIGNING_SECRET to the one that the Console shows",
        )
    return SigningSecret(answer)


def require_home_url(url: str) -> str:
    """Return a URL that may be put back. Raises UsageError for a session's, or one that is none."""
    require_webhook_url(url)
    if is_session_url(url):
        raise UsageError(
            f"{url} is a gooclaim session's, which is never the home URL",
            "give the tenant's own endpoint: GOOCLAIM_HOME_URL",
        )
    return url
