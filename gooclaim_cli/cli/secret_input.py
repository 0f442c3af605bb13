"""A secret that another program hands over: in a file, or on standard input. Never as an option:
those are seen by everybody on the machine.
"""

import sys
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import ConfigurationError, UsageError

_LONGEST: Final = 64 * 1024


def read_secret(file: Path) -> str:
    """Read one line; `-` is standard input.

    Raises ConfigurationError, and UsageError where it is none; neither repeats what was read.
    """
    name = "standard input" if str(file) == "-" else str(file)
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(_LONGEST + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(_LONGEST + 1)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {name}: {error.strerror}", "name a file that holds the secret"
        ) from None
    if not content.strip():
        raise UsageError(f"{name} holds no secret", "it must have one line, the secret")
    secret = content.decode("utf-8", "surrogateescape").strip()
    if len(content) > _LONGEST or not secret.isprintable():
        raise UsageError(f"{name} holds more than a secret", "it must have one line of text")
    return secret
