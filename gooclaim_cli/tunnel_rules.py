"""Which tunnels may be used here: the user's setting, within what the machine's file allows.

The machine's file is for a security team: a user's setting can narrow what it allows, never widen
it. GOOCLAIM_SYSTEM_CONFIG names a further such file; it adds its rule to the machine's own, so it
can only narrow, too. A file that is there and cannot be understood allows nothing: it is told.
"""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.settings import Settings
from gooclaim_cli.tunnels.choice import RULED, Rule

FURTHER_FILE: Final = "GOOCLAIM_SYSTEM_CONFIG"
_KEY: Final = "tunnels.allowed"


def system_file() -> Path:
    """Where the machine's file is. Not where the environment says: the user's must not move it."""
    if sys.platform == "darwin":
        return Path("/Library/Application Support/gooclaim/config.toml")
    if sys.platform == "win32":
        import platformdirs

        return platformdirs.site_config_path("gooclaim", appauthor=False) / "config.toml"
    return Path("/etc/gooclaim/config.toml")


def rule(settings: Settings, environment: Mapping[str, str]) -> Rule:
    """What all rules together allow. Raises ConfigurationError where one cannot be understood."""
    rules = [rule for file in _files(environment) if (rule := read_rule(file)) is not None]
    if settings.tunnels_allowed:
        names = _known(list(settings.tunnels_allowed), f"the setting {_KEY}")
        rules.append(Rule(names, f"the setting {_KEY}"))
    together = Rule()
    for each in rules:
        allowed = each.allowed or frozenset()
        rest = allowed if together.allowed is None else together.allowed & allowed
        if together.allowed is None or rest != together.allowed:
            together = Rule(rest, f"{together.by} and {each.by}" if together.by else each.by)
    return together


def _files(environment: Mapping[str, str]) -> list[Path]:
    further = environment.get(FURTHER_FILE)
    return [system_file(), *([Path(further)] if further else [])]


def read_rule(path: Path) -> Rule | None:
    """The rule in a machine's file; None where there is no file. Raises ConfigurationError."""
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"the machine's file {path} cannot be read: {error}", "ask whoever keeps this machine"
        ) from None
    tables = found.get("tunnels")
    if set(found) != {"tunnels"} or not isinstance(tables, dict) or set(tables) != {"allowed"}:
        raise ConfigurationError(
            f"the machine's file {path} must hold {_KEY}, and nothing else",
            'write: tunnels.allowed = ["url", "cloudflared"]',
        )
    return Rule(_known(tables["allowed"], str(path)), str(path))


def _known(names: object, where: str) -> frozenset[str]:
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        unknown = [name for name in names if name not in RULED]
        if not unknown:
            return frozenset(names)
        names = unknown
    raise ConfigurationError(
        f"{where}: {names!r} is no list of tunnels", f"choose from {', '.join(RULED)}"
    )
