"""The signing secrets that are known for the account of the settings, and who says so."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gooclaim_cli import config_file
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.settings import HOME_VARIABLE, KEYS, Settings, load
from gooclaim_cli.tenant.environment import Environment, environment_of
from gooclaim_cli.tenant.journal import Journal
from gooclaim_cli.tenant.secret_file import SecretFile
from gooclaim_cli.wire import SigningSecret


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A signing secret. `source`: the variable, profile or file that sets it, or who told it."""

    secret: SigningSecret
    source: str


def known_secrets(settings: Settings) -> list[KnownSecret]:
    """Those that are set, then the one that the API told last, if it is another one.

    Raises ConfigurationError where what it told cannot be read.
    """
    source = settings.source("signing_secret").name
    known = [KnownSecret(each, source) for each in settings.signing_secrets]
    told = _told(settings)
    if told is not None and told not in settings.signing_secrets:
        known.append(KnownSecret(told, "told by Gooclaim's API"))
    return known


def with_told(settings: Settings) -> Settings:
    """The settings, with the secret that the API told added to those that are set.

    Raises ConfigurationError where it cannot be read.
    """
    return replace(settings, signing_secrets=tuple(each.secret for each in known_secrets(settings)))


def production_secrets(settings: Settings) -> set[SigningSecret]:
    """Those of production: of the settings, and of every profile there is."""
    found: set[SigningSecret] = set()
    for each in (settings, *_profiles(settings)):
        with contextlib.suppress(ConfigurationError):  # what cannot be read signs nothing
            if environment_of(each.api_url) is Environment.PRODUCTION:
                found |= {known.secret for known in known_secrets(each)}
    return found


def other_secrets(settings: Settings) -> list[KnownSecret]:
    """Those that count no more, or elsewhere: the previous one, and those of other profiles."""
    found: dict[SigningSecret, KnownSecret] = {}
    with contextlib.suppress(ConfigurationError):  # what cannot be read signs nothing
        previous = _file_of_told(settings)
        secret = previous.read_previous() if previous is not None else None
        if secret is not None and secret not in settings.signing_secrets:
            found[secret] = KnownSecret(secret, "the previous one, from before it was changed")
    for each in _profiles(settings):
        if each.profile == settings.profile:
            continue
        source = f"that of the profile {each.profile or config_file.DEFAULT_PROFILE!r}"
        with contextlib.suppress(ConfigurationError):  # what cannot be read signs nothing
            for known in known_secrets(each):
                if known.secret not in settings.signing_secrets:
                    found.setdefault(known.secret, KnownSecret(known.secret, source))
    return list(found.values())


def _profiles(settings: Settings) -> Iterator[Settings]:
    variables = {HOME_VARIABLE: str(settings.places.config.parent)}
    names = config_file.read(settings.places.config, KEYS).profiles
    for name in (config_file.DEFAULT_PROFILE, *names):
        with contextlib.suppress(ConfigurationError):
            yield replace(load({"profile": name}, variables), places=settings.places)


def _told(settings: Settings) -> SigningSecret | None:
    """What the last registration was told; it is kept readable by its owner alone."""
    file = _file_of_told(settings)
    return file.read() if file is not None else None


def _file_of_told(settings: Settings) -> SecretFile | None:
    if settings.tenant_id is None:
        return None
    environment = environment_of(settings.api_url)
    folder = settings.places.data / "secrets"
    return SecretFile(Journal(folder, environment=environment, tenant_id=settings.tenant_id).path)
