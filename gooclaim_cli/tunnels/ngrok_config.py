"""ngrok's own configuration: what of the user's counts here, and the file that our agent gets.

Ours has version 2, which every agent since 3.0 reads (https://ngrok.com/docs/agent/config/v2). The
user's may have version 3, which names some things otherwise.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gooclaim_cli import private_files

# What it takes to reach ngrok from the user's network: the name in version 2, and in version 3.
_CARRIED: Final = MappingProxyType(
    {
        "proxy_url": "proxy_url",
        "root_cas": "connect_cas",
        "server_addr": "connect_url",
        "dns_resolver_ips": "dns_resolver_ips",
        "crl_noverify": "crl_noverify",
    }
)


@dataclass(frozen=True, slots=True)
class UserConfig:
    """What the user's file says that counts here."""

    authtoken: str | None = field(default=None, repr=False)
    carried: Mapping[str, Any] = field(default_factory=dict)


def read_user_config(environment: Mapping[str, str], home: Path) -> UserConfig:
    """Read ngrok's own file; one that is absent or unreadable says nothing."""
    for path in _places(environment, home):
        try:
            content = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        import yaml  # only where there is a file: it costs start-up

        try:
            found = yaml.safe_load(content)
        except yaml.YAMLError:
            return UserConfig()
        return _understood(found if isinstance(found, dict) else {})
    return UserConfig()


def _places(environment: Mapping[str, str], home: Path) -> list[Path]:
    """https://ngrok.com/docs/agent/config: the places, and the one of agents before 3.0."""
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return [
        config / "ngrok" / "ngrok.yml",
        home / "Library" / "Application Support" / "ngrok" / "ngrok.yml",
        local / "ngrok" / "ngrok.yml",
        home / ".ngrok2" / "ngrok.yml",
    ]


def _understood(found: dict[str, Any]) -> UserConfig:
    agent = found.get("agent")
    newer = str(found.get("version")) == "3" and isinstance(agent, dict)
    values = agent if newer and isinstance(agent, dict) else found
    token = values.get("authtoken")
    carried = {
        old: values[new if newer else old]
        for old, new in _CARRIED.items()
        if (new if newer else old) in values
    }
    return UserConfig(token if isinstance(token, str) and token else None, carried)


def write_agent_config(
    path: Path, *, authtoken: str | None, carried: Mapping[str, Any], web_port: int, inspect: bool
) -> None:
    """Write the file of our agent, for this user's eyes only. The token is nowhere else."""
    import yaml

    config: dict[str, Any] = {
        "version": "2",
        "console_ui": False,
        "update_check": False,
        "remote_management": False,
        "web_addr": f"127.0.0.1:{web_port}",
        "inspect_db_size": 0 if inspect else -1,  # 0: ngrok's default size; -1: nothing is kept
        **carried,
    }
    if authtoken is not None:
        config["authtoken"] = authtoken
    private_files.write(path, yaml.safe_dump(config).encode())


def home_folder(environment: Mapping[str, str]) -> Path:
    """The user's home."""
    return Path(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - total
