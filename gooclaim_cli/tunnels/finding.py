"""Tunnel programs on this machine: where they are, and their versions."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gooclaim_cli.tunnels import ngrok_config
from gooclaim_cli.tunnels.choice import Found

_VERSION: Final = re.compile(r"version (\d+(?:\.\d+)*)")
_WITHIN: Final = 5.0


def find_program(name: str, environment: Mapping[str, str], *others: Path) -> Path | None:
    """Where an installed program is: on the PATH, or at one of the other places."""
    found = shutil.which(name, path=environment.get("PATH", ""))
    if found is not None:
        return Path(found).absolute()
    return next((path for path in others if path.is_file()), None)


def ngrok_user_config(environment: Mapping[str, str]) -> ngrok_config.UserConfig:
    """What the user's own configuration of ngrok says."""
    return ngrok_config.read_user_config(environment, ngrok_config.home_folder(environment))


def downloaded_ngrok(data: Path) -> Path:
    """Where the agent is put that `listen` downloads."""
    return data / "bin" / ("ngrok.exe" if sys.platform == "win32" else "ngrok")


def find(data: Path, ngrok_authtoken: str | None, environment: Mapping[str, str]) -> Found:
    """Programs and authtokens. `data` is our folder, `ngrok_authtoken` our own setting.

    The token is the first of NGROK_AUTHTOKEN, ngrok's own configuration, our setting.
    """
    token = environment.get("NGROK_AUTHTOKEN") or ngrok_user_config(environment).authtoken
    others = [downloaded_ngrok(data)]
    if given := environment.get("PYNGROK_NGROK_PATH"):
        others.append(Path(given))
    return Found(
        ngrok_authtoken=token or ngrok_authtoken,
        ngrok=find_program("ngrok", environment, *others),
        cloudflared=find_program("cloudflared", environment),
    )


def version_of(program: Path, environment: Mapping[str, str]) -> str | None:
    """What a program says its version is; None where it does not."""
    try:
        done = subprocess.run(  # noqa: S603 - the program that we are to run
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    found = _VERSION.search(done.stdout)
    return found[1] if found else None
