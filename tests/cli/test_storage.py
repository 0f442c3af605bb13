"""Storage that fails: a full disk, a read-only one, a damaged history; and what is too old."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .posting import LISTEN, post, told
from .stored import fill
from .support import CREDENTIALS, PATIENCE, RunHere, interrupt, run, started

SUPERUSER = hasattr(os, "geteuid") and os.geteuid() == 0


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own; the test is skipped where none may be mounted."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("has_path", [True, False])
def test_a_disk_that_is_full_before_a_session_is_told(*, home: Path, has_path: bool) -> None:
    with mounted(home, "size=1m"):
        fill(home)
        if has_path:
            (home / "path").write_text("/gooclaim-cli/" + "a" * 32)
        with (home / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(b"x" * 4096):
                pass
        run(LISTEN, home, **CREDENTIALS).refused(3, "make room")


def test_a_disk_that_fills_up_during_a_session_and_has_room_again(home: Path) -> None:
    """503 while nothing can be stored; then the retry is a first delivery like any other."""
    with mounted(home, "size=3m"), started(LISTEN, home, **CREDENTIALS) as session:
        url = told(session, "ready")["local_url"]
        assert post(url, 1) == 200
        with (home / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(b"x" * 4096):
                pass
        assert post(url, 2, size=200_000) == 503
        while (notice := told(session, "notice"))["code"] != "history_not_written":
            pass
        assert "make room" in notice["hint"]
        (home / "ballast").unlink()
        assert post(url, 2, size=200_000) == 200
        while (seen := told(session, "delivery"))["response_status"] != 200:
            pass
        assert (seen["event_id"], seen["disposition"], seen["attempt"]) == ("evt_2", "fresh", 1)
        listed = run(["history", "--json", "--outcome", "delivered"], home)
        assert len(listed.stdout.splitlines()) == 2


def test_a_read_only_disk_is_told_before_anything_is_registered(home: Path) -> None:
    with mounted(home, "size=4m"):
        fill(home)
        (home / "path").write_text("/gooclaim-cli/" + "a" * 32)
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        done = run(LISTEN, home, **CREDENTIALS)
        done.refused(3, str(home), "writable")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.skipif(
    SUPERUSER and shutil.which("setpriv") is None,
    reason="nothing is read-only for the superuser, and setpriv is not installed",
)
def test_a_read_only_history_is_told(home: Path) -> None:
    fill(home)
    (home / "history.db").chmod(0o400)
    under = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if SUPERUSER else []
    done = run(LISTEN, home, under=under, **CREDENTIALS)
    done.refused(3, str(home / "history.db"), "writable")


def test_a_damaged_history_is_set_aside_and_told(home: Path) -> None:
    content = b"no database at all, but some text" * 200
    (home / "history.db").write_bytes(content)
    run(["history"], home).refused(3, "is damaged", "gooclaim listen", "GOOCLAIM_HOME")
    with started(LISTEN, home, **CREDENTIALS) as session:
        notice = told(session, "notice")
        assert (notice["code"], notice["level"]) == ("history_set_aside", "warning")
        (aside,) = home.glob("history.db.corrupt-*")
        assert str(aside) in notice["hint"]
        assert aside.read_bytes() == content
        url = told(session, "ready")["local_url"]
        assert post(url, 1) == 200
    assert run(["history", "show", "evt_1", "--json"], home).code == 0


@pytest.mark.parametrize("way", ["flag", "variable", "file", "default"])
def test_what_is_too_old_is_pruned_when_a_session_starts(home: Path, way: str) -> None:
    fill(home)
    expected = 5 if way == "default" else 4  # one is two hours old
    if way == "file":
        (home / "config.toml").write_text('[history]\nretain = "1h"\n')
    arguments = [*LISTEN, *(["--retain", "1h"] if way == "flag" else [])]
    variables = CREDENTIALS | ({"GOOCLAIM_HISTORY_RETAIN": "1h"} if way == "variable" else {})
    with started(arguments, home, **variables) as session:
        told(session, "ready")
        interrupt(session)
        assert session.wait(timeout=PATIENCE) == 0
    connection = sqlite3.connect(home / "history.db")
    assert connection.execute("SELECT count(*) FROM delivery").fetchone() == (expected,)
    connection.close()


def test_a_span_that_cannot_be_meant_is_told(run_here: RunHere) -> None:
    run_here([*LISTEN, "--retain", "long"], **CREDENTIALS).refused(2, "--retain: 'long'")
    run_here([*LISTEN, "--retain", "0"], **CREDENTIALS).refused(2, "--retain: '0'")
    variables = CREDENTIALS | {"GOOCLAIM_HISTORY_RETAIN": "0d"}
    run_here(LISTEN, **variables).refused(3, "history.retain", "7d")
