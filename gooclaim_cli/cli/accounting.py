"""The account that a command works with."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gooclaim_cli.settings import Settings


def account_of(profile: str | None, api_url: str | None, *, as_json: bool) -> "Settings":
    """The settings, with the client's secret that is kept where none is set.

    Raises ConfigurationError.
    """
    from gooclaim_cli import settings
    from gooclaim_cli.cli.notices import waiting_teller
    from gooclaim_cli.credentials import with_secret

    found = settings.load({"api_url": api_url, "profile": profile})
    return with_secret(found, waiting_teller(as_json=as_json))
