"""What can go wrong, each with its message, its hint and its exit code.

Raised where the fact is known, caught once, in `gooclaim_cli.__main__.main`. Exceptions of other
libraries are translated where they enter, never here.
"""

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller. Documented in the README; stable."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFIGURATION = 3
    NETWORK = 4
    TUNNEL = 5
    BUG = 70
    INTERRUPTED = 130


class GooclaimError(Exception):
    """Something a person can act on.

    `message` says what was wrong and where, `hint` the next thing to do or type; `details` are what
    else was wrong, each a line of its own below the message. None may hold a secret. The class
    gives the exit code.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, hint: str = "", *, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)


class UsageError(GooclaimError):
    """An option or an argument that cannot be meant."""

    exit_code = ExitCode.USAGE


class ConfigurationError(GooclaimError):
    """A setting, a credential or a file that is missing, wrong or not to be used."""

    exit_code = ExitCode.CONFIGURATION


class ApiError(GooclaimError):
    """Gooclaim's API said no, or could not be reached."""

    exit_code = ExitCode.NETWORK


class TunnelError(GooclaimError):
    """The public URL could not be had."""

    exit_code = ExitCode.TUNNEL


class StorageError(GooclaimError):
    """The history could not be read or written."""

    exit_code = ExitCode.CONFIGURATION
