"""The sandbox's signing secret: made up, and the same on a machine after every restart.

A handler that was given it once takes what the next sandbox sends, too. It opens nothing else, and
is shown on purpose.
"""

import re
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError

_FORM: Final = re.compile("whsec_sandbox_[0-9a-f]{32}")


def new_secret(random: Random) -> str:
    """Make one up."""
    return f"whsec_sandbox_{random.getrandbits(128):032x}"


def kept_secret(data: Path) -> str | None:
    """The one that the data folder keeps, which is made where there is none.

    None where it cannot be kept: each sandbox then has one of its own.
    """
    try:
        return private_files.made_once(
            data / "sandbox-secret", _FORM, lambda: new_secret(SystemRandom())
        )
    except ConfigurationError:
        return None
