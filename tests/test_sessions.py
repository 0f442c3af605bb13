"""Sessions: a lock that dies with its process tells who is still running."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.sessions import Sessions

HOLDER = """
import sys
from pathlib import Path
from gooclaim_cli.sessions import Sessions

with Sessions(Path(sys.argv[1])).hold(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, session_id: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, str(folder), session_id]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_session_of_a_running_process_is_not_gone_and_one_that_ended_is(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions")
    with holder(tmp_path / "sessions", "one") as process:
        assert sessions.is_gone("one") is False
        assert sessions.is_gone("one") is False
        assert sessions.is_gone("two") is True
        process.communicate()
        assert process.returncode == 0
        assert sessions.is_gone("one") is True
    assert list((tmp_path / "sessions").iterdir()) == []


def test_a_session_of_a_killed_process_is_gone_and_so_is_its_file(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions")
    with holder(tmp_path / "sessions", "one") as process:
        process.kill()
        process.wait()
        assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["one.lock"]
        assert sessions.is_gone("one") is True
        assert list((tmp_path / "sessions").iterdir()) == []
        assert sessions.is_gone("one") is True


def test_the_next_session_removes_what_killed_ones_left_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    with holder(folder, "running"):
        with holder(folder, "one") as one, holder(folder, "two") as two:
            for process in (one, two):
                process.kill()
                process.wait()
        assert len(list(folder.iterdir())) == 3
        with Sessions(folder).hold("next"):
            assert {path.stem for path in folder.iterdir()} == {"next", "running"}
            assert Sessions(folder).is_gone("running") is False


def test_sessions_that_nobody_knew_are_gone(tmp_path: Path) -> None:
    assert Sessions(tmp_path / "nowhere").is_gone("one") is True


def test_files_are_private_and_removed_at_the_end_also_after_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    sessions = Sessions(folder)

    def fail() -> None:
        with sessions.hold("one"), sessions.hold("two"):
            files = sorted(folder.iterdir())
            assert [path.name for path in files] == ["one.lock", "two.lock"]
            assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
            assert folder.stat().st_mode & 0o777 == 0o700
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert list(folder.iterdir()) == []


def test_a_session_can_be_held_once(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    with (
        holder(tmp_path, "one"),
        pytest.raises(ConfigurationError, match="cannot write"),
        sessions.hold("one"),
    ):
        pytest.fail("somebody else holds it")


def test_a_folder_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match="cannot write") as refused,
        Sessions(tmp_path / "file" / "sessions").hold("one"),
    ):
        pytest.fail("there is no such folder")
    assert "GOOCLAIM_HOME" in refused.value.hint
