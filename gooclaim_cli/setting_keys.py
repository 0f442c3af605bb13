"""What a setting is: its name, its variable, its meaning, and how its text is read. Pure.

The settings themselves are the fields of `gooclaim_cli.settings.Settings`, a line each.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from gooclaim_cli.durations import parse_duration
from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.wire import SigningSecret

Given = str | list[str]  # a list only where the file may have one
_METADATA: Final = "gooclaim.setting"


class SecretStore(StrEnum):
    """Where `gooclaim login` keeps a secret."""

    AUTO = "auto"
    KEYRING = "keyring"
    FILE = "file"


class Outlives(StrEnum):
    """What a stored delivery outlives once it has been acknowledged."""

    POWER_CUT = "power-cut"
    CRASH = "crash"  # of this process: quicker, since no disk is waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting. `read(key, given)` returns its value or raises ConfigurationError.

    A `secret` is never shown. One that belongs to an `account` is not handed from the file's
    top to its profiles: half of one account and half of another is never meant. `several`: the
    file may have a list.
    """

    name: str  # as the file has it: an entry of a table is `table.entry`
    member: str  # of Settings
    meaning: str
    read: "Callable[[Key, Given], Any]"
    default: str | None = None  # as a person would write it
    secret: bool = False
    account: bool = False
    several: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"GOOCLAIM_{self.name.replace('.', '_').upper()}"


def setting(
    meaning: str,
    default: str | None = None,
    *,
    name: str = "",
    read: Callable[[Key, Given], Any] | None = None,
    **traits: bool,
) -> Any:
    """Declare a setting as a dataclass field; its name is the field's unless given."""
    key = Key(name=name, member="", meaning=meaning, default=default, read=read or text, **traits)
    given = ("" if key.several else None) if default is None else default
    value = None if given is None else key.read(key, given)
    return field(default=value, metadata={_METADATA: key})


def keys_of(settings: Any) -> dict[str, Key]:
    """The settings that a dataclass declares, by name."""
    found: dict[str, Key] = {}
    for each in settings.__dataclass_fields__.values():
        key = each.metadata.get(_METADATA)
        if key is not None:
            key = replace(key, name=key.name or each.name, member=each.name)
            found[key.name] = key
    return found


def text(key: Key, given: Given) -> str:
    """Read what the other end can be sent."""
    value = given if isinstance(given, str) else ",".join(given)
    if not value.isprintable():
        raise ConfigurationError(
            f"the setting {key.name} holds characters that cannot be meant",
            f"set {key.variable} anew, without line breaks and in UTF-8",
        )
    return value


def texts(key: Key, given: Given) -> tuple[str, ...]:
    """Read a list, or a text in which commas part several."""
    several = given.split(",") if isinstance(given, str) else given
    return tuple(text(key, each.strip()) for each in several if each.strip())


def path(key: Key, given: Given) -> str:
    """Read a path of the API: it must not name the host that gets the token."""
    value = text(key, given)
    if not value.startswith("/"):
        raise ConfigurationError(
            f"the setting {key.name} is no path: {value!r}",
            f"{key.variable} begins with a slash; the address is GOOCLAIM_API_URL",
        )
    return value


def https_url(key: Key, given: Given) -> str:
    """Read a URL that Gooclaim can deliver to."""
    value = text(key, given)
    with contextlib.suppress(ValueError):
        parts = urlsplit(value)
        if parts.scheme == "https" and parts.hostname and " " not in value:
            return value
    raise ConfigurationError(
        f"the setting {key.name} is {value!r}", "it must be a URL that begins with https://"
    )


def secrets(_key: Key, given: Given) -> tuple[SigningSecret, ...]:
    """Read signing secrets: a list, or a text in which commas part them. Any bytes will do."""
    several = given.split(",") if isinstance(given, str) else given
    return tuple(SigningSecret(each) for each in several if each)


def choice(names: type[StrEnum]) -> Callable[[Key, Given], StrEnum]:
    """Make a reader of one of several names."""

    def read(key: Key, given: Given) -> StrEnum:
        try:
            return names(text(key, given))
        except ValueError:
            raise ConfigurationError(
                f"{key.variable} is {given!r}", f"it must be {' or '.join(names)}"
            ) from None

    return read


def span(key: Key, given: Given) -> float:
    """Read a span of time that is longer than nothing, in seconds."""
    value = text(key, given)
    with contextlib.suppress(UsageError):
        seconds = parse_duration(value)
        if seconds > 0:
            return seconds
    raise ConfigurationError(
        f"the setting {key.name} is {value!r}", f"write {key.meaning} like 30s, 12h or 7d"
    )
