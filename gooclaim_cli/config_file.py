"""The config file as it is read: settings for everybody at its top, and one table a profile.

Reading is strict, so that a slip of the pen is told and never passed over. Nothing is written here.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.setting_keys import Given, Key

PROFILES: Final = "profiles"
DEFAULT_PROFILE: Final = "default"  # the settings outside of any profile
_PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What the file says, by the names of settings. `shared` stands outside of the profiles."""

    shared: Mapping[str, Given] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Given]] = field(default_factory=dict)

    def __repr__(self) -> str:  # its values may be secrets
        return f"ConfigFile({sorted(self.shared)}, {sorted(self.profiles)})"


def read(path: Path, known: Mapping[str, Key]) -> ConfigFile:
    """Read the file; an absent one is empty. Raises ConfigurationError."""
    content = content_of(path)
    return ConfigFile() if content is None else parse(path, content, known)


def content_of(path: Path) -> bytes | None:
    """The bytes of the file, None where there is none. Raises ConfigurationError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}",
            "make it readable, or set GOOCLAIM_HOME to another folder",
        ) from None


def parse(path: Path, content: bytes, known: Mapping[str, Key]) -> ConfigFile:
    """Read the file's content; `path` is for messages. Raises ConfigurationError."""
    found = _toml(path, content)
    tables = found.pop(PROFILES, {})
    if not isinstance(tables, dict) or not all(isinstance(each, dict) for each in tables.values()):
        raise ConfigurationError(
            f"{path}: {PROFILES} must be tables", f"begin a profile with [{PROFILES}.NAME]"
        )
    for name in tables:
        check_profile_name(name)
    return ConfigFile(
        shared=dict(_entries(path, "", found, known)),
        profiles={
            name: dict(_entries(path, f"{PROFILES}.{name}.", table, known))
            for name, table in tables.items()
        },
    )


def check_profile_name(name: str) -> None:
    """Refuse what cannot name a profile of the file. Raises ConfigurationError."""
    if name == DEFAULT_PROFILE or not _PROFILE_NAME.fullmatch(name):
        raise ConfigurationError(
            f"a profile cannot be named {name!r}",
            "use letters, digits, hyphens and underscores; what stands outside of the profiles"
            f" is {DEFAULT_PROFILE!r}",
        )


def _entries(
    path: Path, where: str, table: dict[str, Any], known: Mapping[str, Key]
) -> Iterator[tuple[str, Given]]:
    """The checked entries of a table, those of our sub-tables as `table.entry`."""
    ours = {name.partition(".")[0] for name in known if "." in name}
    for entry, value in table.items():
        within = entry in ours and isinstance(value, dict)
        for name, each in (
            [(f"{entry}.{k}", v) for k, v in value.items()] if within else [(entry, value)]
        ):
            yield name, _checked(path, where, name, each, known)


def _checked(path: Path, where: str, name: str, value: Any, known: Mapping[str, Key]) -> Given:
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(known)}"
        raise ConfigurationError(f"{path}: there is no setting {where + name!r}", hint)
    if where and name == "profile":
        raise ConfigurationError(
            f"{path}: {where}profile: a profile cannot choose another one", "remove that line"
        )
    several = value if isinstance(value, list) and known[name].several else [value]
    if not all(isinstance(each, str) and each for each in several):
        raise ConfigurationError(
            f"{path}: {where}{name} must be a text that is not empty", f'write {name} = "…"'
        )
    given: Given = value
    return given


def _toml(path: Path, content: bytes) -> dict[str, Any]:
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
