"""Settings: flags over environment over the config file over defaults.

The environment and the disk are read here, once, at the start of a command.
"""

import contextlib
import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from gooclaim_cli.durations import parse_duration
from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.tenant.environment import DEFAULT_API_URL
from gooclaim_cli.wire import SignedContent, SigningSecret

HOME_VARIABLE: Final = "GOOCLAIM_HOME"
_APP: Final = "gooclaim"
_KEYS: Final = (
    "api_url",
    "client_id",
    "client_secret",
    "tenant_id",
    "signing_secret",
    "signed_content",
    "webhook_config_path",
    "event_types_path",
    "history.retain",  # a table in the file, an underscore in the environment
)
_TABLES: Final = frozenset(key.partition(".")[0] for key in _KEYS if "." in key)
_RETAIN: Final = 7 * 86400.0


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

    `history_retain` is in seconds.
    """

    places: Places
    api_url: str = DEFAULT_API_URL
    client_id: str | None = None
    client_secret: str | None = None
    tenant_id: str | None = None
    signing_secrets: tuple[SigningSecret, ...] = ()
    signed_content: SignedContent = SignedContent.BODY
    webhook_config_path: str | None = None
    event_types_path: str | None = None
    history_retain: float = _RETAIN

    def __repr__(self) -> str:
        shown = (f.name for f in fields(self) if f.name not in ("client_secret", "signing_secrets"))
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


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
    flags: Mapping[str, str | None] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Gather the settings. `flags` are named like the settings. Raises ConfigurationError."""
    variables = os.environ if environment is None else environment
    where = places(variables)
    from_file = read_config(where.config)
    found: dict[str, Any] = {}
    for key in _KEYS:
        value = (flags or {}).get(key) or variables.get(_variable(key))
        value = value or from_file.get(key)
        if value:
            found[_member(key)] = value if isinstance(value, list) else _checked(key, value)
    secrets = _secrets(found.pop("signing_secret", ""))
    content = _signed_content(found.pop("signed_content", SignedContent.BODY))
    retain = _retain(found.pop("history_retain", ""))
    return Settings(
        places=where,
        signing_secrets=secrets,
        signed_content=content,
        history_retain=retain,
        **found,
    )


def _member(key: str) -> str:
    return key.replace(".", "_")


def _variable(key: str) -> str:
    return f"GOOCLAIM_{_member(key).upper()}"


def read_config(path: Path) -> dict[str, Any]:
    """Read the config file; an absent one is empty. Raises ConfigurationError."""
    try:
        config = _flat(_parse(path, path.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}",
            f"make it readable, or set {HOME_VARIABLE} to another folder",
        ) from None
    for key, value in config.items():
        _check_entry(path, key, value)
    return config


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    """Name the entries of our tables `table.entry`."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if key in _TABLES and isinstance(value, dict):
            flat |= {f"{key}.{entry}": each for entry, each in value.items()}
        else:
            flat[key] = value
    return flat


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    text = ""
    try:
        text = content.decode("utf-8")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path}: byte {error.start} is not UTF-8", "save the file as UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:  # nested too deeply, a number too long
        last = text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1
        reason = str(error).replace("end of document", "line {}, column {}".format(*last))
        raise ConfigurationError(
            f"{path}: {reason}", "mend that line; nothing was changed"
        ) from None


def _checked(key: str, value: str) -> str:
    """Pass on what the other end can be sent. A signing secret may be any bytes."""
    if key != "signing_secret" and not value.isprintable():
        raise ConfigurationError(
            f"the setting {key} holds characters that cannot be meant",
            f"set {_variable(key)} anew, without line breaks and in UTF-8",
        )
    if key.endswith("_path") and not value.startswith("/"):
        raise ConfigurationError(
            f"the setting {key} is no path: {value!r}",
            f"{_variable(key)} begins with a slash; the address is GOOCLAIM_API_URL",
        )
    return value


def _check_entry(path: Path, key: str, value: object) -> None:
    if key not in _KEYS:
        close = difflib.get_close_matches(key, _KEYS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(_KEYS)}"
        raise ConfigurationError(f"{path}: there is no setting {key!r}", hint)
    texts = value if isinstance(value, list) and key == "signing_secret" else [value]
    if not all(isinstance(each, str) and each for each in texts):
        raise ConfigurationError(
            f"{path}: {key} must be a text that is not empty", f'write {key} = "…"'
        )


def _secrets(given: list[str] | str) -> tuple[SigningSecret, ...]:
    """A list, or a text in which commas part several secrets."""
    texts = given if isinstance(given, list) else str(given).split(",")
    return tuple(SigningSecret(text) for text in texts if text)


def _signed_content(given: str) -> SignedContent:
    try:
        return SignedContent(given)
    except ValueError:
        names = " or ".join(SignedContent)
        raise ConfigurationError(
            f"GOOCLAIM_SIGNED_CONTENT is {given!r}", f"it must be {names}"
        ) from None


def _retain(given: str) -> float:
    """Read how long deliveries are kept."""
    if not given:
        return _RETAIN
    with contextlib.suppress(UsageError):
        span = parse_duration(given)
        if span > 0:
            return span
    raise ConfigurationError(
        f"the setting history.retain is {given!r}", "write how long deliveries are kept: 12h or 7d"
    )
