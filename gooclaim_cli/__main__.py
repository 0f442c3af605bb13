"""The entry point: `gooclaim`, and `python -m gooclaim_cli`."""

import contextlib
import errno
import itertools
import os
import sys
from collections.abc import Sequence

from gooclaim_cli.errors import ExitCode, GooclaimError


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code. Nothing is raised: this is where errors end."""
    _occupy_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        from gooclaim_cli.cli.app import command  # Ctrl-C meets what is imported here, too

        command().main(args=arguments, prog_name="gooclaim")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except GooclaimError as error:
        from gooclaim_cli.cli.consoles import error_console
        from gooclaim_cli.render.errors import show_error

        with contextlib.suppress(OSError):  # nobody reads it: the exit code is left
            show_error(error, error_console())
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.REFUSED
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return _report_full_disk()
        from gooclaim_cli.bugs import report_bug

        # Our own bug: never a traceback, unless one is asked for, before the command's name.
        before_command = itertools.takewhile(lambda each: each.startswith("-"), arguments)
        return report_bug(error, show="--debug" in before_command)
    return ExitCode.OK


def _occupy_standard_streams() -> None:
    """Let nobody be there where we were started with one of them closed (`<&-`, a daemon).

    Their numbers are taken, too: a socket or database that got one would be written to by whoever
    takes it for standard output. Children inherit them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # the lowest number first
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - for all the run
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _report_full_disk() -> ExitCode:
    """Say it. What is still buffered is let go: that it fails again at the end is no news."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write("error: no space is left to write to\n  make room and run it again\n")
    return ExitCode.CONFIGURATION


if __name__ == "__main__":
    sys.exit(main())
