"""Accounts: which one the settings speak of, and its token.

Production is refused unless it was asked for, and its credentials never become the default ones.
"""

import os
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gooclaim_cli import config_editing, config_file, private_files, settings
from gooclaim_cli.credentials import Credentials, Kept, with_secret
from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.happenings import Level
from gooclaim_cli.setting_sources import Explained, Origin, Source
from gooclaim_cli.settings import KEYS, Settings
from gooclaim_cli.tenant.environment import Environment, require_environment
from gooclaim_cli.tenant.http import ApiProblem, open_client
from gooclaim_cli.tenant.tokens import Client, Token, Tokens
from gooclaim_cli.wording import listed

_OF_THE_FILE = ("GOOCLAIM_HOME", "GOOCLAIM_PROFILE")
OnWait = Callable[[], None]
Notify = Callable[[Level, str, str, str], None]
OnRetry = Callable[[ApiProblem, float], None]


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret comes from: `kind` is environment, config, keyring or file.

    `name` is the variable, the keyring's own name, or the path. `note`: why it is not in a keyring.
    """

    kind: str
    name: str
    note: str = ""

    @classmethod
    def of(cls, kept: Kept) -> "SecretPlace":
        """The place of a secret that login keeps."""
        if kept.keyring is not None:
            return cls("keyring", kept.keyring)
        return cls("file", str(kept.file), kept.note)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who works with the API, by credentials that are proven. `tenant_id` None: not set.

    `at`: when the token was had, in UNIX seconds.
    """

    at: float
    environment: Environment
    api_url: str
    profile: str | None
    client_id: str
    tenant_id: str | None
    token: Token
    secret: SecretPlace


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """One account that was logged out. `secret`: where it was; None: none was kept."""

    profile: str | None
    api_url: str
    client_id: str | None
    secret: SecretPlace | None


def environment_of(found: Settings, *, live: bool) -> Environment:
    """The environment of the settings' API. Raises ConfigurationError: production unless `live`."""
    source = found.source("api_url").name
    return require_environment(found.api_url, live=live, source=source)


def login_environment(found: Settings, *, live: bool) -> Environment:
    """The environment that is logged in to.

    Raises ConfigurationError, and UsageError where production would become the default account.
    """
    environment = environment_of(found, live=live)
    if environment is Environment.PRODUCTION and found.profile is None:
        raise UsageError(
            "credentials of production are kept in a profile of their own, never as the default",
            "gooclaim login --live --profile production, for instance",
        )
    return environment


async def ask_token(api_url: str, client: Client, on_retry: OnRetry) -> Token:
    """Prove a client's credentials by a token call. Raises ApiProblem."""
    async with open_client(api_url) as http:
        return await Tokens(http, client, on_retry=on_retry).get()


def client_of(found: Settings, on_wait: OnWait) -> Client:
    """Whose credentials the settings have, a secret that login keeps included.

    Raises ConfigurationError where they have none. It may wait for the keyring: not to be called
    where an event loop runs, which would not hear Ctrl-C.
    """
    account = with_secret(found, on_wait)
    if account.client_id and account.client_secret:
        return Client(account.client_id, account.client_secret)
    who = f"as {account.client_id} " if account.client_id else ""
    profile = f" --profile {account.profile}" if account.profile else ""
    raise ConfigurationError(
        f"not logged in {who}to {account.api_url}", f"log in: gooclaim login{profile}"
    )


async def who_is(
    found: Settings, environment: Environment, client: Client, on_retry: OnRetry
) -> Identity:
    """Ask for a token with the credentials of the settings. Raises ApiProblem."""
    token = await ask_token(found.api_url, client, on_retry)
    return Identity(
        time.time(),
        environment,
        found.api_url,
        found.profile,
        client.client_id,
        found.tenant_id,
        token,
        _place(found),
    )


def _place(found: Settings) -> SecretPlace:
    """Where the secret of an account comes from that is known to have one."""
    source = found.source("client_secret")
    if source.origin is Origin.ENVIRONMENT:
        return SecretPlace("environment", source.name)
    kept = None
    if source.origin is Origin.DEFAULT and found.client_id is not None:
        kept = Credentials.of(found).where(found.api_url, found.client_id)
    return SecretPlace.of(kept) if kept else SecretPlace("config", str(found.places.config))


def keep(found: Settings, client: Client, tenant_id: str, credentials: Credentials) -> SecretPlace:
    """Keep a proven client: its secret in the store, the rest in the file.

    A secret that the file has goes: it would be used in place of the one that was proven. Raises
    ConfigurationError.
    """
    kept = credentials.keep(found.api_url, client.client_id, client.secret)
    changes = {
        "api_url": found.api_url,
        "client_id": client.client_id,
        "tenant_id": tenant_id,
        "client_secret": None,
    }
    config_editing.change(found.places.config, changes, profile=found.profile, known=KEYS)
    return SecretPlace.of(kept)


def require_tenant(tenant_id: str, token: Token) -> None:
    """Refuse a tenant that the token is not for, where it names one. Raises ConfigurationError."""
    if token.tenant_id is not None and token.tenant_id != tenant_id:
        raise ConfigurationError(
            f"the client belongs to the tenant {token.tenant_id}, not to {tenant_id}",
            f"log in again with --tenant-id {token.tenant_id}, or with another client",
        )


def explain(flags: Mapping[str, str | None]) -> list[Explained]:
    """Tell of every setting what it is; of a secret that login keeps, where. Raises as `load`."""
    explained = settings.explain(flags)
    given = {each.key.name: each.value for each in explained}
    api_url, client_id = given["api_url"], given["client_id"]
    if given["client_secret"] is not None or not client_id:
        return explained
    kept = Credentials(settings.places(os.environ).data / "secrets").where(
        str(api_url), str(client_id)
    )
    if kept is None:
        return explained
    source = Source(Origin.KEPT, SecretPlace.of(kept).kind)
    return [
        replace(each, value="", source=source) if each.key.name == "client_secret" else each
        for each in explained
    ]


def warn_if_exposed(notify: Notify) -> None:
    """Tell of a file with secrets that others on this machine can read."""
    path = settings.places(os.environ).config
    file = config_file.read(path, KEYS)
    names = {name for table in (file.shared, *file.profiles.values()) for name in table}
    held = sorted(name for name in names if KEYS[name].secret)
    if held and private_files.is_exposed(path):
        notify(
            Level.WARNING,
            "config_exposed",
            f"others on this machine can read {path}, which holds {listed(held)}",
            f"chmod 600 {shlex.quote(str(path))}",
        )


def revealed(found: Explained, flags: Mapping[str, str | None]) -> Explained:
    """A setting with the secret itself, where login keeps it. Raises ConfigurationError."""
    if found.source.origin is not Origin.KEPT:
        return found
    return replace(found, value=with_secret(settings.load(flags)).client_secret)


def log_out(
    flags: Mapping[str, str | None],
    environment: Mapping[str, str],
    on_wait: OnWait,
) -> LoggedOut:
    """Forget the secret of the file's account; who it was stays. Raises ConfigurationError."""
    of_the_file = {name: environment[name] for name in _OF_THE_FILE if name in environment}
    found = settings.load(flags, of_the_file)
    place = None
    if found.client_id is not None:
        kept = Credentials.of(found, on_wait).forget(found.api_url, found.client_id)
        place = SecretPlace.of(kept) if kept else None
    if found.client_secret is not None:
        place = place or SecretPlace("config", str(found.places.config))
        gone = {"client_secret": None}
        config_editing.change(found.places.config, gone, profile=found.profile, known=KEYS)
    return LoggedOut(found.profile, found.api_url, found.client_id, place)
