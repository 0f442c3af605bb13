"""Settings: flags over environment over profile over the file's top over defaults.

The environment and the disk are read here, once, at the start of a command. A new setting is a new
field of `Settings`, and a row of the README's table.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gooclaim_cli import config_file, setting_keys
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.setting_keys import Key, Outlives, SecretStore, setting
from gooclaim_cli.setting_sources import Asked, Explained, Origin, Source
from gooclaim_cli.tenant.environment import DEFAULT_API_URL
from gooclaim_cli.tenant.paths import EVENT_TYPES_PATH, WEBHOOK_CONFIG_PATH
from gooclaim_cli.wire import SignedContent, SigningSecret

HOME_VARIABLE: Final = "GOOCLAIM_HOME"
_APP: Final = "gooclaim"


@dataclass(frozen=True, slots=True)
class Places:
    """Where files live: the config file, and the folder of data."""

    config: Path
    data: Path

    @property
    def history(self) -> Path:
        """The database."""
        return self.data / "history.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a command goes by. `signing_secrets` are several during a rotation.

    Spans are seconds. `sources` tells, by the names of settings, where those that are not defaults
    came from.
    """

    places: Places
    profile: str | None = setting("which profile is used")
    api_url: str = setting("Gooclaim's API", DEFAULT_API_URL, account=True)
    client_id: str | None = setting("the client id", account=True)
    client_secret: str | None = setting("the client's secret", account=True, secret=True)
    tenant_id: str | None = setting("the tenant", account=True)
    home_url: str | None = setting(
        "the tenant's own webhook URL", read=setting_keys.https_url, account=True
    )
    signing_secrets: tuple[SigningSecret, ...] = setting(
        "the signing secret",
        name="signing_secret",
        read=setting_keys.secrets,
        account=True,
        secret=True,
        several=True,
    )
    signed_content: SignedContent = setting(
        "what the signature covers", SignedContent.BODY, read=setting_keys.choice(SignedContent)
    )
    forward_to: tuple[str, ...] = setting("the handler", read=setting_keys.texts, several=True)
    webhook_config_path: str = setting(
        "the webhook configuration's path", WEBHOOK_CONFIG_PATH, read=setting_keys.path
    )
    event_types_path: str = setting(
        "the event types' path", EVENT_TYPES_PATH, read=setting_keys.path
    )
    history_retain: float = setting(
        "how long deliveries are kept", "7d", name="history.retain", read=setting_keys.span
    )
    history_outlives: Outlives = setting(
        "what a stored delivery outlives",
        Outlives.POWER_CUT,
        name="history.outlives",
        read=setting_keys.choice(Outlives),
    )
    secrets_store: SecretStore = setting(
        "where login keeps the client's secret",
        SecretStore.AUTO,
        name="secrets.store",
        read=setting_keys.choice(SecretStore),
    )
    secrets_wait: float = setting(
        "how long the keyring has to answer", "15s", name="secrets.wait", read=setting_keys.span
    )
    tunnels_allowed: tuple[str, ...] = setting(
        "the tunnels that may be used",
        name="tunnels.allowed",
        read=setting_keys.texts,
        several=True,
    )
    ngrok_authtoken: str | None = setting("ngrok's authtoken", name="ngrok.authtoken", secret=True)
    ngrok_domain: str | None = setting("ngrok's reserved domain", name="ngrok.domain")
    ngrok_region: str | None = setting("ngrok's region", name="ngrok.region")
    cloudflared_tunnel: str | None = setting(
        "cloudflared's tunnel, by name or id", name="cloudflared.tunnel"
    )
    cloudflared_credentials: str | None = setting(
        "its credentials file", name="cloudflared.credentials"
    )
    cloudflared_token: str | None = setting(
        "cloudflared's tunnel token", name="cloudflared.token", secret=True
    )
    cloudflared_hostname: str | None = setting(
        "the host that leads to cloudflared's tunnel", name="cloudflared.hostname"
    )
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)

    def source(self, name: str) -> Source:
        """Where a setting's value came from."""
        return self.sources.get(name, Source(Origin.DEFAULT))

    def __repr__(self) -> str:
        hidden = {key.member for key in KEYS.values() if key.secret} | {"sources"}
        shown = (name for name in self.__dataclass_fields__ if name not in hidden)
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


KEYS: Final[Mapping[str, Key]] = setting_keys.keys_of(Settings)


def places(environment: Mapping[str, str]) -> Places:
    """Where files live: under GOOCLAIM_HOME, or where the platform puts them."""
    home = environment.get(HOME_VARIABLE)
    if home:
        try:
            folder = Path(home).expanduser().absolute()
        except RuntimeError:
            raise ConfigurationError(
                f"{HOME_VARIABLE} is {home!r}, and nobody here has such a home",
                f"set {HOME_VARIABLE} to a folder",
            ) from None
        return Places(folder / "config.toml", folder)
    import platformdirs  # only where it is asked: it costs start-up

    return Places(
        platformdirs.user_config_path(_APP, appauthor=False) / "config.toml",
        platformdirs.user_data_path(_APP, appauthor=False),
    )


def load(
    flags: Mapping[str, str | None] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    new_profile: bool = False,
) -> Settings:
    """Gather the settings. `flags` are named like the settings. Raises ConfigurationError.

    `new_profile`: the profile need not be in the file yet.
    """
    where, asked = _ask(flags, environment)
    profile = asked.profile(KEYS["profile"], new=new_profile)
    found: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for key in KEYS.values():
        given = asked.value(key, profile)
        if given is not None:
            value, sources[key.name] = given
            found[key.member] = key.read(key, value)
    return Settings(places=where, **found | {"profile": profile, "sources": sources})


def explain(
    flags: Mapping[str, str | None] | None = None, environment: Mapping[str, str] | None = None
) -> list[Explained]:
    """Tell of every setting what it is and where that came from, wrong ones too.

    Raises ConfigurationError where the file or the profile is wrong.
    """
    _, asked = _ask(flags, environment)
    profile = asked.profile(KEYS["profile"], new=False)
    nothing = Source(Origin.DEFAULT)
    return [
        Explained(key, *(asked.value(key, profile) or (key.default, nothing)))
        for key in KEYS.values()
    ]


def _ask(
    flags: Mapping[str, str | None] | None, environment: Mapping[str, str] | None
) -> tuple[Places, Asked]:
    variables = os.environ if environment is None else environment
    where = places(variables)
    return where, Asked(flags or {}, variables, config_file.read(where.config, KEYS))
