"""Tunnel programs do not outlive their session, whatever happens to it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gooclaim_cli.tunnels.children import Children
from tests.tunnels.conftest import run

if sys.platform == "win32":
    pytest.skip("there is no exec on Windows", allow_module_level=True)

HOLDERS = ["kernel", "watcher"] if sys.platform == "linux" else ["watcher"]
PATIENCE = 10.0
# Deaf to all but SIGKILL, as a program that hangs.
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + PATIENCE
    while not is_gone(pid):
        assert time.monotonic() < until, f"process {pid} is left"
        time.sleep(0.01)


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_child_ends_when_its_session_is_killed(tmp_path: Path, holder: str) -> None:
    program = str(Path(__file__).with_name("session_program.py"))
    command = [sys.executable, program, str(tmp_path), holder, sys.executable, "-c", DEAF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        child = int(session.stdout.readline())
        family = psutil.Process(child).children()
        assert os.getpgid(child) == child
        session.kill()
    for pid in (child, *(each.pid for each in family)):
        wait_until_gone(pid)
    assert Children(tmp_path).sweep() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_child_ends_with_the_block_and_its_output_is_heard(tmp_path: Path, holder: str) -> None:
    children = Children(tmp_path, holder=holder, grace=0.1)
    heard: list[str] = []
    code = f"import sys; sys.stderr.write('one\\n' + 'x' * 3_000_000 + '\\ntwo\\n'); {DEAF}"
    pid = 0

    async def test() -> None:
        nonlocal pid
        running = children.running(
            Path(sys.executable), ["-c", code], environment=dict(os.environ), on_line=heard.append
        )
        async with running as child:
            pid = child.process.pid
            while "two" not in heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert json.loads((tmp_path / f"{pid}.json").read_text())["session"] == os.getpid()

    run(test())
    assert heard[0] == "one"
    wait_until_gone(pid)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def orphan(tmp_path: Path) -> "subprocess.Popen[bytes]":
    """A process as a session's that is gone left it."""
    process = subprocess.Popen([sys.executable, "-c", DEAF])
    record(tmp_path, process.pid)
    return process


def record(
    folder: Path, pid: int, *, session: int = 2**22 + 1, started: float | None = None
) -> None:
    members = {"session": session, "started": started or time.time(), "program": "/bin/tunnel"}
    (folder / f"{pid}.json").write_text(json.dumps(members))


def test_what_a_session_left_is_ended_by_the_next(
    tmp_path: Path, orphan: "subprocess.Popen[bytes]"
) -> None:
    folder = tmp_path / f"ngrok-{2**22 + 1}-abc"
    folder.mkdir()
    (folder / "ngrok.yml").write_text("authtoken: obviously_fake")
    assert Children(tmp_path).sweep() == ["tunnel"]
    assert orphan.wait(PATIENCE) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["other process", "session lives"])
def test_what_is_not_a_leftover_is_left_alone(
    tmp_path: Path, orphan: "subprocess.Popen[bytes]", change: str
) -> None:
    """A process id is used again; a session that lives keeps its own."""
    try:
        if change == "other process":
            record(tmp_path, orphan.pid, started=time.time() - 3600)
        else:
            record(tmp_path, orphan.pid, session=os.getpid())
        assert Children(tmp_path).sweep() == []
        assert orphan.poll() is None
        assert len(list(tmp_path.iterdir())) == (change == "session lives")
    finally:
        orphan.kill()
        orphan.wait()


def test_records_that_cannot_be_read_go(tmp_path: Path) -> None:
    (tmp_path / "12.json").write_text("{")
    (tmp_path / "odd.json").write_text('{"session":4194305,"started":1,"program":"x"}')
    assert Children(tmp_path).sweep() == []
    assert list(tmp_path.iterdir()) == []
    assert Children(tmp_path / "none").sweep() == []
