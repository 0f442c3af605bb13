"""`gooclaim verify` on a terminal: how far it is, where the lines themselves do not say so."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.__main__ import main
from gooclaim_cli.render import progress
from tests.wire.samples import SECRET

from .support import environment
from .test_verify import line

pyte = pytest.importorskip("pyte", reason="it is the terminal")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")
LINES = 3000


class Terminal:
    """What stands on a terminal, and all that ever came there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.received = b""
        self._screen: Any = pyte.Screen(80, 24)
        self._stream: Any = pyte.ByteStream(self._screen)

    def read(self) -> None:
        """Read to the end."""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes any more
            while piece := os.read(self.number, 4096):
                self.received += piece
                self._stream.feed(piece)

    @property
    def shown(self) -> str:
        """What a person sees."""
        return "\n".join(map(str.rstrip, self._screen.display)).strip()


@contextlib.contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Stderr is a terminal."""
    ours, theirs = os.openpty()
    seen = Terminal(ours)
    reader = threading.Thread(target=seen.read)
    with monkeypatch.context() as patch, os.fdopen(theirs, "w", encoding="utf-8") as stream:
        patch.setattr(sys, "stderr", stream)
        reader.start()
        yield seen
    reader.join()
    os.close(ours)


def test_a_bar_on_a_terminal_while_the_lines_go_to_a_file(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_bytes(line() * LINES)
    variables = environment(home, GOOCLAIM_SIGNING_SECRET=SECRET.value, TERM="xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with terminal(monkeypatch) as seen:
        assert main(["verify", str(path), "--no-expiry"]) == 0
    assert b"Verifying" in seen.received
    assert b"%" in seen.received
    assert seen.shown == "", "nothing is left of it"
    assert capsys.readouterr().out.endswith(f"{LINES:,} captures: {LINES:,} verified\n")


def test_what_is_soon_done_has_no_bar(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_bytes(line())
    for name, value in environment(home, GOOCLAIM_SIGNING_SECRET=SECRET.value).items():
        monkeypatch.setenv(name, value)
    with terminal(monkeypatch) as seen:
        assert main(["verify", str(path), "--no-expiry"]) == 0
    assert seen.received == b""
