"""Who says what a setting is: a flag, the environment, a profile, the file, in this order. Pure."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gooclaim_cli import config_file
from gooclaim_cli.config_file import DEFAULT_PROFILE, ConfigFile
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.setting_keys import Given, Key


class Origin(StrEnum):
    """Where a setting's value came from."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    PROFILE = "profile"
    FILE = "file"
    KEPT = "kept"  # by login
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value came from; `name` is the flag, the variable, or the table of the file."""

    origin: Origin
    name: str = "the default"


@dataclass(frozen=True, slots=True)
class Explained:
    """A setting as it was given, unread. `value` None: nowhere, and there is no default."""

    key: Key
    value: Given | None
    source: Source


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that can say what a setting is."""

    flags: Mapping[str, str | None]
    variables: Mapping[str, str]
    file: ConfigFile

    def profile(self, key: Key, *, new: bool) -> str | None:
        """The profile that is to be used; None: what stands outside of the profiles.

        `key` is the setting that names it; a `new` one need not be in the file. Raises
        ConfigurationError.
        """
        given = self.value(key, None)
        if given is None or given[0] == DEFAULT_PROFILE:
            return None
        name, source = str(given[0]), given[1]
        if new:
            config_file.check_profile_name(name)
        elif name not in self.file.profiles:
            close = difflib.get_close_matches(name, self.file.profiles, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ConfigurationError(
                f"there is no profile {name!r} ({source.name})",
                f"{hint}gooclaim login --profile {name} makes it",
            )
        return name

    def value(self, key: Key, profile: str | None) -> tuple[Given, Source] | None:
        """What is said of a setting by the first that says something, and who says it."""
        if flag := self.flags.get(key.name):
            return flag, Source(Origin.FLAG, "--" + key.name.replace("_", "-").replace(".", "-"))
        if variable := self.variables.get(key.variable):
            return variable, Source(Origin.ENVIRONMENT, key.variable)
        if profile is not None:
            if entry := self.file.profiles.get(profile, {}).get(key.name):
                return entry, Source(Origin.PROFILE, f"profile {profile}")
            if key.account:
                return None
        if entry := self.file.shared.get(key.name):
            return entry, Source(Origin.FILE, "config.toml")
        return None
