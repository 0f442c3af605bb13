"""`gooclaim send-test --watch`: a change, a restarted handler, a new answer, and what differs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.wire import IDEMPOTENCY_KEY_HEADER, decode_event

from .handlers import SECRET, careful, handler
from .support import GOOCLAIM, RunHere, environment, interrupt

ENV = {"GOOCLAIM_SIGNING_SECRET": SECRET}
PROGRAM = Path(__file__).with_name("restarting_handler.py")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it ends by SIGINT, and execs")


class Watching:
    """A watching send-test, read object by object."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def told(self, kind: str, **wanted: Any) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found: dict[str, Any] = json.loads(line)
            if found["kind"] == kind and wanted.items() <= found.items():
                return found
        raise AssertionError(f"it ended: {self.process.communicate()[1]}")


@contextmanager
def watching(home: Path, *arguments: str) -> Iterator[Watching]:
    """Run it; Ctrl-C ends it, and that is no failure."""
    with subprocess.Popen(
        [*GOOCLAIM, "send-test", *arguments, "--json"],
        env=environment(home, **ENV),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            shown = Watching(process)
            yield shown
            interrupt(process)  # type: ignore[arg-type]
            _, errors = process.communicate(timeout=20)
            assert (process.returncode, errors) == (0, "")
        finally:
            process.kill()


@contextmanager
def restarting(file: Path) -> Iterator[str]:
    """Run the handler that restarts itself; yields its port."""
    command = [sys.executable, str(PROGRAM), "0", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_the_restarted_handler_is_waited_for_and_its_answer_compared(home: Path) -> None:
    """The old one never gets the new event; keys are new each time, the event may be the same."""
    source = home.parent / "source"
    source.mkdir()
    file = source / "answer.json"
    file.write_text('{"a": 1}')
    with (
        restarting(file) as port,
        watching(
            home, "workflow.completed", "--to", port, "--watch", str(source), "--seed", "1"
        ) as shown,
    ):
        first = shown.told("forward")
        assert (first["status"], first["body"]) == (200, '{"a": 1}')
        shown.told("notice", code="watching")
        file.write_text('{"a": 2}')
        assert str(file) in shown.told("notice", code="changed")["message"]
        second = shown.told("forward")
        assert second["body"] == '{"a": 2}'
        assert second["event_id"] == first["event_id"]
        assert second["idempotency_key"] != first["idempotency_key"]
        difference = shown.told("difference")
        assert difference["differs"] is True
        assert [line for line in difference["diff"] if line[0] in "+-"] == [
            '-  "a": 1',
            '+  "a": 2',
        ]


def test_a_changed_fixture_is_sent_at_once_and_a_broken_one_is_told(home: Path) -> None:
    """A file that is put in its place by another one counts, as editors do it."""
    fixture = home.parent / "fixture.json"
    fixture.write_text('{"event_type": "workflow.completed", "data": {"n": 1}}')
    with handler(careful()) as hooks:
        options = ["--fixture", str(fixture), "--watch", str(fixture), "--settle", "60s"]
        with watching(home, "--to", hooks.url, *options) as shown:
            shown.told("notice", code="watching")
            fixture.write_text("{")
            problem = shown.told("notice", code="not_sent")
            assert "fixture.json, line 1" in problem["message"]
            shown.told("notice", code="watching")
            new = fixture.with_name("new")
            new.write_text('{"event_type": "workflow.completed", "data": {"n": 2}}')
            new.replace(fixture)
            assert shown.told("forward")["held"] is True
            shown.told("notice", code="watching")
    first, second = hooks.seen
    assert [decode_event(each.body).data["n"] for each in (first, second)] == [1, 2]
    key = IDEMPOTENCY_KEY_HEADER
    assert first.value(key) != second.value(key)


def test_what_cannot_be_watched_is_told(run_here: RunHere, home: Path) -> None:
    with handler(careful()) as hooks:
        command = ["send-test", "workflow.completed", "--to", hooks.url, "--watch"]
        run_here([*command, str(home / "none")], **ENV).refused(2, "--watch: there is no")
        run_here([*command, str(home), "--retry"], **ENV).refused(2, "--retry and --watch exclude")
        run_here([*command, str(home), "--body-file", "-", "--dry-run"], **ENV).refused(
            2, "--watch and --dry-run exclude"
        )
    assert hooks.seen == []
