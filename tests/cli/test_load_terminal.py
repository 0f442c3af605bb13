"""`gooclaim send-test --count` in a real terminal: the bar, Ctrl-C, what stays on screen."""

import asyncio
import re
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.load.handlers import ENV, always, handler

from .support import GOOCLAIM, PATIENCE, environment

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect
import pyte


class Terminal:
    """A load in a terminal, and the screen as it looks now."""

    def __init__(self, port: int, home: Path, *more: str, columns: int = 80) -> None:
        self._screen = pyte.Screen(columns, 60)
        self._stream = pyte.Stream(self._screen)
        env = {**environment(home, **ENV, TERM="xterm-256color"), "COLUMNS": ""}
        self._child = pexpect.spawn(
            GOOCLAIM[0],
            [*GOOCLAIM[1:], "send-test", "--to", str(port), *more],
            env=env,
            dimensions=(60, columns),
            encoding="utf-8",
        )

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def see(self, pattern: str) -> None:
        until = time.monotonic() + PATIENCE
        while not re.search(pattern, self.screen, re.M):
            assert time.monotonic() < until, self.screen
            self._stream.feed(self._child.read_nonblocking(65536, PATIENCE))

    def press_control_c(self) -> None:
        self._child.sendintr()

    def end(self) -> int | None:
        self._child.expect(pexpect.EOF, timeout=PATIENCE)
        self._stream.feed(self._child.before or "")
        self._child.close()
        return self._child.exitstatus


def test_control_c_shows_what_there_is(home: Path) -> None:
    with handler(always(200)) as hooks:
        terminal = Terminal(hooks.port, home, "--count", "90000", "--rate", "300/s")
        terminal.see(r"━ +[1-9]\d*/90000 +\d+/s +p99 +[\d.]+ ms")
        terminal.press_control_c()
        assert terminal.end() == 130
        seen = len(hooks.seen)
    sent = re.search(r"Sent +([\d,]+) of 90,000 in ", terminal.screen)
    assert sent
    assert 0 < int(sent[1].replace(",", "")) <= seen + 10
    assert re.search(r"^Latency .* ms  from when it was due$", terminal.screen, re.M)
    assert "Stopped. All " in terminal.screen


def test_what_control_c_gives_up_is_told(home: Path) -> None:
    """Of ten on their way at a time, those of a handler that does not answer."""

    numbers, over = iter(range(1000)), threading.Event()

    async def first_twenty(_: object) -> int:
        if next(numbers) >= 20:
            await asyncio.to_thread(over.wait, PATIENCE)
        return 200

    with handler(first_twenty) as hooks:
        terminal = Terminal(hooks.port, home, "--count", "3000", "--deadline", "1m")
        terminal.see(r" 20/3000 ")
        terminal.press_control_c()
        assert terminal.end() == 130
        over.set()
    assert re.search(r"^Sent +30 of 3,000 in ", terminal.screen, re.M)
    assert "Stopped. All 20 were answered as a correct handler answers. 10 were" in terminal.screen
    assert "Traceback" not in terminal.screen


def test_at_the_end_the_bar_is_gone(home: Path) -> None:
    with handler(always(200)) as hooks:
        terminal = Terminal(hooks.port, home, "--count", "120", "--rate", "200/s")
        terminal.see(r"━.* \d+/120 ")
        assert terminal.end() == 0
    assert "━" not in terminal.screen
    assert "All 120 were answered" in terminal.screen


def test_a_narrow_terminal_sees_how_many_and_how_long(home: Path) -> None:
    with handler(always(200)) as hooks:
        more = ("--count", "120", "--rate", "200/s", "--faults", "50%")
        terminal = Terminal(hooks.port, home, *more, columns=40)
        terminal.see(r"^ *[1-9]\d*/120 +\d+/s  [1-9]\d* wrong +0:00:0\d$")
        assert terminal.end() == 1
    assert re.search(
        r"^bad-signature +\d+ +0\n  right: 4xx\n  not so: 200: \d+$", terminal.screen, re.M
    )
