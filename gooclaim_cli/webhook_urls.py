"""What a URL tells about a webhook: whether it can be one, and whether it is a session's. Pure."""

from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import UsageError

PATH_PREFIX: Final = "/gooclaim-cli/"
_LONGEST: Final = 2048


def is_session_url(url: str) -> bool:
    """Whether a URL is some `gooclaim listen`'s: its path's prefix tells."""
    try:
        return urlsplit(url).path.startswith(PATH_PREFIX)
    except ValueError:
        return False


def url_problem(url: str) -> str | None:
    """Say why a URL cannot be a webhook's; None where it can. The contract wants real HTTPS."""
    if len(url) > _LONGEST:
        return f"it has more than {_LONGEST} characters"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "it holds characters that no URL has"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"it is malformed: {error}"
    if parts.scheme != "https":
        return "it must begin with https://"
    if not parts.hostname or port == 0:
        return "it names no host and port to connect to"
    if parts.username is not None or parts.fragment:
        return "it may have neither a user name nor a fragment"
    return None


def require_webhook_url(url: str) -> None:
    """Raise UsageError for a URL that cannot be a webhook's."""
    problem = url_problem(url)
    if problem is not None:
        raise UsageError(f"{url} cannot be a webhook's URL: {problem}", "give an https:// URL")
