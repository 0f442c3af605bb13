"""The entry point: where every error ends, as an exit code and one message."""

import os
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, NoReturn

import pytest

from gooclaim_cli import settings
from gooclaim_cli.__main__ import main
from gooclaim_cli.errors import (
    ApiError,
    ConfigurationError,
    ExitCode,
    GooclaimError,
    StorageError,
    TunnelError,
    UsageError,
)

SECRET = "whsec-that-nobody-may-see"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and reports of faults are this test's."""
    monkeypatch.setenv("GOOCLAIM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command fail once it reads its settings."""

    def load(*_: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(settings, "load", load)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GooclaimError, 1),
        (UsageError, 2),
        (ConfigurationError, 3),
        (StorageError, 3),
        (ApiError, 4),
        (TunnelError, 5),
    ],
)
def test_an_error_is_told_with_its_hint_and_ends_with_its_code(
    error: type[GooclaimError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising(error("this is wrong", "do that"), monkeypatch)
    for arguments in (["history"], ["history", "--json"]):
        assert main(arguments) == code
        assert capsys.readouterr() == ("", "error: this is wrong\n  do that\n")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        AssertionError(SECRET),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
    ],
)
def test_a_fault_of_ours_leaves_a_report_without_any_value(
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising(error, monkeypatch)
    assert main(["history", "--json"]) == ExitCode.BUG
    out, err = capsys.readouterr()
    (report,) = tmp_path.glob("gooclaim-bug-*.txt")
    assert out == ""
    first, second, third = err.splitlines()
    assert first == f"error: this is a fault of gooclaim itself ({type(error).__name__})"
    assert str(report) in second
    assert "--debug" in third
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert type(error).__name__ in text
    assert "test_main.py" in text
    for shown in (err, text):
        assert SECRET not in shown
        assert "Traceback" not in shown


def test_a_fault_is_told_even_where_no_report_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    raising(RuntimeError(SECRET), monkeypatch)
    assert main(["history"]) == ExitCode.BUG
    assert "no report could be written" in capsys.readouterr().err


def test_an_interruption_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(KeyboardInterrupt(), monkeypatch)
    assert main(["history"]) == 130
    assert capsys.readouterr() == ("", "")


def test_an_interruption_while_it_is_loaded_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupting(MetaPathFinder):
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "gooclaim_cli.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "gooclaim_cli.cli.app", raising=False)
    monkeypatch.setattr("sys.meta_path", [Interrupting(), *sys.meta_path])
    assert main(["history"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_closed_pipe_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(BrokenPipeError(32, "Broken pipe"), monkeypatch)
    assert main(["history"]) == 1
    assert capsys.readouterr().err == ""


def test_a_success_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history"]) == 0
    assert capsys.readouterr() == ("No deliveries.\n", "")


def test_an_error_that_nobody_can_be_told_of_keeps_its_code(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "gooclaim_cli", "history"],
            env=dict(os.environ) | {"GOOCLAIM_HOME": str(tmp_path / "file")},
            stdout=subprocess.PIPE,
            stderr=nobody,
            check=False,
        )
    assert (done.returncode, done.stdout) == (ExitCode.CONFIGURATION, b"")


def test_debug_shows_the_traceback_of_our_own_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only where it is asked for, before the command's name."""
    raising(RuntimeError("a value"), monkeypatch)
    assert main(["--debug", "history"]) == ExitCode.BUG
    assert "Traceback" in capsys.readouterr().err
    assert main(["history"]) == ExitCode.BUG
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="it closes streams as a shell does")
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("history prune --all <&-", ExitCode.USAGE, "nobody is there to be asked"),
        ("scenario run - --to 3999 <&-", ExitCode.USAGE, "standard input, line 1: it is empty"),
        ("history show 1 <&- >&- 2>&-", ExitCode.REFUSED, ""),
    ],
)
def test_where_a_stream_is_closed_nobody_is_there(
    command: str, code: ExitCode, said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m gooclaim_cli {command}'],
        env=dict(os.environ) | {"GOOCLAIM_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
