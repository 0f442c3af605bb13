"""Questions to the person at the terminal: asked on stderr, answered before anything goes on."""

import sys

from gooclaim_cli.errors import UsageError
from gooclaim_cli.render.escape import visible


def somebody_there(*, as_json: bool = False) -> bool:
    """Whether a person can be asked: at a terminal, and no program reads along."""
    return not as_json and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, default: str | None = None) -> str:
    """Ask until there is an answer; an empty one is the default, which may be off the wire.

    Raises UsageError at the end of the input.
    """
    shown = f"{question} [{visible(default)}]: " if default else f"{question}: "
    while True:
        sys.stderr.write(shown)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            raise UsageError(f"no answer to: {question}", "run it again, or see --help")
        answer = line.strip() or default
        if answer:
            return answer


def ask_secret(question: str) -> str:
    """Ask without showing the answer. Raises UsageError where there is none."""
    import getpass

    while True:
        try:
            answer = getpass.getpass(f"{question} (not shown): ", stream=sys.stderr).strip()
        except EOFError:
            sys.stderr.write("\n")
            raise UsageError(f"no answer to: {question}", "run it again, or see --help") from None
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            raise
        if answer:
            return answer


def agree(question: str, *, default: bool) -> bool:
    """Ask for a yes or a no; the end of the input is the default."""
    sys.stderr.write(f"{question} [{'Y/n' if default else 'y/N'}]: ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()
    return answer in ("y", "yes") if answer else default
