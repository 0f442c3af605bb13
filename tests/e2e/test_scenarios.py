"""A story in a person's terminal: a key a step, and what is left on the screen."""

import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from gooclaim_cli.render.stories import list_scenarios
from gooclaim_cli.stories.library import built_in
from tests.cli.handlers import SECRET, careful, handler
from tests.e2e.support import GOOCLAIM, environment

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect
import pyte

COLUMNS, ROWS = 80, 40


class Terminal:
    """A command in a terminal, of 80 columns where nothing else is said."""

    def __init__(self, home: Path, *arguments: str, columns: int = COLUMNS) -> None:
        self._columns = columns
        self._output: list[str] = []
        self.child = pexpect.spawn(
            GOOCLAIM[0],
            [*GOOCLAIM[1:], *arguments],
            env=environment(home, GOOCLAIM_SIGNING_SECRET=SECRET, COLUMNS=str(columns)),
            dimensions=(ROWS, columns),
            encoding="utf-8",
            timeout=20,
        )

    @property
    def output(self) -> str:
        """All that was written so far."""
        return "".join(self._output)

    def see(self, text: str) -> None:
        """Wait until this is written."""
        self.child.expect_exact(text)
        self._output += (self.child.before or "", str(self.child.after))

    def end(self) -> tuple[int | None, list[str]]:
        """Wait for the end: the exit code, and the screen as it is left."""
        self.child.expect(pexpect.EOF)
        self._output.append(self.child.before or "")
        self.child.close()
        screen = pyte.Screen(self._columns, ROWS)
        pyte.Stream(screen).feed(self.output)
        return self.child.exitstatus, [line.rstrip() for line in screen.display if line.strip()]


def test_with_step_it_goes_on_at_a_key(tmp_path: Path) -> None:
    with handler(careful()) as hooks:
        story = ("scenario", "run", "claim-status", "--to", hooks.url, "--step")
        terminal = Terminal(tmp_path, *story)
        terminal.see("next: step 1 of 2, workflow.started, at a key (q or Esc ends)")
        assert hooks.seen == []
        terminal.child.send(" ")
        terminal.see("next: step 2 of 2, workflow.completed, at a key")
        assert len(hooks.seen) == 1
        terminal.child.send("\r")
        code, screen = terminal.end()
    assert code == 0
    assert len(hooks.seen) == 3
    assert screen[-1] == "2 of 2 steps held."
    assert not any("next:" in line for line in screen)
    assert screen[0] == "Story  A claimant asks how a claim is going, and is answered"
    assert screen[3].startswith("    40s  workflow.completed         ✓ 2 × 200  slowest ")


def test_in_40_columns_an_answer_stands_below_its_event(tmp_path: Path) -> None:
    with handler(lambda _: 500) as hooks:
        story = ("scenario", "run", "documents-never-come", "--to", hooks.url)
        code, screen = Terminal(tmp_path, *story, "--longest-wait", "0s", columns=40).end()
    assert code == 1
    started = screen.index("     0s  workflow.started")
    assert screen[started + 1].startswith("         ✗ 500  ")
    assert screen[started + 2] == "         expected 2xx, got 500"
    assert screen[started + 3] == "    72h  workflow.timed_out"
    assert screen[started + 4].startswith("         ✗ 2 × 500  slowest ")


def test_in_40_columns_a_name_and_its_title_are_apart() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    list_scenarios(built_in(), console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert all(len(line) <= 40 for line in lines)
    assert lines[lines.index("documents-never-come") + 1].strip() == "Documents never"
    assert "claim-status        A claimant asks how" in lines


def test_before_a_key_it_says_what_comes_again(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("steps: [{event: claim.begun, name: a}, {again: a, times: 2}]")
    with handler(careful()) as hooks:
        terminal = Terminal(tmp_path, "scenario", "run", str(mine), "--to", hooks.url, "--step")
        for seen in (
            "next: step 1 of 2, claim.begun, at a key",
            "next: step 2 of 2, claim.begun, again, at a key",
            "next: step 2 of 2, claim.begun, again, time 2 of 2, at a key",
        ):
            terminal.see(seen)
            terminal.child.send(" ")
        code, _ = terminal.end()
    assert code == 0


@pytest.mark.parametrize("key", ["q", "\x1b", "\x03"])
def test_a_key_ends_the_story(tmp_path: Path, key: str) -> None:
    with handler(careful()) as hooks:
        terminal = Terminal(tmp_path, "scenario", "run", "modes", "--to", hooks.url, "--step")
        terminal.see("next: step 1 of 5, workflow.started")
        terminal.child.send(" ")
        terminal.see("next: step 2 of 5, operational_mode.changed")
        terminal.child.send(key)
        code, screen = terminal.end()
    assert code == 130
    assert len(hooks.seen) == 1
    assert screen[-2:] == ["1 of 5 steps held.", "4 not played to the end."]
    assert not any("Traceback" in line for line in screen)


def test_the_terminal_is_as_it_was(tmp_path: Path) -> None:
    """Keys are read without echo while the story waits; afterwards, the cursor is back."""
    with handler(careful()) as hooks:
        terminal = Terminal(tmp_path, "scenario", "run", "claim-status", "--to", hooks.url)
        terminal.see("next: step 2 of 2, workflow.completed, in a moment")
        os.write(terminal.child.child_fd, b"\x03")
        code, _ = terminal.end()
    assert code == 130
    assert terminal.output.rfind("\x1b[?25h") > terminal.output.rfind("\x1b[?25l")
