"""Asking the person at the terminal, while everything else goes on."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator

from gooclaim_cli.questions import Ask


def asker(*, as_json: bool) -> Ask | None:
    """What asks; None where nobody is there: no terminal, or a program that reads along."""
    return None if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()) else _ask


async def _ask(question: str, *, hidden: bool = False) -> str:
    """Ask on stderr. A thread waits for the answer, which whoever presses Ctrl-C need not do."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def settle(text: str) -> None:
        if not answer.done():
            answer.set_result(text)

    def ask() -> None:
        text = _hidden(question) if hidden else _shown(question)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, text.strip())

    with _terminal_kept():
        threading.Thread(target=ask, daemon=True, name="ask").start()
        return await answer


def _shown(question: str) -> str:
    from gooclaim_cli.render.escape import visible

    sys.stderr.write(visible(question, newlines=True))
    sys.stderr.flush()
    return sys.stdin.readline()


def _hidden(question: str) -> str:
    import getpass

    try:
        return getpass.getpass(question)
    except (EOFError, OSError):
        return ""


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the terminal as it was, should a hidden question be given up in the middle."""
    try:
        import termios
    except ImportError:  # Windows: nothing is switched there
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal has gone
            termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
