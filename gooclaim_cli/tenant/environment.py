"""Which environment an API host belongs to, and whether we may work with it. Pure."""

from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.hosts import is_loopback

DEVELOPMENT_HOST: Final = "api.dev.gooclaim.com"
DEFAULT_API_URL: Final = f"https://{DEVELOPMENT_HOST}"
SANDBOX_TENANT: Final = "tnt_sandbox_"  # what a sandbox's tenants begin with


class Environment(StrEnum):
    """Told by the API's host alone."""

    SANDBOX = "sandbox"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


def environment_of(api_url: str) -> Environment:
    """Tell the environment: every host that is not known as development is production.

    Raises ConfigurationError where the URL is no API's address.
    """
    try:
        parts = urlsplit(api_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    odd = " " in api_url or not api_url.isprintable()  # read differently by different libraries
    if host is None or odd or parts.scheme not in ("http", "https") or parts.username is not None:
        raise ConfigurationError(
            "the API URL is not an http or https address",
            f"set GOOCLAIM_API_URL to {DEFAULT_API_URL}, or leave it out",
        )
    if is_loopback(host):
        return Environment.SANDBOX
    if parts.scheme != "https":
        raise ConfigurationError(
            f"{api_url} is not https: credentials are not sent in the clear",
            f"set GOOCLAIM_API_URL to https://{host}",
        )
    return Environment.DEVELOPMENT if host == DEVELOPMENT_HOST else Environment.PRODUCTION


def require_environment(api_url: str, *, live: bool, source: str) -> Environment:
    """Tell the environment, and refuse production unless `live` was asked for.

    `source` says where the URL came from. Raises ConfigurationError.
    """
    environment = environment_of(api_url)
    if environment is Environment.PRODUCTION and not live:
        raise ConfigurationError(
            f"{urlsplit(api_url).hostname} counts as production and needs --live"
            f" (the API's URL came from {source})",
            f"add --live if production is meant; development is {DEFAULT_API_URL}",
        )
    return environment
